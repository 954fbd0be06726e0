"""`pool-monitor concentration`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from monitor.model import Window


class Format(StrEnum):
    """Output format."""

    TABLE = "table"
    JSON = "json"


def _window(name: str | None) -> str | None:
    """Check the window before the file is read."""
    try:
        if name is not None:
            Window.parse(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return name


def concentration(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet with the columns height, time (unix seconds), pool.")],
    *,
    level: Annotated[str, typer.Option(help="Level: pool, template, operator or country.")] = "pool",
    window: Annotated[
        str | None,
        typer.Option(callback=_window, help="Newest blocks to count: 24h, 7d, 1y, 2016b, ... Default: all."),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.TABLE,
) -> None:
    """Concentration of mining in a file of blocks: shares with 95 % intervals, HHI, Nakamoto coefficient and more."""
    from monitor.cli.concentration.report import as_json, as_table, measure  # noqa: PLC0415 -- slow, and only needed here

    found = measure(file, level=level, window=None if window is None else Window.parse(window))
    if form is Format.JSON:
        typer.echo(as_json(found))
    else:
        Console().print(as_table(found))
