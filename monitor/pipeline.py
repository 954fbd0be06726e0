"""The one-way street: plan, attribution, one transaction, count, hub. The only place that knows the order.

A fault here ends the process: what is stored is whole, and the next start goes on from there.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import NoReturn

import structlog

from monitor.attribution.match import attribute
from monitor.chain.follower import Follower
from monitor.hub import Hub
from monitor.model import NO_BLOCK, Judged, Plan, Snapshot, Update
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.store.store import Store
from monitor.vitals import Vitals

_NEWS = 10
"""So many blocks at once are news, told one by one; more are catching up."""
_TELL_SECONDS = 5.0
_TURN_SECONDS = 0.02
"""The outputs go first: what is estimated afterwards would contend with them for the interpreter."""

log = structlog.get_logger()


class Pipeline:
    """Takes each step of the chain from the follower to the hub."""

    def __init__(self, follower: Follower, store: Store, census: WindowCounter, hub: Hub, vitals: Vitals) -> None:
        self._follower = follower
        self._store = store
        self._census = census
        self._hub = hub
        self._vitals = vitals
        self._stands: Plan | None = None
        """The last step that was taken."""
        self._street = asyncio.Lock()
        """Held while a block goes down, or while the rules change."""
        self._ready = False
        self._told = time.monotonic()

    async def run(self) -> NoReturn:
        """Follow the chain for ever."""
        tip = await self._store.tip()
        async with self._street:
            await self._census.recount()
            if tip:  # what is stored is shown before the node is there, as what it is: not caught up
                unsure = Plan(tip, NO_BLOCK)
                await self._publish(unsure, (), self._census.snapshot(unsure))
        async for plan in self._follower.plans(tip):
            async with self._street:
                await self._take(plan)
        raise AssertionError("the follower returned")

    @property
    def turn(self) -> asyncio.Lock:
        """Held while a block goes down the street. Who works on the store besides takes it for a moment at a time."""
        return self._street

    async def adopt(self, rulebook: Rulebook) -> None:
        """Judge and count by other rules from now on, then history as well; new blocks go on coming meanwhile."""
        async with self._street:
            self._census.rulebook = rulebook
        await self._judge_anew()
        await self.recount()

    async def revise(self) -> None:
        """Judge anew what another registry has judged, as after a start with a new one."""
        if await self._judge_anew():
            await self.recount()

    async def _judge_anew(self) -> bool:
        registry = self._census.rulebook.registry
        moved = await self._store.reattribute(partial(attribute, registry=registry), registry.hash)
        for each in moved:
            log.info("blocks moved", before=each.before, after=each.after, blocks=each.blocks, registry=registry.hash)
        return bool(moved)

    async def recount(self) -> None:
        """Count from the store, as after it was judged anew, or history came to be longer."""
        async with self._street:
            await self._census.recount()
            if self._stands:
                plan = Plan(self._stands.end, self._stands.node_tip)
                await self._publish(plan, (), self._census.snapshot(plan))

    async def _take(self, plan: Plan) -> None:
        registry = self._census.rulebook.registry
        judged = tuple(Judged(block, attribute(block.coinbase, registry)) for block in plan.connects)
        losers = await self._store.apply(plan, judged)
        # Backward is counted anew: there is no undo to get wrong.
        if plan.disconnects or not self._census.add(judged):
            await self._census.recount()
        if plan.disconnects:
            log.warning("reorganisation", depth=len(plan.disconnects), above=plan.onto.height, pools=losers)
        self._census.tally(judged, losers)
        snapshot = self._census.snapshot(plan)
        self._stands = plan
        await self._publish(plan, judged, snapshot)

    async def _publish(self, plan: Plan, judged: tuple[Judged, ...], snapshot: Snapshot | None) -> None:
        """Tell the hub, at once what a block waits for, and what takes longer when it is there."""
        if snapshot is None:
            return
        before = self._hub.snapshot  # to free all that takes longer than to tell of a block: later
        self._hub.publish(Update(plan, judged, snapshot))
        seconds = time.monotonic() - plan.noticed
        if plan.caught_up and not self._ready:
            self._ready = True
            log.info("ready", height=plan.end.height, blocks=len(self._census))
        if plan.caught_up:
            await asyncio.sleep(_TURN_SECONDS)
        del before
        self._tell(plan, judged, seconds)
        if plan.caught_up and (complete := await self._census.complete()):
            self._hub.publish(Update(Plan(plan.end, plan.node_tip), (), complete))

    def _tell(self, plan: Plan, judged: tuple[Judged, ...], seconds: float) -> None:
        """Say what was published, `seconds` after its notice: news, or now and then how far catching up has come."""
        if plan.caught_up and 0 < len(judged) <= _NEWS:
            self._vitals.block_publish_seconds.observe(seconds)
            for each in judged:
                attribution = each.attribution
                log.info(
                    "block", height=each.block.height, hash=each.block.hash,
                    pool=attribution.pool, evidence=attribution.evidence, conflict=attribution.conflict,
                )  # fmt: skip
        elif not plan.caught_up and time.monotonic() - self._told > _TELL_SECONDS:
            self._told = time.monotonic()
            log.info("catching up", height=plan.end.height)
