"""`pool-monitor backtest`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from monitor.cli.common import ConfigOption, First, Last, progress, settings


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
        bool, typer.Option("--simulate", help="Simulate chains with the shares of the last year.")
    ] = False,
    years: Annotated[int, typer.Option(min=1, max=1000, help="Number of years to simulate.")] = 20,
    drift: Annotated[
        float,
        typer.Option(min=0, max=10, help="Drift of the simulated shares: 0 for none, 1 as measured in 2025 and 2026."),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 0,
    form: Annotated[
        Literal["table", "json", "csv"], typer.Option("--format", help="Output format; csv has one row per alert.")
    ] = "table",
) -> None:
    """Show which alerts the rules would have raised on past blocks, how long they lasted, and how often per year.

    With --simulate and no --drift the shares are constant: every alert is chance, or a condition that holds.
    """
    from monitor.backtest.backtest import BacktestOptions  # noqa: PLC0415 -- slow, and only needed here
    from monitor.backtest.backtest import backtest as work  # noqa: PLC0415
    from monitor.cli.backtest.table import as_csv, as_json, as_table  # noqa: PLC0415
    from monitor.processing.stored_blocks import Span  # noqa: PLC0415

    found = settings(config)
    asked = BacktestOptions(rules, file, Span(first, last), years=years if simulate else None, seed=seed, drift=drift)
    with progress("evaluating") as bar:
        report = asyncio.run(work(found, asked, bar))
    if form == "table":
        Console(highlight=False).print(as_table(report))
    else:
        typer.echo(as_json(report) if form == "json" else as_csv(report), nl=form == "json")
