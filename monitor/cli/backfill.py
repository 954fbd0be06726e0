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
    from monitor.backfill.ingest import Progress, Tell

_TELL_SECONDS = 5.0

log = structlog.get_logger()


def backfill(
    *,
    config: ConfigOption = None,
    first: Annotated[
        int, typer.Option("--from", metavar="HEIGHT", min=0, help="The lowest block that is wanted; 0 is all.")
    ] = 0,
) -> None:
    """Fetch history into the store, from the oldest stored block down.

    From the node's block files (node.blocks_dir), else over REST, else over RPC, whichever is there first. It can be
    stopped at any time, by kill -9 as well, and goes on where it was when it is started again. While a daemon runs, the
    daemon does it, and this only watches. What a pruned node no longer has stays missing, which is said at the end.
    """
    from monitor.backfill import standalone as work  # noqa: PLC0415 -- slow, and only needed here

    settings = load(config)
    with _progress() as tell:
        logs.configure(settings.log.level, settings.log.format)
        report = asyncio.run(work.backfill(settings, first, tell))
    typer.echo(f"The store holds blocks {report.first_height:,} to {report.tip.height:,}.")
    if report.gap and report.first_height > first:
        typer.echo(f"Blocks {first:,} to {report.first_height - 1:,} are missing: {report.gap}.")


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f} blocks/s" if task.speed else "", style="progress.data.speed")


@contextmanager
def _progress() -> Iterator[Tell]:
    """A bar on standard error for people, a line now and then for others."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TaskProgressColumn(),
        _Rate(), TimeRemainingColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True), expand=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda now: bar.update(task, description=now.doing, completed=now.done, total=now.total)


def _lines() -> Tell:
    began = told = time.monotonic()

    def tell(now: Progress) -> None:
        nonlocal told
        if (at := time.monotonic()) - told > _TELL_SECONDS:
            told = at
            rate = now.done / (at - began)
            left = round((now.total - now.done) / rate) if rate else None
            log.info("backfill", by=now.doing, done=now.done, of=now.total, per_second=round(rate), seconds_left=left)

    return tell
