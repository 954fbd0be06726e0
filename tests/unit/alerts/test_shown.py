"""A monitor that does not write shows the alerts of the one that does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from monitor.alerts import shown
from monitor.alerts.rules import Rule
from monitor.hub import Hub
from monitor.model import Alert, AlertState, Severity
from monitor.vitals import Vitals

RULE = Rule("half", Severity.CRITICAL, "share_ratio", enter=0.5, leave=0.45, rising=True, summary="", where={})
FIRING = Alert("half", Severity.CRITICAL, AlertState.FIRING, since=1.0, summary="", explanation="", labels={})


class Stored:
    """One state of the stored alerts after another."""

    def __init__(self, *states: list[Alert]) -> None:
        self._states: Iterator[list[Alert]] = iter(states)

    async def load(self) -> list[Alert]:
        try:
            return next(self._states)
        except StopIteration:
            raise asyncio.CancelledError from None


async def test_stored_alerts_are_shown_and_their_changes_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_seconds: float) -> None:
        pass

    monkeypatch.setattr("monitor.alerts.shown.asyncio.sleep", sleep)
    vitals = Vitals()
    hub = Hub(vitals)
    resolved = replace(FIRING, state=AlertState.RESOLVED, since=2.0)
    pending = replace(FIRING, state=AlertState.PENDING, labels={"entity": "a"})
    with hub.listen_to_alerts("test") as heard, pytest.raises(asyncio.CancelledError):
        await shown.follow([RULE], Stored([], [FIRING], [FIRING], [resolved, pending]).load, hub=hub, vitals=vitals)

    assert hub.alerts == (resolved, pending)
    assert [heard.get_nowait(), heard.get_nowait(), heard.get_nowait()] == [FIRING, resolved, None]
    firing = vitals.registry.get_sample_value("pool_monitor_alerts_firing", {"rule": "half", "severity": "critical"})
    assert firing == 0


async def test_what_fires_at_the_first_look_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_seconds: float) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr("monitor.alerts.shown.asyncio.sleep", sleep)
    hub = Hub(Vitals())
    with hub.listen_to_alerts("test") as heard, pytest.raises(asyncio.CancelledError):
        await shown.follow([RULE], Stored([FIRING]).load, hub=hub, vitals=Vitals())

    assert hub.alerts == (FIRING,)
    assert heard.get_nowait() is None
