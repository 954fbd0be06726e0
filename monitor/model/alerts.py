"""Alerts: the state of a rule for one set of labels, from pending to resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How urgent an alert is."""

    INFO = "info"
    """Worth knowing."""
    WARNING = "warning"
    """Worth a look today."""
    CRITICAL = "critical"
    """Worth waking a person."""


class AlertState(StrEnum):
    """The state of an alert."""

    PENDING = "pending"
    """The condition holds, but not for long enough yet. No message is sent."""
    FIRING = "firing"
    RESOLVED = "resolved"
    """It was firing, and the condition no longer holds."""


@dataclass(frozen=True, slots=True)
class Alert:
    """The state of one rule for one set of labels since its last change. Times are Unix seconds."""

    rule: str
    severity: Severity
    state: AlertState
    since: float
    """When this state began."""
    summary: str
    """One sentence, for the subject of a message."""
    explanation: str
    """The numbers that led to it with their intervals, and what they mean."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What it refers to: `level`, `entity`, `window`, `pool`, ..."""
    value: float | None = None
    """The number that the rule compares; None if there is none."""
    started: float | None = None
    """When it started firing; None while pending."""
    height: int | None = None
    """Height of the block at which the state began; None if no block caused it."""
    test: bool = False
    """Sent by a user to test the receivers; no rule fired."""

    @property
    def key(self) -> str:
        """Identifies the alert across states: its rule and its labels."""
        about = ",".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
        return f"{self.rule}{{{about}}}"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A change of state on its way to the receivers."""

    number: int
    """Grows with each change, also across restarts; two deliveries of the same change have the same number."""
    alert: Alert
