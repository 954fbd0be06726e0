"""An alert as JSON, the same for everyone who is told of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.model import Alert, Dispatch


def iso(seconds: float) -> str:
    """A time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def as_json(alert: Alert) -> dict[str, Any]:
    """An alert as it stands."""
    return {
        "rule": alert.rule,
        "severity": alert.severity,
        "state": alert.state,
        "since": iso(alert.since),
        "started": None if alert.started is None else iso(alert.started),
        "summary": alert.summary,
        "explanation": alert.explanation,
        "labels": dict(alert.labels),
        "value": alert.value,
        "height": alert.height,
        "test": alert.test,
    }


def change_as_json(change: Dispatch) -> dict[str, Any]:
    """A change of state, with the number that two deliveries of it have in common."""
    return {"number": change.number, **as_json(change.alert)}
