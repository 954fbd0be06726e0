"""`pool-monitor attribute`."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from monitor.cli.common import ConfigOption, settings
from monitor.config import Network


def attribute(
    sources: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE",
            help="Block heights, ranges (840000-840010) or hashes, fetched from the node; a file with JSON lines or a "
            "raw block; a JSON object; - for JSON lines on standard input, which is the default.",
        ),
    ] = None,
    *,
    config: ConfigOption = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show all evidence and the deciding rule.")] = False,
    form: Annotated[
        Literal["table", "jsonl"] | None,
        typer.Option("--format", help="Output format. Default: table on a terminal, else jsonl."),
    ] = None,
    network: Annotated[
        Network | None, typer.Option(help="Network of the addresses. Default: that of the node, or main.")
    ] = None,
) -> None:
    """Attribute blocks to pools, with the evidence.

    A block that cannot be read or fetched gives an error in its place, and the exit status is 1.
    """
    from monitor.cli.attribute.request import Request, run  # noqa: PLC0415 -- slow, and only needed here

    found = settings(config)
    names = sources or ["-"]
    if "-" in names and sys.stdin.isatty():
        raise typer.BadParameter("name a block or a file, or pipe JSON lines to standard input", param_hint="SOURCE")
    request = Request.of(names, found, network=network, explain=explain)
    as_table = form == "table" or (form is None and sys.stdout.isatty())
    if not run(request, as_table=as_table):
        raise typer.Exit(1)
