"""One run of a backfill: a worker process makes rows of missing blocks, and this process stores them, top down.

The stored rows are the only record of progress: history has no gap at any moment, and the parent of its lowest block
comes next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from monitor.backfill.protocol import BackfillJob, FilesScanned, Finished, SourceExhausted, SourceStarted
from monitor.backfill.segments import MissingBlocks
from monitor.backfill.worker import running_worker
from monitor.store.rows import RowBatch
from monitor.store.store import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    activity: str
    """In a few words: the source of the blocks, or what the run waits for."""
    done: int
    """Blocks stored since the run began."""
    total: int
    """Blocks that were missing then."""


OnProgress: TypeAlias = Callable[[Progress], None]


async def missing(store: Store, lowest: int, *, size: int) -> MissingBlocks | None:
    """The missing blocks below our history, down to the height `lowest`. None while nothing is stored."""
    top, tip = await store.next_below(), await store.tip()
    return MissingBlocks(top, lowest, tip, size=size) if top and tip else None


async def fill(
    store: Store, job: BackfillJob, on_progress: OnProgress, *, lock: asyncio.Lock | None = None
) -> Finished:
    """Fetch and store the missing blocks that can be had.

    Args:
        store: where they are stored.
        job: which blocks are missing, and where they come from.
        on_progress: called after each step.
        lock: held during each step, and free for as long afterwards as the step took; None if there is no other
            writer.

    Raises:
        StoreError: the database failed; what was stored before is complete.
    """
    top = job.wanted.top.height
    total, done, activity = top - job.wanted.lowest + 1, 0, "starting"
    async with store.extending(), running_worker(job) as messages:
        async for message in messages:
            match message:
                case RowBatch():
                    if not await _extended(store, message, lock):
                        return Finished(fault=f"block {top + 1} is no longer on the node's best chain")
                    done = top - message.first_height + 1
                case SourceStarted(by):
                    activity = by
                    log.info("backfilling", by=by, blocks=total - done, below=top - done + 1)
                case FilesScanned(files, of):
                    on_progress(Progress(f"scanning block files, {files:,} of {of:,}", done, total))
                    continue
                case SourceExhausted(by, reason):
                    log.warning("backfill source exhausted", by=by, at=top - done, reason=reason)
                case Finished():
                    return message
            on_progress(Progress(activity, done, total))
    raise AssertionError("the worker ends with a message")


async def _extended(store: Store, batch: RowBatch, lock: asyncio.Lock | None) -> bool:
    if lock is None:
        return await store.extend(batch)
    async with lock:
        started = time.monotonic()
        fits = await store.extend(batch)
    await asyncio.sleep(time.monotonic() - started)
    return fits
