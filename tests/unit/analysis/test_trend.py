"""The line through a window's past."""

import numpy as np
import pytest
from scipy import stats

from monitor.analysis import POOL, BlockTable
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


def trend(ledger: BlockTable) -> Trend:
    [found] = trends(ledger, [MONTH, Window.parse("7d"), Window.parse("2016b")])
    return found


def test_a_line_is_the_one_of_the_textbook() -> None:
    values = np.random.default_rng(5).normal(size=12)
    expected = stats.linregress(np.arange(12), values)
    assert line(values) == pytest.approx((expected.slope, expected.stderr))


def test_pools_that_grow_together_are_seen() -> None:
    found = trend(history(np.array([[0.2] * 5, [0.6, 0.1, 0.1, 0.1, 0.1]])))
    true = (10_000 / 4000 - 5) / (30 / 365)
    assert found.upper < 0
    assert found.rising > 0.99
    assert found.lower < true < found.upper


def test_pools_that_stay_as_they_are_have_no_trend() -> None:
    flat = np.array([[0.3, 0.3, 0.2, 0.1, 0.1]] * 2)
    founds = [trend(history(flat, seed)) for seed in range(8)]
    assert sum(found.lower < 0 < found.upper for found in founds) >= 7


def test_what_is_not_known_yet_has_no_trend() -> None:
    assert trends(history(np.array([[0.5, 0.5]] * 2)), [YEAR]) == ()
    assert trends(BlockTable.of([BlockRow(0, 0, 0x1D00FFFF, None)], (POOL,)), [MONTH]) == ()


def test_nobody_known_has_no_trend() -> None:
    rows = [BlockRow(height, SPACING * height, 0x1D00FFFF, None) for height in range(BLOCKS)]
    assert trends(BlockTable.of(rows, (POOL,)), [MONTH]) == ()
