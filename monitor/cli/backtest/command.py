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
    """How the result is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def backtest(  # noqa: PLR0913 -- as many as there are options
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="CSV or Parquet with height, time (unix seconds), pool; else the store."),
    ] = None,
    *,
    config: ConfigOption = None,
    rules: Annotated[Path | None, typer.Option(metavar="FILE", help="Rules to try; else those in force.")] = None,
    first: First = None,
    last: Last = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Made-up chains with the constant shares of the past's last year.")
    ] = False,
    years: Annotated[int, typer.Option(min=1, max=1000, help="How many years to make up.")] = 20,
    seed: Annotated[int, typer.Option(help="Another number, another chain.")] = 0,
    form: Annotated[Format, typer.Option("--format", help="For people or for scripts; csv has each alert.")] = (
        Format.TABLE
    ),
) -> None:
    """Which alerts the rules would have raised over the past, when, for how long, and how often a year.

    With --simulate nothing ever changes but by luck: what fires then is the rate of false alarms.
    """
    from monitor.backtest.backtest import BacktestOptions  # noqa: PLC0415 -- slow, and only needed here
    from monitor.backtest.backtest import backtest as work  # noqa: PLC0415
    from monitor.cli.backtest.table import as_csv, as_json, as_table  # noqa: PLC0415
    from monitor.processing.stored_blocks import Span  # noqa: PLC0415

    settings = load(config)
    logs.configure("warning", settings.log.format)
    asked = BacktestOptions(rules, file, Span(first, last), years=years if simulate else None, seed=seed)
    with _progress() as progress:
        report = asyncio.run(work(settings, asked, progress))
    if form is Format.TABLE:
        Console(highlight=False).print(as_table(report))
    else:
        typer.echo(as_json(report) if form is Format.JSON else as_csv(report), nl=form is Format.JSON)


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on standard error, for people."""
    if not sys.stderr.isatty():
        yield None
        return
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("judging"), BarColumn(), TaskProgressColumn(), rate, TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("judging", total=None, rate="")

        def told(done: int, total: int) -> None:
            speed = bar.tasks[task].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f} blocks/s" if speed else "")

        yield told
