"""Evaluates the rules after each block and periodically, stores the alerts, then publishes them.

While the daemon catches up, rules on blocks are not evaluated: after a downtime there is one evaluation of the current
state and no alert for past states. Rules on the clock, such as an unreachable node, are always evaluated.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

import structlog

from monitor.alerts.evaluate import evaluate
from monitor.alerts.inputs import AlertInputs, MetricLookup, incomplete_windows
from monitor.alerts.rules import Rule
from monitor.alerts.shown import show
from monitor.errors import PoolMonitorError
from monitor.hub import Hub, Listener, News
from monitor.logs import log_failure
from monitor.model import Alert, AlertState, BlockEvents, BlockHash, NodesView, PoolSlug, Snapshot
from monitor.together import first_of
from monitor.vitals import Vitals

TICK_SECONDS = 15.0
"""Between two evaluations without a new block."""
_NEWS = 10
"""Number of newest blocks of an update that count as new; the ones below were caught up with."""
_LAG_SECONDS = 5.0
"""Timeout of the query for the node's lag."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Events:
    """Events since the last evaluation."""

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


class AlertStore(Protocol):
    """Stores alerts across restarts."""

    async def load(self) -> list[Alert]:
        """All alerts except inactive ones."""

    async def save(self, alerts: Sequence[Alert], changed: Sequence[Alert]) -> None:
        """Replace the stored alerts, and queue the changed ones for delivery, in one transaction."""


class NodeStatus(Protocol):
    """Whether the node answers and how far it is behind."""

    @property
    def waiting(self) -> str | None:
        """Why the node does not answer; None while it does."""

    @property
    def heard_at(self) -> float | None:
        """When the node last reported its tip, Unix time."""

    async def node_behind(self) -> int:
        """Blocks of which the node has the header only.

        Raises:
            NodeError: unknown.
        """


