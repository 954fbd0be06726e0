"""Slopes of ln(effective entities): a flow is as uncertain as its scatter, a stock as its stated errors."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest

from monitor.analysis.distributions import Floats
from monitor.economy.trend import LEAST_POINTS, slope
from monitor.model import Direction, Slope

YEAR = [date(2025, 1, 1) + timedelta(days=7 * week) for week in range(52)]


def line(per_year: float, noise: float, *, seed: int = 1) -> Floats:
    random = np.random.default_rng(seed)
    return 2 + per_year * np.arange(52) / 52 + noise * random.standard_normal(52)


def found(*readings: Floats, flow: bool = True, draws: Floats | None = None) -> Slope:
    no_errors = np.zeros((1, 2, len(readings[0])))
    made = slope(YEAR[: len(readings[0])], np.stack(readings), no_errors if draws is None else draws, flow=flow)
    assert made
    return made


def test_a_clear_trend_has_a_direction() -> None:
    rising = found(line(0.3, 0.02))
    assert rising.direction is Direction.DISPERSING
    assert rising.per_year == pytest.approx(0.3, abs=0.03)
    assert rising.certainty > 0.99
    assert found(line(-0.3, 0.02)).direction is Direction.CONCENTRATING


@pytest.mark.simulation
def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    covered = [each.lower <= 0.1 <= each.upper for each in (found(line(0.1, 0.1, seed=n)) for n in range(400))]
    assert 0.92 <= np.mean(covered) <= 0.99


def test_scatter_that_persists_makes_a_wander_undecided() -> None:
    directions = 0
    for seed in range(200):
        wander = np.cumsum(0.05 * np.random.default_rng(seed).standard_normal(52))
        directions += found(wander).direction is not Direction.UNDECIDED
    assert directions < 40, "a fifth at most: by plain least squares it would be four fifths"


def test_a_direction_holds_for_both_readings() -> None:
    both = found(line(0.3, 0.02), line(-0.3, 0.02))
    assert both.direction is Direction.UNDECIDED
    assert both.lower < -0.25 < 0.25 < both.upper
    assert both.certainty == 0.5, "one combination rises as probably as it falls"


def test_the_slope_is_bounded_over_all_combinations_of_readings() -> None:
    random = np.random.default_rng(3)
    low = 2 + 0.1 * random.standard_normal(8)
    readings = np.stack((low, low + 0.2 * random.random(8)))
    made = found(*readings, flow=False)
    years = np.array([each.toordinal() for each in YEAR[:8]]) / 365.25
    slopes = [
        np.polyfit(years - years[0], readings[list(chosen), range(8)], 1)[0] for chosen in product(range(2), repeat=8)
    ]
    assert (made.lower, made.upper) == pytest.approx((min(slopes), max(slopes)), abs=1e-5)
    assert made.per_year == pytest.approx(np.mean(slopes))


def test_a_remainder_that_is_dispersed_first_and_lumped_later_leaves_a_rise_undecided() -> None:
    rise = 2 + 0.1 * np.arange(8) / 8
    made = found(rise, rise + 0.2, flow=False)
    assert found(rise, flow=False).direction is found(rise + 0.2, flow=False).direction is Direction.DISPERSING
    assert made.direction is Direction.UNDECIDED


def test_the_widest_assumption_about_errors_counts() -> None:
    narrow, wide = (width * np.random.default_rng(4).standard_normal((2000, 52)) for width in (0.01, 0.1))
    logs = line(0.3, 0.0)
    together = found(logs, flow=False, draws=np.stack((narrow, wide))[None])
    assert together == found(logs, flow=False, draws=wide[None])
    assert together.upper > found(logs, flow=False, draws=narrow[None]).upper


def test_a_bend_is_no_doubt_about_a_stock() -> None:
    bent = found(np.sqrt(np.arange(52.0)), flow=False)
    assert bent.lower == pytest.approx(bent.per_year, abs=1e-5)


def test_rounding_is_no_direction() -> None:
    assert found(2 + 1e-11 * np.arange(52.0)).direction is Direction.UNDECIDED


def test_stated_errors_widen_the_interval() -> None:
    draws = np.random.default_rng(2).standard_normal((1, 2000, 52))
    stated = found(line(0.3, 0.0), flow=False, draws=draws)
    assert stated.direction is Direction.UNDECIDED
    assert stated.lower < 0 < stated.upper


def test_few_points_have_no_trend() -> None:
    assert slope(YEAR[: LEAST_POINTS - 1], np.zeros((1, 4)), np.zeros((1, 2, 4)), flow=True) is None
