"""Alerts, as every receiver gets them."""

from __future__ import annotations

from typing import Self

from monitor.model import AlertState, Dispatch, Severity
from monitor.outputs.schemas.base import PreciseTime, Schema, field


class Alert(Schema):
    """An alert and its state."""

    rule: str = field("Name of the rule")
    severity: Severity = field("Severity of the rule")
    state: AlertState = field("`pending`, `firing` or `resolved`")
    since: PreciseTime = field("When this state began")
    started: PreciseTime | None = field("When it began to fire; null while pending")
    summary: str = field("One sentence")
    explanation: str = field("The numbers behind it with their intervals, and what they mean")
    labels: dict[str, str] = field("What it is about, as `level`, `entity`, `window` or `pool`")
    value: float | None = field("The value that the rule compared; null where it is no number")
    height: int | None = field("The block at which the state began, where a block made it begin")
    test: bool = field("Whether it was made by hand to test the receivers")


class Alerts(Schema):
    """Alerts, newest change first."""

    alerts: list[Alert] = field("Pending and firing alerts, and those resolved in the last day")


class AlertChange(Alert):
    """A change of state."""

    number: int = field("Identifies the change: two messages with the same number are two deliveries of one change")

    @classmethod
    def from_dispatch(cls, change: Dispatch) -> Self:
        """What is on its way to the receivers."""
        return cls.model_construct(number=change.number, **dict(Alert.of(change.alert)))


class FiringAlerts(Schema):
    """All alerts that fire."""

    firing: int = field("How many")
    alerts: list[Alert] = field("By rule and labels")


class RuleAlerts(Schema):
    """One rule: its alerts that fire, and the change that made this message."""

    rule: str = field("Name of the rule")
    state: AlertState = field("`firing` or `resolved`")
    severity: Severity | None = field("The highest of the alerts; null where none fires")
    alerts: list[Alert] = field("Those that fire")
    change: AlertChange | None = field("The change; null where the message only repeats what fires")
