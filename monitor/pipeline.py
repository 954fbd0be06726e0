"""The one-way street: plan, attribution, one transaction, analysis, hub. The only place that knows the order.

A fault here ends the process: what is stored is whole, and the next start goes on from there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import NoReturn

import structlog

from monitor.analysis.ledger import Ledger
from monitor.analysis.levels import Level
from monitor.analysis.snapshot import snapshot
from monitor.analysis.tally import advance
from monitor.analysis.windows import surplus
from monitor.attribution.match import attribute
from monitor.attribution.registry import Registry
from monitor.chain.follower import Follower
from monitor.hub import Hub
from monitor.model import BlockRow, Judged, Plan, Snapshot, Tally, Update, Window
from monitor.store.store import Store
from monitor.vitals import Vitals

_NEWS = 10
"""So many blocks at once are news, told one by one; more are catching up."""
_TELL_SECONDS = 5.0
_BACK_SECONDS = 86_400
"""Header times go back at times, and then the windows look further back: more than consensus lets them."""

log = structlog.get_logger()


class Pipeline:
    """Takes each step of the chain from the follower to the hub."""

    def __init__(  # noqa: PLR0913 -- everything meets here
        self,
        follower: Follower,
        registry: Registry,
        store: Store,
        hub: Hub,
        vitals: Vitals,
        *,
        windows: Sequence[Window],
        levels: Sequence[Level],
    ) -> None:
        self._follower = follower
        self._registry = registry
        self._store = store
        self._hub = hub
        self._vitals = vitals
        self._windows = windows
        self._levels = levels
        self._ledger = Ledger(levels)
        self._tally = Tally()
        self._stands: Plan | None = None
        """The last step that was taken."""
        self._step = asyncio.Lock()
        """Held while a block goes down the street, or while its rules change."""
        self._ready = False
        self._told = time.monotonic()

    async def run(self) -> NoReturn:
        """Follow the chain for ever."""
        async with self._step:
            self._ledger = await self._remembered()
        async for plan in self._follower.plans(await self._store.tip()):
            async with self._step:
                await self._take(plan)
        raise AssertionError("the follower returned")

    async def adopt(self, registry: Registry, levels: Sequence[Level]) -> None:
        """Judge by another registry and count at other levels from now on, and judge and count history anew.

        New blocks go on coming meanwhile.
        """
        async with self._step:
            self._registry, self._levels = registry, tuple(levels)
        await self.revise()

    async def revise(self) -> None:
        """Judge anew what another registry than the present one has judged, then count anew."""
        registry = self._registry
        moved = await self._store.reattribute(partial(attribute, registry=registry), registry.hash)
        for each in moved:
            log.info("blocks moved", before=each.before, after=each.after, blocks=each.blocks, registry=registry.hash)
        async with self._step:
            self._ledger = await self._remembered()
            if self._stands and self._ledger.tip:
                await self._publish(Plan(self._stands.end, self._stands.node_tip), ())

    async def _take(self, plan: Plan) -> None:
        judged = tuple(Judged(block, attribute(block.coinbase, self._registry)) for block in plan.connects)
        losers = await self._store.apply(plan, judged)
        if plan.disconnects:  # backward is a rebuild: there is no undo to get wrong
            log.warning("reorganisation", depth=len(losers), above=plan.onto.height, pools=losers)
            self._ledger = await self._remembered()
        else:
            self._ledger.extend(map(_row, judged))
            self._ledger.forget(surplus(self._ledger, self._windows))
        self._tally = advance(self._tally, connected=judged, disconnected=losers)
        self._stands = plan
        if self._ledger.tip:
            await self._publish(plan, judged)

    async def _publish(self, plan: Plan, judged: tuple[Judged, ...]) -> None:
        update = Update(plan, judged, await self._count(plan))
        self._hub.publish(update)
        self._tell(update)
        if plan.caught_up and not self._ready:
            self._ready = True
            log.info("ready", height=plan.end.height, blocks=len(self._ledger))

    async def _remembered(self) -> Ledger:
        """What the windows cover, counted from the store."""
        rows = await self._store.recent(
            seconds=max((window.seconds or 0 for window in self._windows), default=0) + _BACK_SECONDS,
            count=max((window.blocks or 0 for window in self._windows), default=0),
        )
        return await asyncio.to_thread(Ledger.of, rows, self._levels)

    async def _count(self, plan: Plan) -> Snapshot:
        first = await self._store.first()
        assert first is not None, "the ledger has blocks, so the store has"
        return await asyncio.to_thread(
            snapshot,
            self._ledger,
            self._windows,
            self._tally,
            tip_hash=plan.end.hash,
            first_height=first.height,
            caught_up=plan.caught_up,
            registry=self._registry.hash,
            pool_names=self._registry.names,
        )

    def _tell(self, update: Update) -> None:
        """Say what came: each block as it arrives, and now and then how far catching up has come."""
        plan = update.plan
        if plan.caught_up and 0 < len(update.judged) <= _NEWS:
            self._vitals.block_publish_seconds.observe(time.monotonic() - plan.noticed)
            for judged in update.judged:
                attribution = judged.attribution
                log.info(
                    "block", height=judged.block.height, hash=judged.block.hash,
                    pool=attribution.pool, evidence=attribution.evidence, conflict=attribution.conflict,
                )  # fmt: skip
        elif not plan.caught_up and time.monotonic() - self._told > _TELL_SECONDS:
            self._told = time.monotonic()
            log.info("catching up", height=plan.end.height)


def _row(judged: Judged) -> BlockRow:
    header = judged.block.header
    return BlockRow(judged.block.height, header.time, header.bits, judged.attribution.pool, judged.attribution.miner)
