"""How sure a share is."""

import pytest
from scipy import stats

from monitor.analysis.uncertainty.intervals import share_intervals


@pytest.mark.parametrize(("found", "total"), [(1, 144), (45, 144), (143, 144), (15_884, 53_082), (1, 1_000_000)])
def test_interval_is_the_middle_of_the_posterior(found: int, total: int) -> None:
    [(lower, upper)] = share_intervals([found], total)
    posterior = stats.beta(found + 0.5, total - found + 0.5)
    assert posterior.cdf(lower) == pytest.approx(0.025)
    assert posterior.sf(upper) == pytest.approx(0.025)


def test_published_interval() -> None:
    """Brown, Cai and DasGupta 2001, Table 5: Jeffreys' limits for n = 10."""
    [(lower, upper)] = share_intervals([3], 10)
    assert (round(lower, 3), round(upper, 3)) == (0.093, 0.606)


def test_interval_holds_the_share_at_both_ends() -> None:
    [(none_low, none_high), (all_low, all_high)] = share_intervals([0, 12], 12)
    assert none_low == 0.0 < none_high
    assert all_low < all_high == 1.0


def test_no_entities_no_intervals() -> None:
    assert share_intervals([], 5) == []
    assert share_intervals([], 0) == []


def test_plain_floats() -> None:
    [(lower, upper)] = share_intervals([3], 10)
    assert type(lower) is float
    assert type(upper) is float
