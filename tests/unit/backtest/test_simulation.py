"""Simulated blocks: constant shares are those of the last year, drifting ones move as was measured."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from monitor.backtest.simulation import DRIFT, RETURN_DAYS, STEP, simulated, walk
from monitor.model import BlockRow, PoolSlug

A, B = PoolSlug("a"), PoolSlug("b")
PAST = [BlockRow(at, 600 * at, 0x1D00FFFF, A if at % 5 < 2 else B if at % 5 < 4 else None) for at in range(1000)]


@pytest.mark.parametrize("drift", [0.0, 1.0])
def test_shares_are_about_those_of_the_past(drift: float) -> None:
    rows = list(simulated(PAST, 10_000, seed=1, drift=drift))

    assert [row.height for row in rows[:10_000]] == list(range(1000, 11_000))
    assert rows[9999].time == pytest.approx(PAST[-1].time + 600 * 10_000, rel=0.05)
    counts = Counter(row.pool for row in rows[:10_000])
    assert counts[A] / 10_000 == pytest.approx(0.4, abs=0.02 if not drift else 0.1)
    assert counts[None] / 10_000 == pytest.approx(0.2, abs=0.02 if not drift else 0.1)


def test_a_walk_drifts_by_the_day_and_comes_back() -> None:
    daily = np.array(DRIFT)
    steps = walk(60_000, daily, np.random.default_rng(1))
    by_day = np.diff(steps[:: 144 // STEP], axis=0).std(axis=0)

    assert by_day == pytest.approx(daily, rel=0.03)
    assert steps.std(axis=0) == pytest.approx(daily * (RETURN_DAYS / 2) ** 0.5, rel=0.25)
