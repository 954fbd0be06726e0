"""`pool-monitor backtest`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from monitor import logs
from monitor.cli.export import First, Last
from monitor.cli.run import ConfigOption
from monitor.config import load

if TYPE_CHECKING:
    from monitor.backtest.backtest import Progress


class Format(StrEnum):
    """Output format."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def backtest(  # noqa: PLR0913 -- as many as there are options
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="CSV or Parquet: height, time (Unix seconds), pool. Default: the store."),
    ] = None,
    *,
    config: ConfigOption = None,
    rules: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of rules to test. Default: as configured.")
    ] = None,
    first: First = None,
    last: Last = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Simulate chains with constant shares, those of the last year.")
    ] = False,
    years: Annotated[int, typer.Option(min=1, max=1000, help="Number of years to simulate.")] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 0,
    form: Annotated[Format, typer.Option("--format", help="Output format; csv has one row per alert.")] = (
        Format.TABLE
    ),
) -> None:
    """Show which alerts the rules would have raised on past blocks, how long they lasted, and how often per year.

    With --simulate the shares are constant, so every alert is a false alarm.
    """
    from monitor.backtest.backtest import BacktestOptions  # noqa: PLC0415 -- slow, and only needed here
    from monitor.backtest.backtest import backtest as work  # noqa: PLC0415
    from monitor.cli.backtest.table import as_csv, as_json, as_table  # noqa: PLC0415
    from monitor.processing.stored_blocks import Span  # noqa: PLC0415

    settings = load(config)
    logs.configure("warning", settings.log.format)
    asked = BacktestOptions(rules, file, Span(first, last), years=years if simulate else None, seed=seed)
    with _progress() as progress:
        found = asyncio.run(work(settings, asked, progress))
    if form is Format.TABLE:
        Console(highlight=False).print(as_table(found))
    else:
        typer.echo(as_json(found) if form is Format.JSON else as_csv(found), nl=form is Format.JSON)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on standard error, if it is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("evaluating"), BarColumn(), TaskProgressColumn(), rate, TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("evaluating", total=None, rate="")

        def report(done: int, total: int) -> None:
            speed = bar.tasks[task].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f} blocks/s" if speed else "")

        yield report
