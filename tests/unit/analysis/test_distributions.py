"""Probabilities and quantiles are those that scipy finds."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from monitor.analysis.distributions import (
    beta_below,
    beta_quantiles,
    gamma_quantiles,
    student_quantiles,
)

CHANCES = (1e-6, 0.005, 0.025, 0.3, 0.5, 0.75, 0.975, 0.9999)
TOTALS = (0, 1, 2, 5, 40, 500, 2016, 52_560, 1_000_000)
CLOSE = 1e-9


def found(total: int) -> NDArray[np.int64]:
    """Few, many, nearly all, and some in between."""
    some = np.random.default_rng(total).integers(0, total + 1, 200)
    few = np.arange(min(total, 60) + 1)
    return np.unique(np.concatenate([few, some, total - few]))


@pytest.mark.parametrize("total", TOTALS)
def test_quantiles_of_beta(total: int) -> None:
    a = found(total) + 0.5
    b = total + 1 - a
    for chance, row in zip(CHANCES, beta_quantiles(CHANCES, a, b), strict=True):
        assert row == pytest.approx(special.betaincinv(a, b, chance), rel=CLOSE)
        assert 1 - row == pytest.approx(special.betaincinv(b, a, 1 - chance), rel=CLOSE, abs=1e-14)


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("limit", [0.0, 1e-4, 0.01, 0.25, 1 / 3, 0.5, 0.9, 1.0])
def test_probabilities_of_beta_keep_their_digits_where_they_are_small(total: int, limit: float) -> None:
    a = found(total) + 0.5
    b = total + 1 - a
    exact = special.betainc(a, b, limit)
    assert beta_below(limit, a, b) == pytest.approx(exact, rel=CLOSE, abs=1e-250)


def test_beta_has_parameters_that_are_no_halves_of_integers() -> None:
    chance = np.random.default_rng(3)
    a, b, limit = chance.integers(1, 3000, 2000), chance.uniform(1, 3000, 2000), chance.uniform(0, 1, 2000)
    assert beta_below(limit, a, b) == pytest.approx(special.betainc(a, b, limit), rel=1e-6, abs=1e-250)


def test_quantiles_of_gamma() -> None:
    a = np.concatenate([np.arange(200), np.random.default_rng(4).integers(0, 1_000_000, 500)]) + 0.5
    for chance, row in zip(CHANCES[1:], gamma_quantiles(CHANCES[1:], a), strict=True):  # below, scipy loses digits
        assert row == pytest.approx(special.gammaincinv(a, chance), rel=CLOSE)


@pytest.mark.parametrize("chance", [0.6, 0.975, 0.995])
def test_quantiles_of_student(chance: float) -> None:
    freedom = np.array([1, 2, 10, 30, 5000])
    assert student_quantiles(chance, freedom) == pytest.approx(special.stdtrit(freedom, chance), rel=CLOSE)
