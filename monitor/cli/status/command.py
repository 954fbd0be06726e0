"""`pool-monitor status`."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from monitor.cli.run import ConfigOption
from monitor.config import Config, load

if TYPE_CHECKING:
    from monitor.cli.status.client import Choice, Status

_WIDEST = 120
"""Wider tables are harder to read. It is also how wide a text is that goes into a file."""


def status(
    config: ConfigOption = None,
    *,
    url: Annotated[str | None, typer.Option(help="Where the daemon listens; else as configured.")] = None,
    level: Annotated[
        str | None, typer.Option(help="Level at which blocks count: pool, template, operator, origin, country.")
    ] = None,
    window: Annotated[str | None, typer.Option(help="Which blocks are counted, as configured: 24h, 7d, 2016b.")] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Fill the screen and stay up to date.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts; with --watch a line for each change.")] = False,
) -> None:
    """Show what a running daemon knows now. Exit status 1 when none answers.

    Shares with their intervals, indices for every window, alerts, newest blocks. With --watch it stays up to date: `q`
    or Ctrl-C ends it, `l` shows the next level, `w` the next window. Where the output is no terminal, each change is
    printed anew.
    """
    from monitor.cli.status.client import Choice  # noqa: PLC0415 -- slow, and only needed here

    asyncio.run(_show(load(config), url, Choice(level, window), watch=watch, as_json=as_json))


async def _show(config: Config, url: str | None, choice: Choice, *, watch: bool, as_json: bool) -> None:
    from monitor.cli.status.client import Client  # noqa: PLC0415 -- as above
    from monitor.cli.status.view import as_view  # noqa: PLC0415
    from monitor.cli.status.watch import tell  # noqa: PLC0415
    from monitor.cli.status.watch import watch as fill  # noqa: PLC0415

    console = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else _WIDEST)

    def say(found: Status) -> None:
        if as_json:
            typer.echo(json.dumps(asdict(found)))
        else:
            console.print(as_view(found, choice.window), width=min(console.width, _WIDEST))

    async with Client(config, url) as client:
        if not watch:
            say(await client.ask(choice))
        elif as_json or not console.is_terminal:
            await tell(client, choice, say)
        else:
            await fill(client, choice, console)
