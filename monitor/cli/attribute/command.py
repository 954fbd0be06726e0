"""`pool-monitor attribute`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from monitor import logs
from monitor.cli.run import ConfigOption
from monitor.config import Network, load


class Format(StrEnum):
    """How the result is written."""

    TABLE = "table"
    JSONL = "jsonl"


def attribute(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Block heights, ranges of them (840000-840010) or hashes, which the node is asked for; a file of JSON "
            "lines or with a raw block; a JSON line; - for JSON lines on standard input, which is read without any.",
        ),
    ] = None,
    *,
    config: ConfigOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Everything that led to the answer.")] = False,
    form: Annotated[
        Format | None, typer.Option("--format", help="For people or for scripts. Without it: people in a terminal.")
    ] = None,
    network: Annotated[
        Network | None, typer.Option(help="Whose addresses these are. Without it, the node's, or main.")
    ] = None,
) -> None:
    """Who mined these blocks, and how we know.

    What cannot be read or had is an error in its place, and the exit status is 1 at the end.
    """
    from monitor.cli.attribute.request import Request, run  # noqa: PLC0415 -- slow, and only needed here

    settings = load(config)
    logs.configure("warning", settings.log.format)
    names = sources or ["-"]
    if "-" in names and sys.stdin.isatty():
        raise typer.BadParameter("name a block or a file, or pipe JSON lines to standard input", param_hint="SOURCE")
    request = Request.of(names, settings, network=network, explain=explain)
    as_table = form is Format.TABLE or (form is None and sys.stdout.isatty())
    if not run(request, as_table=as_table):
        raise typer.Exit(1)
