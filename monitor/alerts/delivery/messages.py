"""Notification messages: subject, text and type, and the page that they link to."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.model import Alert, AlertState, Dispatch, Severity


def subject(changes: Sequence[Dispatch]) -> str:
    """Subject line."""
    if len(changes) == 1:
        alert = changes[0].alert
        return f"{_tag(alert)} {alert.summary}"
    firing = sum(change.alert.state is AlertState.FIRING for change in changes)
    return f"{len(changes)} alert changes: {firing} firing, {len(changes) - firing} resolved"


def text(changes: Sequence[Dispatch], link: str) -> str:
    """Message body: the explanation of each change, and the link."""
    one = len(changes) == 1
    parts = [change.alert.explanation if one else _paragraph(change.alert) for change in changes]
    return "\n\n".join([*parts, link])


def alerts_address(page: str, alerts: Sequence[Alert]) -> str:
    """The page of alerts below the address of our pages; at the rule of these alerts, if they have one in common."""
    rules = {alert.rule for alert in alerts}
    return f"{page}/alerts" + (f"#alert-{rules.pop()}" if len(rules) == 1 else "")


def notify_type(changes: Sequence[Dispatch]) -> str:
    """Apprise's type for the highest severity: `info`, `success`, `warning` or `failure`."""
    firing = {change.alert.severity for change in changes if change.alert.state is AlertState.FIRING}
    if not firing:
        return "success"
    if Severity.CRITICAL in firing:
        return "failure"
    return "warning" if Severity.WARNING in firing else "info"


def _paragraph(alert: Alert) -> str:
    return f"{_tag(alert)} {alert.summary}\n{alert.explanation}"


def _tag(alert: Alert) -> str:
    tag = "resolved" if alert.state is AlertState.RESOLVED else alert.severity.upper()
    return f"[TEST {tag}]" if alert.test else f"[{tag}]"
