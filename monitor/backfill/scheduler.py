"""The daemon's own backfill: what the windows need, or somebody asked for, comes while new blocks go on coming.

It is no part of the street that blocks go down: where it fails, it tries again later. It stores a few blocks at a time,
on the thread that stores the new ones, so that none of these waits for more than that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import NoReturn, Protocol

import structlog

from monitor.backfill.ingest import Progress, fill, missing
from monitor.backfill.segments import BACKFILL_CONNECTIONS, MissingBlocks
from monitor.backfill.worker import Ended, Order
from monitor.config import Config
from monitor.errors import NodeError, PoolMonitorError
from monitor.hub import Hub
from monitor.model import Coverage, Reach
from monitor.node.client import NodeClient
from monitor.store.store import Store
from monitor.vitals import Vitals

_SIZE = 250
"""Blocks in a transaction: five milliseconds."""
_NICENESS = 10
_LOOK_SECONDS = 2.0
_AGAIN_SECONDS = 600.0
"""After so long, a node is asked again for what it did not have; another node at once."""
_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 2.0, 60.0

log = structlog.get_logger()


class Street(Protocol):
    """What the historian asks of the pipeline."""

    @property
    def lock(self) -> asyncio.Lock:
        """Held while blocks are stored and counted."""

    async def recount(self) -> None:
        """Count from the store, as there is more of it."""


class BackfillScheduler:
    """Sees to it that history goes back as far as is wanted."""

    def __init__(self, config: Config, reach: Reach, store: Store, node: NodeClient, hub: Hub, vitals: Vitals) -> None:
        self.coverage: Coverage | None = None
        """None until blocks are stored and the node has been asked."""
        self._config = config
        self._reach = reach
        self._store = store
        self._node = node
        self._hub = hub
        self._vitals = vitals
        self._filling: asyncio.Task[Ended] | None = None
        self._turn = asyncio.Lock()
        self._tried: object = None
        """What was wanted of whom when it was tried last."""
        self._again = 0.0
        """When the same may be tried again."""
        self._pause = _LEAST_PAUSE_SECONDS
        self._windows_need: tuple[float, int] | None = None
        """A height, and until when it is good enough."""

    async def run(self, network: str, street: Street) -> NoReturn:
        """Look after it for ever.

        Args:
            network: whose chain it is.
            street: where new blocks go down, and first.
        """
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if self._hub.snapshot is None or not self._hub.snapshot.caught_up:
                continue
            try:
                await self._look(network, street)
            except PoolMonitorError as error:
                self._put_off(str(error))

    @asynccontextmanager
    async def at_rest(self) -> AsyncIterator[None]:
        """Nothing is fetched meanwhile; afterwards it goes on, with what is known of pools by then."""
        if self._filling:
            self._filling.cancel()
        async with self._turn:
            yield

    async def _look(self, network: str, street: Street) -> None:
        with suppress(NodeError):  # the follower tells that the node is away
            await self._ask_what_the_windows_need()
        wanted = await self._wanted()
        if wanted is None or self._node.facts is None:
            return
        gap = await self._store.gap()
        self._note(wanted, reason=None if wanted.is_done else gap)
        if wanted.is_done:
            if gap:
                await self._store.note_gap(None)
            return
        trying = (wanted.lowest, self._node.facts.version, self._node.facts.first_height)
        if trying == self._tried and time.monotonic() < self._again:
            return
        self._tried = trying
        ended = await self._fill(wanted, network, street.lock)
        if ended is None:
            return
        after = await self._wanted() or wanted
        if moved := after.top.height < wanted.top.height:
            self._pause = _LEAST_PAUSE_SECONDS
        self._note(after, reason=ended.gap or ended.fault)
        await self._store.note_gap(ended.gap)
        if ended.gap:
            log.warning("history has a gap", first=after.lowest, last=after.top.height, reason=ended.gap)
            self._again = time.monotonic() + _AGAIN_SECONDS
        elif ended.fault:
            self._put_off(ended.fault)
        else:
            log.info("history is complete", first=after.lowest)
        if moved:
            await street.recount()

    async def _fill(self, wanted: MissingBlocks, network: str, turn: asyncio.Lock) -> Ended | None:
        """How it ended; None: it was told to rest."""
        assert self._node.facts
        first = self._node.facts.first_height
        if first > wanted.top.height and self._config.node.blocks_dir is None:
            return Ended(gap=f"the node has pruned the blocks below {first}")
        async with self._turn, self._node.reserve(BACKFILL_CONNECTIONS):

            def tell(now: Progress) -> None:
                self._note(wanted, by=now.doing, done=now.done)

            order = Order(self._config.node, self._config.registry, network, wanted, _NICENESS)
            self._filling = asyncio.create_task(fill(self._store, order, tell, turn))
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
        """What is missing below the height that the windows, the configuration or the command wants."""
        said = (self._config.store.history_from, await self._store.wanted())
        needed = self._windows_need[1] if self._windows_need else None
        heights = [height for height in (*said, needed) if height is not None]
        return await missing(self._store, min(heights), size=_SIZE) if heights else None

    async def _ask_what_the_windows_need(self) -> None:
        now = time.monotonic()
        if self._windows_need is None or now > self._windows_need[0]:
            height = await self._node.reach(seconds=self._reach.seconds, blocks=self._reach.blocks)
            self._windows_need = (now + _AGAIN_SECONDS, height)

    def _put_off(self, reason: str) -> None:
        self._vitals.errors.labels("backfill").inc()
        log.warning("the backfill waits", reason=reason, seconds=self._pause)
        self._again = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _MOST_PAUSE_SECONDS)

    def _note(self, wanted: MissingBlocks, *, by: str | None = None, done: int = 0, reason: str | None = None) -> None:
        first = wanted.top.height + 1 - done
        self.coverage = Coverage(first, min(first, wanted.lowest), wanted.tip.height, by, reason)
        self._vitals.backfill_progress.set(self.coverage.ratio)
