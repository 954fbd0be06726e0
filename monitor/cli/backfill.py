"""`pool-monitor backfill`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from monitor.cli.common import ConfigOption, progress, settings

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

    with progress("starting", transient=False) as bar:
        found = settings(config, level=None)
        on_progress = _log_lines() if bar is None else lambda now: bar(now.done, now.total, now.activity)
        result = asyncio.run(work.backfill(found, first, on_progress))
    typer.echo(f"The store holds blocks {result.first_height:,} to {result.tip.height:,}.")
    if result.gap and result.first_height > first:
        typer.echo(f"Blocks {first:,} to {result.first_height - 1:,} are missing: {result.gap}.")


def _log_lines() -> OnProgress:
    """A log line every five seconds."""
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
