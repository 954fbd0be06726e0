"""The line through a window's past."""

import numpy as np
import pytest
from scipy import stats

from monitor.analysis import POOL, BlockTable
from monitor.analysis.counting.rows import FIRST
from monitor.analysis.uncertainty.current_share import LevelPosterior, Posterior
from monitor.analysis.uncertainty.trend import line, trends
from monitor.model import BlockRow, PoolSlug, Trend, Window

MONTH, YEAR = Window.parse("30d"), Window.parse("1y")
SPACING = 600
BLOCKS = 31 * 144


def history(shares: np.ndarray, seed: int = 1) -> BlockTable:
    """A month in which a pool's share goes from the first row of `shares` to the second."""
    chance = np.random.default_rng(seed)
    first, last = shares
    rows = []
    for height, drawn in enumerate(chance.random(BLOCKS)):
        mix = first + (last - first) * height / BLOCKS
        pool = PoolSlug(f"p{np.searchsorted(np.cumsum(mix), drawn)}")
        rows.append(BlockRow(height, SPACING * height, 0x1D00FFFF, pool))
    return BlockTable.of(rows, (POOL,))


def trend(table: BlockTable, drift: float = 0.0) -> Trend:
    entities = table.entities(0)
    level = LevelPosterior(entities, Posterior(*np.array([[0.2], [1000], [drift]]) * np.ones(len(entities))))
    [found] = trends(table, [MONTH, Window.parse("7d"), Window.parse("2016b")], {"pool": level})
    return found


def with_codes(counts: np.ndarray) -> np.ndarray:
    """The unknown and the nameless have no blocks."""
    return np.pad(counts, ((0, 0), (FIRST, 0)))


def test_a_line_is_the_one_of_the_textbook() -> None:
    counts = np.random.default_rng(5).multinomial(1000, [0.5, 0.3, 0.2], size=12)
    entities = 1000 * 999 / (counts * (counts - 1)).sum(axis=1)
    fitted = line(with_codes(counts), np.zeros(3))
    assert fitted
    assert fitted[0] == pytest.approx(stats.linregress(np.arange(12), entities).slope)


@pytest.mark.parametrize("lifetime", [np.inf, 3000, 1000])
def test_the_error_is_what_luck_and_drift_do_to_the_slope(lifetime: float) -> None:
    chance, shares = np.random.default_rng(6), np.array([0.3, 0.25, 0.25, 0.2])
    slopes, errors, step = [], [], 100
    noise = np.linalg.cholesky(np.diag(shares[:-1]) - np.outer(shares[:-1], shares[:-1]))
    for _ in range(400):
        moved = chance.normal(size=(120, 3)) @ noise.T * np.sqrt(step) / lifetime
        mixes = shares[:-1] + np.cumsum(moved, axis=0)
        counts = chance.multinomial(step, np.column_stack((mixes, 1 - mixes.sum(axis=1))))
        fitted = line(with_codes(counts.reshape(12, 10, 4).sum(axis=1)), np.full(4, 1 / lifetime**2))
        assert fitted
        slopes.append(fitted[0])
        errors.append(fitted[1])
    assert np.std(slopes) == pytest.approx(np.mean(errors), rel=0.12)


def test_drift_makes_a_trend_less_sure() -> None:
    table = history(np.array([[0.2] * 5, [0.6, 0.1, 0.1, 0.1, 0.1]]))
    sure, less = trend(table), trend(table, drift=1 / 1000**2)
    assert sure.slope == less.slope
    assert less.lower < sure.lower < sure.upper < less.upper


def test_pools_that_grow_together_are_seen() -> None:
    found = trend(history(np.array([[0.2] * 5, [0.6, 0.1, 0.1, 0.1, 0.1]])))
    true = (10_000 / 4000 - 5) / (30 / 365)
    assert found.upper < 0
    assert found.rising > 0.99
    assert found.lower < true < found.upper


@pytest.mark.simulation
def test_pools_that_stay_as_they_are_have_no_trend() -> None:
    flat = np.array([[0.3, 0.3, 0.2, 0.1, 0.1]] * 2)
    founds = [trend(history(flat, seed)) for seed in range(8)]
    assert sum(found.lower < 0 < found.upper for found in founds) >= 7


def test_what_is_not_known_yet_has_no_trend() -> None:
    assert trends(history(np.array([[0.5, 0.5]] * 2)), [YEAR], {}) == ()
    assert trends(BlockTable.of([BlockRow(0, 0, 0x1D00FFFF, None)], (POOL,)), [MONTH], {}) == ()


def test_nobody_known_has_no_trend() -> None:
    rows = [BlockRow(height, SPACING * height, 0x1D00FFFF, None) for height in range(BLOCKS)]
    assert trends(BlockTable.of(rows, (POOL,)), [MONTH], {}) == ()
