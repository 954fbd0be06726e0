"""Slopes of ln(effective entities): a flow is as uncertain as its scatter, a stock as its stated errors."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from monitor.economy.trend import LEAST_POINTS, Line, slope
from monitor.model import Direction, Slope

YEAR = [date(2025, 1, 1) + timedelta(days=7 * week) for week in range(52)]
NO_DRAWS = np.zeros((2, 52))


def line(per_year: float, noise: float, *, seed: int = 1) -> Line:
    random = np.random.default_rng(seed)
    return Line(2 + per_year * np.arange(52) / 52 + noise * random.standard_normal(52), NO_DRAWS)


def found(*lines: Line, flow: bool = True) -> Slope:
    made = slope(YEAR, lines, flow=flow)
    assert made
    return made


def test_a_clear_trend_is_told() -> None:
    rising = found(line(0.3, 0.02))
    assert rising.direction is Direction.DISPERSING
    assert rising.per_year == pytest.approx(0.3, abs=0.03)
    assert rising.certainty > 0.99
    assert found(line(-0.3, 0.02)).direction is Direction.CONCENTRATING


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    covered = [each.lower <= 0.1 <= each.upper for each in (found(line(0.1, 0.1, seed=n)) for n in range(400))]
    assert 0.92 <= np.mean(covered) <= 0.99


def test_scatter_that_persists_makes_a_wander_undecided() -> None:
    told = 0
    for seed in range(200):
        wander = np.cumsum(0.05 * np.random.default_rng(seed).standard_normal(52))
        told += found(Line(wander, NO_DRAWS)).direction is not Direction.UNDECIDED
    assert told < 40, "a fifth at most: by plain least squares it would be four fifths"


def test_both_readings_must_agree() -> None:
    both = found(line(0.3, 0.02), line(-0.3, 0.02))
    assert both.direction is Direction.UNDECIDED
    assert both.lower < -0.25 < 0.25 < both.upper


def test_a_bend_is_no_doubt_about_a_stock() -> None:
    bent = Line(np.sqrt(np.arange(52.0)), NO_DRAWS)
    assert found(bent, flow=False).lower == pytest.approx(found(bent, flow=False).per_year, abs=1e-5)


def test_rounding_is_no_direction() -> None:
    flat = Line(2 + 1e-11 * np.arange(52.0), NO_DRAWS)
    assert found(flat).direction is Direction.UNDECIDED


def test_stated_errors_widen_the_interval() -> None:
    draws = np.random.default_rng(2).standard_normal((2000, 52))
    stated = found(Line(line(0.3, 0.0).logs, draws), flow=False)
    assert stated.direction is Direction.UNDECIDED
    assert stated.lower < 0 < stated.upper


def test_few_points_have_no_trend() -> None:
    few = YEAR[: LEAST_POINTS - 1]
    assert slope(few, [Line(np.arange(4.0), np.zeros((2, 4)))], flow=True) is None
