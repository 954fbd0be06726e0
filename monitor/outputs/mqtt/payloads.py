"""Topics and payloads. Payloads are JSON, times ISO 8601 in UTC; docs/how-to/mqtt.md shows each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from monitor.model import Alert, AlertState, BlockEvents, BlockRecord, Dispatch, Severity, Snapshot
from monitor.outputs.schemas.alerts import AlertChange, FiringAlerts, RuleAlerts
from monitor.outputs.schemas.blocks import BlockSummary, ReorgBlocks, Tip
from monitor.outputs.schemas.concentration import ConcentrationSummary
from monitor.outputs.schemas.confirmations import Confirmations

_LARGEST = 10
"""Entities of a window that are published by name."""


_NO_TOPIC = re.compile(r"[+#/\0]")
_GRAVITY = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)


class Topics:
    """All topics, below one prefix."""

    def __init__(self, prefix: str) -> None:
        self.status = f"{prefix}/status"
        self.tip = f"{prefix}/tip"
        self.block = f"{prefix}/block"
        self.reorg = f"{prefix}/reorg"
        self.alerts = f"{prefix}/alerts"
        self.confirmations = f"{prefix}/confirmations"
        self._prefix = prefix

    def concentration(self, level: str, window: str) -> str:
        """Of one level and window."""
        return f"{self._prefix}/concentration/{level}/{window}"

    def alert(self, rule: str) -> str:
        """Of one rule."""
        return f"{self._prefix}/alert/{_NO_TOPIC.sub('_', rule)}"


def events(events: BlockEvents, topics: Topics) -> Iterator[tuple[str, str]]:
    """Blocks that left, blocks that joined. While catching up, the latter are not published."""
    plan = events.plan
    if left := plan.disconnects:
        about = {"depth": len(left), "height": plan.onto.height, "hash": plan.onto.hash, "left": left}
        yield topics.reorg, ReorgBlocks.of(about).model_dump_json()
    if plan.caught_up:
        for judged in events.judged:
            record = BlockRecord(judged, stale=False)
            yield topics.block, BlockSummary.of(record, events.pool_names).model_dump_json()


def states(snapshot: Snapshot, topics: Topics) -> Iterator[tuple[str, str]]:
    """The newest block, the risk of confirmations, and each level and window."""
    yield topics.tip, Tip.of(snapshot, snapshot.pool_names).model_dump_json()
    yield topics.confirmations, Confirmations.of_snapshot(snapshot).model_dump_json()
    for one in snapshot.concentration:
        summary = ConcentrationSummary.of_window(one, snapshot, largest=_LARGEST)
        yield topics.concentration(one.level, one.window.name), summary.model_dump_json()


def alerts(standing: Iterable[Alert]) -> str:
    """All alerts that fire."""
    firing = _firing(standing)
    return FiringAlerts.of({"firing": len(firing), "alerts": firing}).model_dump_json()


def rule(name: str, standing: Sequence[Alert], change: Dispatch | None) -> str:
    """The alerts of a rule that fire, and the change that makes this message; None where it only repeats them."""
    firing = _firing(alert for alert in standing if alert.rule == name)
    return RuleAlerts.of({
        "rule": name,
        "state": AlertState.FIRING if firing else AlertState.RESOLVED,
        "severity": max((alert.severity for alert in firing), key=_GRAVITY.index, default=None),
        "alerts": firing,
        "change": AlertChange.from_dispatch(change) if change else None,
    }).model_dump_json()  # fmt: skip


def _firing(standing: Iterable[Alert]) -> list[Alert]:
    return sorted((alert for alert in standing if alert.state is AlertState.FIRING), key=lambda alert: alert.key)
