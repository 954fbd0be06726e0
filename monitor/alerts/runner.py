"""Watches the hub and the clock, holds the rules against what is so, and says what changed, once it is stored.

While the daemon catches up nothing is judged by blocks: after a night's rest there is one look at how things stand, not
an alert for each hour that was missed. What the clock alone can tell, as that the node is away, is judged all the time.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

from monitor.alerts.evaluate import evaluate
from monitor.alerts.inputs import AlertInputs
from monitor.alerts.lookup import MetricLookup
from monitor.alerts.ports import Memory, Pulse
from monitor.alerts.rules import Rule
from monitor.errors import PoolMonitorError
from monitor.hub import Hub, Listener, News
from monitor.model import Alert, AlertState, BlockEvents, BlockHash, PoolSlug, Snapshot
from monitor.vitals import Vitals

TICK_SECONDS = 15.0
"""Between two looks at the clock."""
_NEWS = 10
"""So many of the newest blocks of a step are news; what is below them was caught up with."""
_LAG_SECONDS = 5.0
"""How long the node may take to say how far it has come."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Happened:
    """What is to be judged with the next look."""

    reorgs: dict[int, int] = field(default_factory=dict)
    stale: set[BlockHash] = field(default_factory=set)
    conflicts: Counter[PoolSlug] = field(default_factory=Counter)

    def add(self, events: BlockEvents) -> None:
        plan = events.plan
        if plan.disconnects:
            self.reorgs[plan.onto.height] = len(plan.disconnects)
            self.stale |= {block.hash for block in plan.disconnects}
        for judged in events.judged[-_NEWS:] if plan.caught_up else ():
            if judged.attribution.conflict and judged.attribution.pool:
                self.conflicts[judged.attribution.pool] += 1


class Watch:
    """Evaluates rules for as long as it runs. Its faults are counted, and end nothing but the look that they spoil."""

    def __init__(  # noqa: PLR0913 -- where what it says comes from, and where it goes
        self,
        rules: Sequence[Rule],
        vocabulary: MetricLookup,
        *,
        hub: Hub,
        memory: Memory,
        pulse: Pulse,
        vitals: Vitals,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self.rules = tuple(rules)
        self._vocabulary = vocabulary
        self._hub = hub
        self._memory = memory
        self._pulse = pulse
        self._vitals = vitals
        self._tick = tick_seconds
        self._standing: tuple[Alert, ...] = ()
        self._happened = _Happened()
        self._at_tip = time.time()
        self._away_since: float | None = None
        self._block_at: float | None = None
        self._tip: BlockHash | None = None
        """The newest block announced; None before the first."""

    async def run(self) -> NoReturn:
        """Watch for ever."""
        with self._hub.listen("alerts", limit=1000) as news:
            await self._remember()
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._tick):
                        await self._take_until_snapshot(news)
                while one := news.get_nowait():
                    self._take(one)
                try:
                    await self._look()
                except Exception:
                    self._vitals.errors.labels("alerts").inc()
                    log.exception("the alerts could not be judged; they are with the next block")

    def adopt(self, rules: Sequence[Rule]) -> None:
        """Judge by other rules from the next look on."""
        self.rules = tuple(rules)

    async def _remember(self) -> None:
        """Go on with how alerts stood before the restart."""
        while True:
            try:
                self._standing = tuple(await self._memory.standing())
            except Exception:
                self._vitals.errors.labels("alerts").inc()
                log.exception("the alerts could not be read; trying again")
                await asyncio.sleep(self._tick)
            else:
                self._tell(())
                return

    async def _take_until_snapshot(self, news: Listener[News]) -> None:
        """Only a snapshot gives the rules new numbers."""
        while not self._is_current(self._take(await news.get())):
            pass

    def _take(self, news: News) -> News:
        if isinstance(news, BlockEvents):
            self._happened.add(news)
            self._tip = news.plan.end.hash
            if news.judged:
                mined = float(news.judged[-1].block.header.time)
                self._block_at = max(mined, time.time() if news.plan.caught_up else 0.0)
        return news

    def _is_current(self, news: News | None) -> bool:
        """Whether it is a snapshot of the node's tip that counts every block announced: what happened is known then."""
        return isinstance(news, Snapshot) and news.caught_up and self._tip in {None, news.tip_hash}

    async def _look(self) -> None:
        """Judge, store, tell, in this order; what could not be stored is judged again."""
        moment = await self._moment()
        wanted = list(dict.fromkeys(rule.value for rule in self.rules))
        outcome = evaluate(self.rules, self._vocabulary.look(wanted, moment), self._standing)
        if outcome.standing != self._standing:
            await self._memory.note(outcome.standing, outcome.changed)
            self._standing = outcome.standing
            self._tell(outcome.changed)
        if moment.snapshot:  # until then, what happened waits for the snapshot that counts it
            self._happened = _Happened()

    def _tell(self, changed: Sequence[Alert]) -> None:
        self._hub.alert(self._standing, changed)
        firing = Counter(alert.rule for alert in self._standing if alert.state is AlertState.FIRING)
        self._vitals.alerts_firing.clear()
        for rule in self.rules:
            self._vitals.alerts_firing.labels(rule.name, rule.severity).set(firing[rule.name])
        for alert in changed:
            log.info("alert", rule=alert.rule, state=alert.state, summary=alert.summary, labels=dict(alert.labels))

    async def _moment(self) -> AlertInputs:
        now, snapshot, waiting = time.time(), self._hub.snapshot, self._pulse.waiting
        if waiting is None and snapshot and snapshot.caught_up and self._pulse.heard_at:
            self._at_tip = max(self._at_tip, self._pulse.heard_at)
        self._away_since = None if waiting is None else self._away_since or now
        node_behind = await self._node_behind() if waiting is None else None
        behind = max(0.0, now - self._at_tip)
        self._vitals.behind.set(behind)
        return AlertInputs(
            now=now,
            snapshot=snapshot if self._is_current(snapshot) else None,
            block_at=self._block_at or snapshot.tip.time if snapshot and snapshot.caught_up else None,
            reorgs=self._happened.reorgs,
            stale=frozenset(self._happened.stale),
            conflicts=self._happened.conflicts,
            node_away=now - self._away_since if self._away_since else 0.0,
            node_behind=node_behind,
            behind=behind if waiting is None else None,
            waiting=waiting,
        )

    async def _node_behind(self) -> int | None:
        """What the node says; None when it does not."""
        try:
            async with asyncio.timeout(_LAG_SECONDS):
                behind = await self._pulse.node_behind()
        except (PoolMonitorError, TimeoutError):
            return None
        self._vitals.node_behind.set(behind)
        return behind
