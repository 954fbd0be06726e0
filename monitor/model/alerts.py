"""Alerts: what a rule says of the world, from the first suspicion to the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How much it matters."""

    INFO = "info"
    """Worth knowing."""
    WARNING = "warning"
    """Worth a look today."""
    CRITICAL = "critical"
    """Worth waking somebody."""


class AlertState(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    """The condition holds, but not for long enough yet. Nobody is told."""
    FIRING = "firing"
    RESOLVED = "resolved"
    """It was firing, and the condition holds no longer."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule, about one thing, as it stands since the last change. Times are Unix seconds."""

    rule: str
    severity: Severity
    state: AlertState
    since: float
    """When this state began."""
    summary: str
    """One sentence, for the subject of a message."""
    explanation: str
    """The numbers behind it with their intervals, and what they mean."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """What it is about: `level`, `entity`, `window`, `pool`, ..."""
    value: float | None = None
    """What the rule looked at; None where it is no number."""
    started: float | None = None
    """When it began to fire; None while pending."""
    height: int | None = None
    """The block at which the state began, where a block made it begin."""
    test: bool = False
    """Made by hand to try the receivers: nothing happened."""

    @property
    def key(self) -> str:
        """What makes it the same alert tomorrow: its rule, and what it is about."""
        about = ",".join(f'{name}="{value}"' for name, value in sorted(self.labels.items()))
        return f"{self.rule}{{{about}}}"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A change of state on its way to the receivers."""

    number: int
    """Grows with each change, and survives restarts: what two deliveries of the same change have in common."""
    alert: Alert
