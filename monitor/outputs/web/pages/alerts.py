"""The views of alerts: those that fire grouped by their rule, and what has fired."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.model import Alert, AlertState, EntryKind, JournalEntry, Severity, day_of
from monitor.outputs.web.pages.dates import DayRange

_SHOWN = 3
"""Groups on the overview: more would push its answers off a phone."""
_HISTORY = 200
"""Entries of the history."""
_BY_SEVERITY = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True)
class AlertGroup:
    """The alerts of one rule, newest first."""

    alerts: Sequence[Alert]

    @property
    def newest(self) -> Alert:
        """The alert that stands for the group: the newest of the highest severity."""
        return min(self.alerts, key=lambda alert: _BY_SEVERITY.index(alert.severity))

    @property
    def others(self) -> Sequence[Alert]:
        """The rest."""
        return [alert for alert in self.alerts if alert is not self.newest]


@dataclass(frozen=True)
class FiringView:
    """What the overview shows of the alerts that fire."""

    groups: Sequence[AlertGroup]
    """The most severe first, the newest first among equals."""

    @classmethod
    def of(cls, alerts: Iterable[Alert]) -> FiringView:
        """Group the firing ones."""
        return cls(grouped(alert for alert in alerts if alert.state is AlertState.FIRING))

    @property
    def first(self) -> Sequence[AlertGroup]:
        """Those that are shown."""
        return self.groups[:_SHOWN]

    @property
    def hidden(self) -> int:
        """Alerts in groups that are not shown."""
        return sum(len(group.alerts) for group in self.groups[_SHOWN:])

    @property
    def count(self) -> int:
        """All that fire."""
        return sum(len(group.alerts) for group in self.groups)


def told(journal: Iterable[JournalEntry], days: DayRange) -> list[JournalEntry]:
    """Alerts that fired or were resolved on the days, newest first."""
    return [each for each in journal if each.kind is EntryKind.ALERT and days.holds(day_of(each.at))][:_HISTORY]


def grouped(alerts: Iterable[Alert]) -> list[AlertGroup]:
    """Alerts by rule: the most severe first, the newest first among equals."""
    rules: dict[str, list[Alert]] = {}
    for alert in sorted(alerts, key=lambda alert: -alert.since):
        rules.setdefault(alert.rule, []).append(alert)
    groups = [AlertGroup(each) for each in rules.values()]
    return sorted(groups, key=lambda group: (_BY_SEVERITY.index(group.newest.severity), -group.newest.since))
