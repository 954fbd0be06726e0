"""Changes of alerts as people read them: a subject, a text, and how grave it is."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.model import Alert, AlertState, Dispatch, Severity


def subject(changes: Sequence[Dispatch]) -> str:
    """One line."""
    if len(changes) == 1:
        alert = changes[0].alert
        return f"{_mark(alert)} {alert.summary}"
    firing = sum(change.alert.state is AlertState.FIRING for change in changes)
    return f"{len(changes)} changes of alerts: {firing} firing, {len(changes) - firing} resolved"


def text(changes: Sequence[Dispatch], link: str) -> str:
    """All that is known of each, and where to read on."""
    one = len(changes) == 1
    parts = [change.alert.explanation if one else _paragraph(change.alert) for change in changes]
    return "\n\n".join([*parts, link])


def gravity(changes: Sequence[Dispatch]) -> str:
    """In the words of Apprise, the gravest: `info`, `success`, `warning` or `failure`."""
    firing = {change.alert.severity for change in changes if change.alert.state is AlertState.FIRING}
    if not firing:
        return "success"
    if Severity.CRITICAL in firing:
        return "failure"
    return "warning" if Severity.WARNING in firing else "info"


def _paragraph(alert: Alert) -> str:
    return f"{_mark(alert)} {alert.summary}\n{alert.explanation}"


def _mark(alert: Alert) -> str:
    mark = "resolved" if alert.state is AlertState.RESOLVED else alert.severity.upper()
    return f"[TEST {mark}]" if alert.test else f"[{mark}]"