class AlertRunner:
    """Evaluates the rules for ever. A failed evaluation is logged and counted; the next one includes its events."""

    def __init__(  # noqa: PLR0913 -- its inputs and outputs, by name
        self,
        rules: Sequence[Rule],
        lookup: MetricLookup,
        *,
        hub: Hub,
        store: AlertStore,
        node: NodeStatus,
        vitals: Vitals,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self.rules = tuple(rules)
        self._lookup = lookup
        self._hub = hub
        self._store = store
        self._node = node
        self._vitals = vitals
        self._tick = tick_seconds
        self._alerts: tuple[Alert, ...] = ()
        self._events = _Events()
        self._at_tip = time.time()
        self._away_since: float | None = None
        self._block_at: float | None = None
        self._tip: BlockHash | None = None
        """The newest block announced; None before the first."""

    async def run(self) -> NoReturn:
        """Evaluate for ever."""
        with self._hub.listen("alerts", limit=1000) as news, self._hub.listen_to_nodes("alerts") as views:
            await self._load()
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._tick):
                        await first_of(self._take_until_snapshot(news), _until_nodes_differ(views, self._hub.nodes))
                while one := news.get_nowait():
                    self._take(one)
                try:
                    await self._evaluate()
                except Exception as error:  # noqa: BLE001 -- the next evaluation includes its events
                    self._vitals.errors.labels("alerts").inc()
                    log_failure("alert evaluation failed", error)

    def set_rules(self, rules: Sequence[Rule]) -> None:
        """Replace the rules from the next evaluation on."""
        self.rules = tuple(rules)

    async def _load(self) -> None:
        """Continue with the alerts as they were before the restart."""
        while True:
            try:
                self._alerts = tuple(await self._store.load())
            except Exception as error:  # noqa: BLE001 -- retried
                self._vitals.errors.labels("alerts").inc()
                log_failure("loading alerts failed, retrying", error)
                await asyncio.sleep(self._tick)
            else:
                self._resume()
                self._publish(())
                return

    def _resume(self) -> None:
        """Measure from before the restart, where a firing alert has the time: what lasts must not begin anew."""
        metrics = {rule.name: rule.value for rule in self.rules}
        for alert in self._alerts:
            if alert.state is not AlertState.FIRING or alert.started is None or alert.value is None:
                continue
            since = alert.started - alert.value
            match metrics.get(alert.rule):
                case "node_away_seconds":
                    self._away_since = since
                case "behind_seconds":
                    self._at_tip = since

    async def _take_until_snapshot(self, news: Listener[News]) -> None:
        """Only a snapshot gives the rules new numbers."""
        while not self._is_current(self._take(await news.get())):
            pass

    def _take(self, news: News) -> News:
        if isinstance(news, BlockEvents):
            self._events.add(news)
            self._tip = news.plan.end.hash
            if news.judged:
                mined = float(news.judged[-1].block.header.time)
                self._block_at = max(mined, time.time() if news.plan.caught_up else 0.0)
        return news

    def _is_current(self, news: News | None) -> bool:
        """Whether it is a snapshot of the node's tip that counts every block announced: what happened is known then."""
        return isinstance(news, Snapshot) and news.caught_up and self._tip in {None, news.tip_hash}

    async def _evaluate(self) -> None:
        """Evaluate, store, publish, in this order; after a failure to store the evaluation is repeated."""
        inputs = await self._inputs()
        names = list(dict.fromkeys(rule.value for rule in self.rules))
        evaluation = evaluate(self.rules, inputs, self._lookup.read(names, inputs), alerts=self._alerts)
        if evaluation.alerts != self._alerts:
            await self._store.save(evaluation.alerts, evaluation.changed)
            self._alerts = evaluation.alerts
            self._publish(evaluation.changed)
        if inputs.snapshot:  # until then, events wait for the snapshot that counts them
            followed = inputs.nodes.followed_blocks if inputs.nodes else frozenset()
            self._events = _Events(stale=self._events.stale & followed)  # not stale yet: a node is on their branch

    def _publish(self, changed: Sequence[Alert]) -> None:
        show(self._alerts, changed, self.rules, hub=self._hub, vitals=self._vitals)
        for alert in changed:
            log.info("alert", rule=alert.rule, state=alert.state, summary=alert.summary, labels=dict(alert.labels))

    async def _inputs(self) -> AlertInputs:
        now, snapshot, waiting = time.time(), self._hub.snapshot, self._node.waiting
        if waiting is None and snapshot and snapshot.caught_up and self._node.heard_at:
            self._at_tip = max(self._at_tip, self._node.heard_at)
        self._at_tip = min(self._at_tip, now)  # the clock may have been ahead
        if waiting is not None:
            self._away_since = min(self._away_since or now, now)
        elif self._node.heard_at is not None:
            self._away_since = None
        node_behind = await self._node_behind() if waiting is None else None
        behind = max(0.0, now - self._at_tip)
        self._vitals.behind.set(behind)
        current = snapshot if self._is_current(snapshot) else None
        return AlertInputs(
            now=now,
            snapshot=current,
            nodes=self._hub.nodes,
            economy=self._hub.economy,
            audit=self._hub.audit,
            builders=self._hub.builders,
            stratum=self._hub.stratum,
            self_check=self._hub.self_check,
            incomplete=incomplete_windows(current) if current else frozenset(),
            block_at=self._block_at or snapshot.tip.time if snapshot and snapshot.caught_up else None,
            reorgs=self._events.reorgs,
            stale=frozenset(self._events.stale),
            conflicts=self._events.conflicts,
            node_away=self._node_away(now, waiting),
            node_behind=node_behind,
            behind=behind if waiting is None else None,
            waiting=waiting,
        )

    def _node_away(self, now: float, waiting: str | None) -> float | None:
        """None before the first answer or failure."""
        if waiting is None and self._node.heard_at is None:
            return None
        return now - self._away_since if self._away_since else 0.0

    async def _node_behind(self) -> int | None:
        """None if unknown."""
        try:
            async with asyncio.timeout(_LAG_SECONDS):
                behind = await self._node.node_behind()
        except (PoolMonitorError, TimeoutError):
            return None
        self._vitals.node_behind.set(behind)
        return behind


async def _until_nodes_differ(views: Listener[NodesView], before: NodesView | None) -> None:
    """Wait until a split begins, grows or ends, or another node is followed, or it is known that neither is so."""
    async for view in views:
        if before is None or _decisive(view) != _decisive(before):
            return


def _decisive(view: NodesView) -> tuple[object, ...]:
    return view.split, view.followed, view.nodes[0].up, view.is_known
