"""Whoever is away is told of at once, then once a minute, then once more."""

from __future__ import annotations

import pytest

from monitor.outages import Outage


def test_it_is_said_at_once_then_each_minute_then_that_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("monitor.outages.time.monotonic", lambda: now)
    away = Outage()
    assert away.recovered() is None

    said = []
    for _ in range(150):
        said.append(away.failed())
        now += 1.0

    assert [each for each in said if each is not None] == [0, 60, 120]
    assert away.recovered() == 150
    assert away.recovered() is None
    assert away.failed() == 0
