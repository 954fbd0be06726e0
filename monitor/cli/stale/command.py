"""`pool-monitor stale`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer

from monitor.cli.common import ConfigOption, progress, settings, window
from monitor.errors import Exit

stale = typer.Typer(
    name="stale",
    help="Import lists of stale blocks, and show races and stale rates. A daemon may be running.",
    no_args_is_help=True,
)

Form = Annotated[Literal["table", "json", "csv"], typer.Option("--format", help="Form of the output.")]
Span = Annotated[str, typer.Option("--window", metavar="WINDOW", help="How far back: 90d, 1y, 20y, 2016b, ...")]


@stale.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Lists, in any order.")],
    *,
    config: ConfigOption = None,
) -> None:
    """Import public lists of stale blocks: those that no node of yours has seen.

    A list is one of the following, recognised by its content:

    - CSV with columns `height` and `hash`, and optionally `header`, `pool_slug` (or `pool`, `miner`) and `note`, such
      as `stale-blocks.csv` of github.com/bitcoin-data/stale-blocks.

    - JSON of a fork-observer: `/api/<network>/stale.json` or `/api/<network>/data.json`.

    Each header must have the hash of its row, a proof of work, and a target that fits its height. Wrong rows are
    listed and left out, the others imported, and the exit status is 1. Importing a list again changes nothing. A
    running daemon uses the blocks from the next block on.
    """
    from monitor.cli.stale import text  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.stale_import import import_lists  # noqa: PLC0415

    with progress("importing") as bar:
        reports = asyncio.run(import_lists(settings(config), files, bar))
    for report in reports:
        for line in text.refusals(report):
            typer.echo(line, err=True)
        for line in text.summary(report):
            typer.echo(line)
    if any(report.refused for report in reports):
        raise typer.Exit(Exit.CRASHED)


@stale.command(name="list")
def list_(*, config: ConfigOption = None, span: Span = "1y", form: Form = "table") -> None:
    """Show the races of known stale blocks, newest first: both pools, and the pool that mined the next block."""
    from monitor.cli.stale import text  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.stale_view import stale_view  # noqa: PLC0415

    text.races(asyncio.run(stale_view(settings(config), window(span))), form)


@stale.command()
def rates(*, config: ConfigOption = None, span: Span = "1y", form: Form = "table") -> None:
    """Show the stale rate of each pool with its 95 % interval, beside what the size of the pool explains.

    Only stale blocks that are in the database count, so a rate is a lower bound.
    """
    from monitor.cli.stale import text  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.stale_view import stale_view  # noqa: PLC0415

    text.rates(asyncio.run(stale_view(settings(config), window(span))), form)
