"""`pool-monitor backfill`."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import structlog
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from monitor import logs
from monitor.cli.run import ConfigOption
from monitor.config import load

if TYPE_CHECKING:
    from monitor.backfill.ingest import OnProgress, Progress

_REPORT_SECONDS = 5.0

log = structlog.get_logger()


def backfill(
    *,
    config: ConfigOption = None,
    first: Annotated[
        int, typer.Option("--from", metavar="HEIGHT", min=0, help="Lowest block to fetch; 0 is the whole chain.")
    ] = 0,
) -> None:
    """Fetch history into the store, from the oldest stored block downwards.

    Blocks are read from the node's block files (node.blocks_dir), else over REST, else over RPC. The command can be
    stopped at any time, even with kill -9, and continues from there when it is started again. While a daemon runs, the
    daemon fetches the blocks, and this command only shows its progress. Blocks that a pruned node no longer has stay
    missing and are reported at the end.
    """
    from monitor.backfill import standalone as work  # noqa: PLC0415 -- slow, and only needed here

    settings = load(config)
    with _progress() as on_progress:
        logs.configure(settings.log.level, settings.log.format)
        result = asyncio.run(work.backfill(settings, first, on_progress))
    typer.echo(f"The store holds blocks {result.first_height:,} to {result.tip.height:,}.")
    if result.gap and result.first_height > first:
        typer.echo(f"Blocks {first:,} to {result.first_height - 1:,} are missing: {result.gap}.")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} blocks/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def _progress() -> Iterator[OnProgress]:
    """A bar on standard error if it is a terminal, otherwise a log line every five seconds."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TaskProgressColumn(),
        _Rate(), TimeRemainingColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True), expand=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda now: bar.update(task, description=now.activity, completed=now.done, total=now.total)


def _lines() -> OnProgress:
    began = reported = time.monotonic()

    def report(now: Progress) -> None:
        nonlocal reported
        if (at := time.monotonic()) - reported > _REPORT_SECONDS:
            reported = at
            rate = now.done / (at - began)
            left = round((now.total - now.done) / rate) if rate else None
            log.info(
                "backfill", by=now.activity, done=now.done, of=now.total, per_second=round(rate), seconds_left=left
            )

    return report
