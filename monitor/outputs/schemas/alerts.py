"""Alerts, as every receiver gets them."""

from __future__ import annotations

from typing import Self

from monitor.model import AlertState, Dispatch, Severity
from monitor.outputs.schemas.base import PreciseTime, Schema


class Alert(Schema):
    """An alert and its state."""

    rule: str
    """Name of the rule."""
    severity: Severity
    """Severity of the rule."""
    state: AlertState
    """`pending`, `firing` or `resolved`."""
    since: PreciseTime
    """When this state began."""
    started: PreciseTime | None
    """When it began to fire; null while pending."""
    summary: str
    """One sentence."""
    explanation: str
    """The numbers behind it with their intervals, and what they mean."""
    labels: dict[str, str]
    """What it is about: `level`, `entity`, `window`, `pool`, ..."""
    value: float | None
    """The value that the rule compared; null where it is no number."""
    height: int | None
    """The block at which the state began, where a block made it begin."""
    test: bool
    """Whether it was made by hand to test the receivers."""


class Alerts(Schema):
    """Alerts, newest change first."""

    alerts: list[Alert]
    """Pending and firing alerts, and those resolved in the last day."""


class AlertChange(Alert):
    """A change of state."""

    number: int
    """Identifies the change: two messages with the same number are two deliveries of one change."""

    @classmethod
    def from_dispatch(cls, change: Dispatch) -> Self:
        """What is on its way to the receivers."""
        return cls.model_construct(number=change.number, **dict(Alert.of(change.alert)))


class FiringAlerts(Schema):
    """All alerts that fire."""

    firing: int
    """How many."""
    alerts: list[Alert]
    """By rule and labels."""


class RuleAlerts(Schema):
    """One rule: its alerts that fire, and the change that made this message."""

    rule: str
    """Name of the rule."""
    state: AlertState
    """`firing` or `resolved`."""
    severity: Severity | None
    """The highest of the alerts; null where none fires."""
    alerts: list[Alert]
    """Those that fire."""
    change: AlertChange | None
    """The change; null where the message only repeats what fires."""
