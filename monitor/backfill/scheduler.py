"""The daemon's own backfill: fetches the history that the windows need or a user asked for, beside new blocks.

The pipeline does not depend on it: after a failure it retries later. It stores a few blocks at a time, on the thread
that stores new blocks, so a new block waits for one small transaction at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import NoReturn

import structlog

from monitor.backfill.ingest import Progress, fill, missing
from monitor.backfill.protocol import BackfillJob, Finished
from monitor.backfill.segments import BACKFILL_CONNECTIONS, MissingBlocks
from monitor.config import Config
from monitor.errors import NodeError, PoolMonitorError
from monitor.hub import Hub
from monitor.model import Coverage, Reach
from monitor.node.client import NodeClient
from monitor.store.store import Store
from monitor.vitals import Vitals

_SIZE = 250
"""Blocks in a transaction, which takes five milliseconds."""
_NICENESS = 10
_LOOK_SECONDS = 2.0
_AGAIN_SECONDS = 600.0
"""Until a node is asked again for blocks that it did not have; another node is asked at once."""
_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 2.0, 60.0

log = structlog.get_logger()


class BackfillScheduler:
    """Starts a backfill whenever wanted blocks are missing."""

    def __init__(self, config: Config, store: Store, node: NodeClient, *, hub: Hub, vitals: Vitals) -> None:
        self.coverage: Coverage | None = None
        """None until blocks are stored and the node has been asked."""
        self._config = config
        self._reach = Reach.of(config.windows)
        self._store = store
        self._node = node
        self._hub = hub
        self._vitals = vitals
        self._filling: asyncio.Task[Finished] | None = None
        self._unpaused = asyncio.Lock()
        """Held by a run, or by whoever paused it."""
        self._tried: object = None
        """The blocks and the node of the last run."""
        self._retry_at = 0.0
        """When the same may be tried again: monotonic clock, seconds."""
        self._delay = _LEAST_PAUSE_SECONDS
        self._windows_need: tuple[float, int] | None = None
        """When this has to be asked again, and the lowest height that the windows need."""

    async def run(self, network: str, *, lock: asyncio.Lock, recount: Callable[[], Awaitable[None]]) -> NoReturn:
        """Look for missing blocks every two seconds, forever.

        Args:
            network: the network of the stored chain.
            lock: held while new blocks are stored and counted; they have priority.
            recount: called after history has become longer, to count from the store again.
        """
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._hub.snapshot is None or not self._hub.snapshot.caught_up:
                continue
            try:
                if await self._look(network, lock):
                    await recount()
            except PoolMonitorError as error:
                self._put_off(str(error))

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Stop the backfill while the context is open; the next run uses the registry of that time."""
        if self._filling:
            self._filling.cancel()
        async with self._unpaused:
            yield

    async def _look(self, network: str, lock: asyncio.Lock) -> bool:
        """Start a backfill if blocks are missing; returns whether history has become longer."""
        with suppress(NodeError):  # the follower reports that the node is away
            await self._ask_what_the_windows_need()
        wanted = await self._wanted()
        if wanted is None or self._node.facts is None:
            return False
        gap = await self._store.gap()
        self._note(wanted, reason=None if wanted.is_done else gap)
        if wanted.is_done:
            if gap:
                await self._store.note_gap(None)
            return False
        trying = (wanted.lowest, self._node.facts.version, self._node.facts.first_height)
        if trying == self._tried and time.monotonic() < self._retry_at:
            return False
        self._tried = trying
        ended = await self._fill(wanted, network, lock)
        if ended is None:
            return False
        after = await self._wanted() or wanted
        if moved := after.top.height < wanted.top.height:
            self._delay = _LEAST_PAUSE_SECONDS
        self._note(after, reason=ended.gap or ended.fault)
        await self._store.note_gap(ended.gap)
        if ended.gap:
            log.warning("history has a gap", first=after.lowest, last=after.top.height, reason=ended.gap)
            self._retry_at = time.monotonic() + _AGAIN_SECONDS
        elif ended.fault:
            self._put_off(ended.fault)
        else:
            log.info("history is complete", first=after.lowest)
        return moved

    async def _fill(self, wanted: MissingBlocks, network: str, lock: asyncio.Lock) -> Finished | None:
        """Run until it ends; None if it was paused."""
        assert self._node.facts
        first = self._node.facts.first_height
        if first > wanted.top.height and self._config.counted_node.blocks_dir is None:
            return Finished(gap=self._node.facts.missing_blocks)
        async with self._unpaused, self._node.reserve(BACKFILL_CONNECTIONS):
            began = time.monotonic()

            def note(now: Progress) -> None:
                left = (now.total - now.done) * (time.monotonic() - began) / now.done if now.done else None
                self._note(wanted, by=now.activity, done=now.done, seconds_left=left)

            job = BackfillJob(
                self._config.counted_node, self._config.registry, network, wanted=wanted, niceness=_NICENESS
            )
            self._filling = asyncio.create_task(fill(self._store, job, note, lock=lock))
            try:
                return await self._filling
            except asyncio.CancelledError:
                if (ours := asyncio.current_task()) and ours.cancelling():
                    raise
                return None
            finally:
                self._filling.cancel()
                await asyncio.gather(self._filling, return_exceptions=True)
                self._filling = None

    async def _wanted(self) -> MissingBlocks | None:
        """The missing blocks down to the height that the windows, the configuration or the command asks for."""
        asked = (self._config.store.history_from, await self._store.wanted())
        needed = self._windows_need[1] if self._windows_need else None
        heights = [height for height in (*asked, needed) if height is not None]
        return await missing(self._store, min(heights), size=_SIZE) if heights else None

    async def _ask_what_the_windows_need(self) -> None:
        now = time.monotonic()
        if self._windows_need is None or now > self._windows_need[0]:
            height = await self._node.reach(seconds=self._reach.seconds, blocks=self._reach.blocks)
            self._windows_need = (now + _AGAIN_SECONDS, height)

    def _put_off(self, reason: str) -> None:
        self._vitals.errors.labels("backfill").inc()
        log.warning("backfill failed, retrying", reason=reason, seconds=self._delay)
        self._retry_at = time.monotonic() + self._delay
        self._delay = min(2 * self._delay, _MOST_PAUSE_SECONDS)

    def _note(
        self, wanted: MissingBlocks, *, by: str | None = None, done: int = 0, reason: str | None = None,
        seconds_left: float | None = None,
    ) -> None:  # fmt: skip
        first = wanted.top.height + 1 - done
        self.coverage = Coverage(
            first, min(first, wanted.lowest), wanted.tip.height, by=by, reason=reason, seconds_left=seconds_left
        )
        self._vitals.backfill_progress.set(self.coverage.ratio)
