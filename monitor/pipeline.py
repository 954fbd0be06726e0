"""The path of a block: plan, attribution, one transaction, event, count, snapshot. Only this module knows the order.

Block events leave right after the commit. Snapshots follow: one task computes them for the newest counted state, on a
thread and without the lock, so no block waits for an estimate. Blocks that arrive during a computation share the next
snapshot. A failure here ends the process: what is stored is consistent, and the next start continues from there.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from functools import partial
from typing import NoReturn

import structlog

from monitor.attribution.match import attribute
from monitor.chain.follower import Follower
from monitor.hub import Hub
from monitor.model import NO_BLOCK, BlockEvents, Plan
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.judging import judge
from monitor.store.store import Store
from monitor.vitals import Vitals

_NEWS = 10
"""Steps of more blocks are catching up: they are neither timed nor logged block by block."""
_MANY_OUTPUTS = 20_000
"""Coinbases of a step with more outputs together are attributed on a thread, so that the event loop does not stand."""
_CATCH_UP_SECONDS = 5.0
"""Between snapshots while catching up."""

log = structlog.get_logger()


class Pipeline:
    """Takes each step of the chain from the follower to the hub. `follow` and `publish` run side by side."""

    def __init__(self, follower: Follower, store: Store, counter: WindowCounter, *, hub: Hub, vitals: Vitals) -> None:
        self.lock = asyncio.Lock()
        """Held while blocks are stored and counted, or the rules change; other writers take it for a moment at a time.
        """
        self._follower = follower
        self._store = store
        self._counter = counter
        self._hub = hub
        self._vitals = vitals
        self._plan: Plan | None = None
        """The last step that was counted."""
        self._counted = asyncio.Event()
        """Set when the counts are newer than the last snapshot."""
        self._caught_up = asyncio.Event()
        self._noticed: list[float] = []
        """When the blocks were noticed that no snapshot covers yet."""

    async def follow(self) -> NoReturn:
        """Store, announce and count every step of the chain, forever."""
        tip = await self._store.tip()
        async with self.lock:
            await self._counter.recount()
            if tip:  # shown before the node answers, as not caught up
                self._advance(Plan(tip, NO_BLOCK))
        async for plan in self._follower.plans(tip):
            async with self.lock:
                await self._take(plan)
        raise AssertionError("the follower returned")

    async def publish(self) -> NoReturn:
        """Compute and publish snapshots of the newest counts, forever."""
        ready = False
        while True:
            await self._counted.wait()
            async with self.lock:
                self._counted.clear()
                noticed, self._noticed = self._noticed, []
                state = await self._counter.state(self._plan) if self._plan else None
            if state is None:
                continue
            snapshot = await asyncio.to_thread(state.snapshot)
            self._hub.publish(snapshot)
            for at in noticed:
                self._vitals.block_publish_seconds.observe(time.monotonic() - at)
            if snapshot.caught_up and not ready:
                ready = True
                log.info("ready", height=snapshot.tip.height, blocks=len(self._counter))
            with suppress(TimeoutError):
                async with asyncio.timeout(_CATCH_UP_SECONDS):
                    await self._caught_up.wait()
            if not self._caught_up.is_set() and self._counted.is_set():
                log.info("catching up", height=self._plan.end.height if self._plan else None)

    async def adopt(self, rulebook: Rulebook) -> None:
        """Attribute and count by other rules from now on, then history too; new blocks continue to arrive meanwhile."""
        async with self.lock:
            self._counter.rulebook = rulebook
        await self._reattribute()
        await self.recount()

    async def revise(self) -> None:
        """Reattribute blocks that another registry has attributed, as after a start with a new one."""
        before = await self._store.rewritten()
        await self._reattribute()
        if await self._store.rewritten() != before:  # by confidence, too, blocks are counted
            await self.recount()

    async def recount(self) -> None:
        """Count from the store again, after reattribution or when history has become longer."""
        async with self.lock:
            await self._counter.recount()
            self._counted.set()

    async def _reattribute(self) -> None:
        registry = self._counter.rulebook.registry
        moved = await self._store.reattribute(partial(attribute, registry=registry), registry.hash)
        for each in moved:
            log.info("blocks moved", before=each.before, after=each.after, blocks=each.blocks, registry=registry.hash)

    async def _take(self, plan: Plan) -> None:
        registry = self._counter.rulebook.registry
        if sum(len(each.coinbase.outputs) for each in plan.connects) < _MANY_OUTPUTS:
            judged = judge(plan.connects, registry)
        else:
            judged = await asyncio.to_thread(judge, plan.connects, registry)
        losers = await self._store.apply(plan, judged)
        if plan.disconnects:
            log.warning("reorganisation", depth=len(plan.disconnects), above=plan.onto.height, pools=losers)
        if not plan.is_empty:
            self._announce(BlockEvents(plan, judged, registry.names))
            await asyncio.sleep(0)  # the listeners' turn: the event is sent before the block is counted
        # A disconnect is never subtracted: the counts are rebuilt, so there is no undo to get wrong.
        if plan.disconnects or not self._counter.add(judged):
            await self._counter.recount()
        self._counter.tally(judged, losers)
        self._advance(plan)

    def _announce(self, events: BlockEvents) -> None:
        self._hub.announce(events)
        plan = events.plan
        if not plan.caught_up or not 0 < len(events.judged) <= _NEWS:
            return
        self._vitals.block_event_seconds.observe(time.monotonic() - plan.noticed)
        self._noticed.append(plan.noticed)
        for each in events.judged:
            attribution = each.attribution
            log.info(
                "block", height=each.block.height, hash=each.block.hash,
                pool=attribution.pool, evidence=attribution.evidence, conflict=attribution.conflict,
            )  # fmt: skip

    def _advance(self, plan: Plan) -> None:
        self._plan = plan
        self._counted.set()
        if plan.caught_up:
            self._caught_up.set()
        else:
            self._caught_up.clear()
