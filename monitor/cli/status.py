"""`pool-monitor status`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from monitor.cli.run import ConfigOption
from monitor.config import load


def status(
    config: ConfigOption = None,
    *,
    url: Annotated[str | None, typer.Option(help="Where the daemon listens; else as configured.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Show what a running daemon knows now. Exit status 1 when none answers."""
    from monitor.app.status import as_view, ask  # noqa: PLC0415 -- slow, and only needed here

    found = asyncio.run(ask(load(config), url))
    if as_json:
        typer.echo(json.dumps(asdict(found)))
    else:
        Console(highlight=False).print(as_view(found))
