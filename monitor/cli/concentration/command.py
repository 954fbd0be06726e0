"""`pool-monitor concentration`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from monitor.cli.common import window as window_of
from monitor.model import Window


def concentration(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet with the columns height, time (unix seconds), pool.")],
    *,
    level: Annotated[str, typer.Option(help="Level: pool, template, operator, origin or country.")] = "pool",
    window: Annotated[
        Window | None,
        typer.Option(
            parser=window_of, metavar="<str>", help="Newest blocks to count: 24h, 7d, 1y, 2016b, ... Default: all."
        ),
    ] = None,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """Concentration of mining in a file of blocks: shares with 95 % intervals, HHI, Nakamoto coefficient and more."""
    from monitor.cli.concentration.report import as_json, as_table, measure  # noqa: PLC0415 -- slow, and only needed here

    found = measure(file, level=level, window=window)
    if form == "json":
        typer.echo(as_json(found))
    else:
        Console().print(as_table(found))
