"""What alerts say: the numbers behind them with their intervals, in sentences."""

from __future__ import annotations

from dataclasses import replace

from monitor.alerts.particulars import particulars
from monitor.alerts.phrases import called, number, span
from monitor.alerts.rules import Rule
from monitor.model import Alert, AlertState, Snapshot

_NAMES = ("entity", "pool")
"""Labels that hold a slug, and are written as people know it."""


def summary(rule: Rule, alert: Alert, snapshot: Snapshot | None) -> str:
    """The rule's sentence about this alert."""
    words = {name: called(value, snapshot) if name in _NAMES else value for name, value in alert.labels.items()}
    return rule.summary.format_map(words | {"value": number(rule.value, alert.value)})


def explanation(rule: Rule, alert: Alert, snapshot: Snapshot | None, note: str = "") -> str:
    """The numbers behind an alert, with their intervals, and the levels at which it begins and ends."""
    sentences = [*(particulars(rule.value, alert.labels, snapshot) if snapshot else ())]
    beyond, back = ("above", "at most") if rule.rising else ("below", "at least")
    now, enter, leave = (number(rule.value, value) for value in (alert.value, rule.enter, rule.leave))
    sentences.append(
        f"{rule.value} is {now}: the alert begins {beyond} {enter}{_lasting(rule)}, and ends when it is {back} {leave}."
    )
    sentences += [rule.meaning] if rule.meaning else []
    sentences += [f"The daemon waits: {note}."] if note else []
    return " ".join(sentences)


def over(alert: Alert, now: float, height: int | None, *, value: float | None = None, reason: str = "") -> Alert:
    """An alert that ceases to fire."""
    said = reason or ("it is no longer so" if value is None else f"the number is {value:.4g} now")
    return replace(
        alert, state=AlertState.RESOLVED, since=now, height=height, value=value,
        summary=f"Over: {alert.summary}" if alert.summary else "Over",
        explanation=(
            f"Over after {span(now - (alert.started or alert.since))}: {said}. It began with: {alert.explanation}"
        ),
    )  # fmt: skip


def _lasting(rule: Rule) -> str:
    parts = [f"{rule.for_blocks} blocks"] if rule.for_blocks else []
    parts += [span(rule.for_seconds)] if rule.for_seconds else []
    return f" for {' and '.join(parts)}" if parts else ""
