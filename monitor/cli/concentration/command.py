"""`pool-monitor concentration`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from monitor.cli.common import window as window_of
from monitor.model import Window

if TYPE_CHECKING:
    from monitor.processing.files.headings import Role


def concentration(  # noqa: PLR0913 -- options
    file: Annotated[
        Path, typer.Argument(help="CSV, TSV, JSON or Parquet: a row for each block, or blocks or shares by pool.")
    ],
    *,
    level: Annotated[str, typer.Option(help="Level: pool, template, operator, origin or country.")] = "pool",
    window: Annotated[
        Window | None,
        typer.Option(
            parser=window_of, metavar="<str>", help="Newest blocks to count: 24h, 7d, 1y, 2016b, ... Default: all."
        ),
    ] = None,
    columns: Annotated[
        str, typer.Option(metavar="ROLE=NAME,...", help="Unusual names of columns: height, time, pool, count, share.")
    ] = "",
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Encoding of a text, such as cp1252. Default: UTF-8.")
    ] = None,
    blocks: Annotated[
        int | None, typer.Option(min=1, max=3_000_000, help="How many blocks the shares in a file of shares are of.")
    ] = None,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="Output format.")] = "table",
) -> None:
    """Concentration of mining in a file: shares with 95 % intervals, HHI, Nakamoto coefficient and more.

    Separators, encodings, names of columns, numbers and dates are recognised where they can be read in one way only.
    Names of pools are those of the registry in any spelling; unknown ones are listed on standard error.
    """
    from monitor.cli.concentration.report import as_json, as_table, measure  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.files import FileOptions  # noqa: PLC0415

    options = FileOptions(_columns(columns), encoding, blocks, undated=int(time.time()))
    found = measure(file, level=level, window=window, options=options)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
    if form == "json":
        typer.echo(as_json(found))
    else:
        Console().print(as_table(found))


def _columns(given: str) -> dict[Role, str]:
    from monitor.processing.files.headings import ROLES  # noqa: PLC0415

    found: dict[Role, str] = {}
    for pair in filter(None, given.split(",")):
        role, equals, name = pair.partition("=")
        matching = [each for each in ROLES if each == role.strip()]
        if not equals or not matching:
            raise typer.BadParameter(f"{pair!r} is not one of {', '.join(ROLES)} with =NAME", param_hint="--columns")
        found[matching[0]] = name.strip()
    return found
