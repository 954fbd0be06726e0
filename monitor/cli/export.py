"""`pool-monitor export`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.common import ConfigOption, First, Last, Output, progress, settings, window

if TYPE_CHECKING:
    from monitor.export.blocks import Form

export = typer.Typer(
    name="export",
    help="Export stored blocks or the history of the indices. A daemon may be running.",
    no_args_is_help=True,
)

Stale = Annotated[bool, typer.Option("--stale", help="Include stale blocks, with a column that marks them.")]


@export.command()
def csv(
    *, config: ConfigOption = None, first: First = None, last: Last = None, stale: Stale = False, output: Output = None
) -> None:
    """Export the blocks of the best chain as CSV, lowest first, with pool, evidence and reward.

    Times are Unix seconds. `pool-monitor concentration` reads this format.
    """
    from monitor.export.blocks import Form  # noqa: PLC0415 -- slow, and only needed here

    _blocks(Form.CSV, config, output, heights=(first, last), stale=stale)


@export.command()
def parquet(
    *, config: ConfigOption = None, first: First = None, last: Last = None, stale: Stale = False, output: Output = None
) -> None:
    """Export the same as compressed Parquet, for DuckDB, Spark, pandas and others."""
    from monitor.export.blocks import Form  # noqa: PLC0415

    _blocks(Form.PARQUET, config, output, heights=(first, last), stale=stale)


@export.command()
def openmetrics(  # noqa: PLR0913 -- as many as there are options
    *,
    config: ConfigOption = None,
    step: Annotated[str, typer.Option(help="Time between samples: 1h, 1d, 7d, ...")] = "1d",
    windows: Annotated[str | None, typer.Option(help="Comma-separated: 30d,1y. Default: as configured.")] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="NAME=VALUE", help="Label for all series, as Prometheus adds it: job=..."),
    ] = None,
    first: First = None,
    last: Last = None,
    output: Output = None,
) -> None:
    """Export the history of all shares and indices with timestamps, in the format of /metrics.

    For `promtool tsdb create-blocks-from openmetrics`, so that Grafana has years of history from the first day.
    """
    from monitor.export.history import ExportOptions, export_history  # noqa: PLC0415 -- slow, and only needed here
    from monitor.processing.stored_blocks import Span  # noqa: PLC0415

    found = settings(config)
    seconds = window(step).seconds
    if seconds is None:
        raise typer.BadParameter(f"invalid step {step!r}; use for example 1h or 1d")
    chosen = [window(name.strip()) for name in windows.split(",")] if windows else found.windows
    options = ExportOptions(seconds, chosen, Span(first, last), labels=dict(map(_label, labels or ())))
    with progress("exporting") as report:
        asyncio.run(export_history(found, options, output, progress=report))


def _blocks(
    form: Form, config: Path | None, output: Path | None, *, heights: tuple[int | None, int | None], stale: bool
) -> None:
    from monitor.export.blocks import export as work  # noqa: PLC0415
    from monitor.processing.stored_blocks import Span  # noqa: PLC0415

    found = settings(config)
    with progress("exporting") as report:
        asyncio.run(work(found, form, output, span=Span(*heights), stale=stale, progress=report))


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isascii() or not name.isidentifier():
        raise typer.BadParameter(f"invalid label {text!r}; use NAME=VALUE")
    return name, value
