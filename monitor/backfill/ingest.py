"""One run of a backfill: another process makes rows of the past, and this one stores them, from the top down.

Nothing remembers how far it came but the rows: history is one piece at any moment, and the block that its lowest one
stands on comes next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from monitor.backfill.segments import MissingBlocks
from monitor.backfill.worker import Begun, Ended, Fell, Order, Searched, fetching
from monitor.store.rows import RowBatch
from monitor.store.store import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    doing: str
    """In a word or two: by which way blocks come, or what it waits for."""
    done: int
    """Blocks stored since the run began."""
    total: int
    """How many were missing then."""


Tell: TypeAlias = Callable[[Progress], None]


async def missing(store: Store, lowest: int, *, size: int) -> MissingBlocks | None:
    """What is missing below our history, down to the height `lowest`. None while nothing is stored."""
    top, tip = await store.next_below(), await store.tip()
    return MissingBlocks(top, lowest, tip, size) if top and tip else None


async def fill(store: Store, order: Order, tell: Tell, turn: asyncio.Lock | None = None) -> Ended:
    """Fetch and store what is missing, as far as it is to be had.

    Args:
        store: whose history is to be longer.
        order: what is missing, and from where it comes.
        tell: called after each step.
        turn: held for each step. As long as that took, others may go first; without it, nobody is there.

    Raises:
        StoreError: the database refused; what was stored before is whole.
    """
    top = order.wanted.top.height
    total, done, doing = top - order.wanted.lowest + 1, 0, "starting"
    async with store.extending(), fetching(order) as messages:
        async for message in messages:
            match message:
                case RowBatch():
                    if not await _extended(store, message, turn):
                        return Ended(fault=f"the node has left the chain that block {top + 1} was on")
                    done = top - message.first_height + 1
                case Begun(by):
                    doing = by
                    log.info("backfilling", by=by, blocks=total - done, below=top - done + 1)
                case Searched(files, of):
                    tell(Progress(f"searching block files, {files:,} of {of:,}", done, total))
                    continue
                case Fell(by, reason):
                    log.warning("a way into the past ends", by=by, at=top - done, reason=reason)
                case Ended():
                    return message
            tell(Progress(doing, done, total))
    raise AssertionError("it ends with a message")


async def _extended(store: Store, stretch: RowBatch, turn: asyncio.Lock | None) -> bool:
    if turn is None:
        return await store.extend(stretch)
    async with turn:
        started = time.monotonic()
        fits = await store.extend(stretch)
    await asyncio.sleep(time.monotonic() - started)
    return fits
