"""`pool-monitor export`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from monitor import logs
from monitor.cli.run import ConfigOption
from monitor.config import Config, load
from monitor.model import Window

if TYPE_CHECKING:
    from monitor.export.blocks import Form
    from monitor.processing.stored_blocks import Progress

export = typer.Typer(
    name="export",
    help="Export stored blocks or the history of the indices. A daemon may be running.",
    no_args_is_help=True,
)

First = Annotated[
    int | None, typer.Option("--from", metavar="HEIGHT", min=0, help="First block. Default: the lowest stored one.")
]
Last = Annotated[int | None, typer.Option("--to", metavar="HEIGHT", min=0, help="Last block. Default: the tip.")]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Output file. Default: standard output.")
]
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

    settings = _settings(config)
    seconds = _window(step).seconds
    if seconds is None:
        raise typer.BadParameter(f"invalid step {step!r}; use for example 1h or 1d")
    chosen = [_window(name.strip()) for name in windows.split(",")] if windows else settings.windows
    options = ExportOptions(seconds, chosen, Span(first, last), labels=dict(map(_label, labels or ())))
    with _progress() as progress:
        asyncio.run(export_history(settings, options, output, progress=progress))


def _blocks(
    form: Form, config: Path | None, output: Path | None, *, heights: tuple[int | None, int | None], stale: bool
) -> None:
    from monitor.export.blocks import export as work  # noqa: PLC0415
    from monitor.processing.stored_blocks import Span  # noqa: PLC0415

    settings = _settings(config)
    with _progress() as progress:
        asyncio.run(work(settings, form, output, span=Span(*heights), stale=stale, progress=progress))


def _settings(config: Path | None) -> Config:
    settings = load(config)
    logs.configure("warning", settings.log.format)
    return settings


def _window(name: str) -> Window:
    try:
        return Window.parse(name)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isascii() or not name.isidentifier():
        raise typer.BadParameter(f"invalid label {text!r}; use NAME=VALUE")
    return name, value


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A bar on standard error, if it is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("exporting"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("exporting", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
