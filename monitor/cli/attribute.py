"""`pool-monitor attribute`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from monitor.config import Network


class Format(StrEnum):
    """How the result is written."""

    TABLE = "table"
    JSONL = "jsonl"


def attribute(
    source: Annotated[
        str, typer.Argument(help="A file of JSON lines, a raw block file, or - for JSON lines on standard input.")
    ] = "-",
    *,
    form: Annotated[
        Format | None, typer.Option("--format", help="For people or for scripts. Without it: people in a terminal.")
    ] = None,
    network: Annotated[Network, typer.Option(help="Whose addresses these are.")] = "main",
) -> None:
    """Who mined these blocks, and how we know. A line that cannot be read is an error in its place, and exit code 1."""
    from monitor.app import attribute as app  # noqa: PLC0415 -- slow, and only needed here
    from monitor.app.registry import load_registry  # noqa: PLC0415

    if source == "-" and sys.stdin.isatty():
        raise typer.BadParameter("name a file, or pipe JSON lines to standard input", param_hint="SOURCE")
    registry = load_registry(network)
    rows = (
        app.attribute_lines(sys.stdin.buffer, registry) if source == "-" else app.attribute_file(Path(source), registry)
    )
    as_table = form is Format.TABLE or (form is None and sys.stdout.isatty())
    if as_table:
        typer.echo(app.TABLE_HEAD)
    failed = False
    for row in rows:
        failed = failed or "error" in row
        sys.stdout.write((app.as_line(row) if as_table else json.dumps(row)) + "\n")
    if failed:
        raise typer.Exit(1)
