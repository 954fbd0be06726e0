"""A monitor that does not write: shows what another one stores, until it is the writer itself.

Notices of the database are hints, and the rows are the truth: they are looked at every second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from monitor.errors import StoreAway, StoreLost
from monitor.hub import Hub
from monitor.model import BlockEvents, BlockRef, Plan
from monitor.outages import Outage
from monitor.processing.counter import WindowCounter
from monitor.store.store import Store
from monitor.together import first_of
from monitor.vitals import Vitals

_LOOK_SECONDS = 1.0

log = structlog.get_logger()


class Role:
    """Whether this monitor writes the database, or follows the one that does."""

    def __init__(self, store: Store, vitals: Vitals) -> None:
        self.writes = False
        self.waiting: str | None = None
        """Why the database is waited for; None while it answers."""
        self._store = store
        self._vitals = vitals
        self._outage = Outage()

    async def run(self, write: Callable[[], Awaitable[None]], follow: Callable[[], Awaitable[None]]) -> NoReturn:
        """Follow while another monitor writes, and write once none does, for ever.

        Raises:
            PoolMonitorError: whatever ended either, except that the database is away or written by another monitor.
        """
        while True:
            try:
                if not await self._store.take():
                    self._become(writes=False)
                    log.info("following the monitor that writes the database")
                    await _one_of(follow(), self._store.lead())
                self._become(writes=True)
                await _one_of(write(), self._store.kept())
            except StoreLost:
                log.warning("another monitor has become the writer of the database")
            except StoreAway as error:
                self._become(writes=False, waiting=str(error))
                self._vitals.errors.labels("store_away").inc()
                if (seconds := self._outage.failed()) is not None:
                    log.warning("waiting for the database", reason=str(error), seconds=seconds)
                await asyncio.sleep(_LOOK_SECONDS)

    def _become(self, *, writes: bool, waiting: str | None = None) -> None:
        self.writes, self.waiting = writes, waiting
        self._vitals.store_writer.set(writes)
        if waiting is None and (seconds := self._outage.recovered()) is not None:
            log.info("database answers again", seconds=seconds)


async def _one_of(*parts: Awaitable[None]) -> None:
    """As `first_of`; of several errors, all because the database is away or lost, it raises the first."""
    try:
        await first_of(*parts)
    except BaseExceptionGroup as several:
        gone, others = several.split((StoreAway, StoreLost))
        if gone is None or others is not None:
            raise
        raise _first(gone) from None


def _first(error: BaseException) -> BaseException:
    """The first error of a group."""
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


class Standby:
    """Counts and publishes what another monitor stores."""

    def __init__(self, store: Store, counter: WindowCounter, *, hub: Hub) -> None:
        self._store = store
        self._counter = counter
        self._hub = hub
        self.lock = asyncio.Lock()
        """Held while the counts change."""
        self._tip: BlockRef | None = None
        """The block up to which is counted."""
        self._rewritten = -1

    async def follow(self) -> NoReturn:
        """Publish every change, for ever."""
        while True:
            async with self.lock:
                await self._look()
            await self._store.changed(_LOOK_SECONDS)

    async def recount(self) -> None:
        """Count anew and publish that, as by other rules."""
        async with self.lock:
            self._rewritten = -1
            await self._look()

    async def _look(self) -> None:
        rewritten, end = await self._store.rewritten(), await self._store.tip()
        if end is None or (end, rewritten) == (self._tip, self._rewritten):
            return
        self._store.note_change()
        step = await self._store.step_from(self._tip) if self._tip else None
        plan = step.plan if step else Plan(end, end.hash)
        if step and not plan.is_empty:
            self._hub.announce(BlockEvents(plan, step.judged, self._counter.rulebook.registry.names))
        if step is None or plan.disconnects or rewritten != self._rewritten or not self._counter.add(step.judged):
            plan = await self._counted(plan)
        if step:
            self._counter.tally(step.judged, step.losers)
        self._tip, self._rewritten = plan.end, rewritten
        if state := await self._counter.state(plan):
            self._hub.publish(await asyncio.to_thread(state.snapshot))

    async def _counted(self, plan: Plan) -> Plan:
        """Count anew; the step that the count belongs to, as blocks may be stored meanwhile."""
        while True:
            await self._counter.recount()
            end = await self._store.tip()
            if end is None or end == plan.end:
                return plan
            plan = Plan(end, end.hash)
