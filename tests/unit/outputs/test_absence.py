"""Whoever is away is told of at once, then once a minute, then once more."""

from __future__ import annotations

import pytest

from monitor.outputs import outages as absence
from monitor.outputs.outages import Absence


def test_it_is_said_at_once_then_each_minute_then_that_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(absence.time, "monotonic", lambda: now)
    away = Absence()
    assert away.ends() is None

    said = []
    for _ in range(150):
        said.append(away.goes_on())
        now += 1.0

    assert [each for each in said if each is not None] == [0, 60, 120]
    assert away.ends() == 150
    assert away.ends() is None
    assert away.goes_on() == 0
