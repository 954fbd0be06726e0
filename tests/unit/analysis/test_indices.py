"""Indices against values worked out by hand."""

from math import log

import numpy as np
import pytest

from monitor.analysis.counting.counts import Counts
from monitor.analysis.indices import effective_entities, hhi, hhi_unbiased, indices, nakamoto, theil, top_share


def counts(*sizes: int, singles: int = 0) -> Counts:
    return Counts.of(sizes, singles=singles)


def test_five_blocks_of_three_miners() -> None:
    [found] = indices(counts(1, 3, 1))
    assert found
    assert found.hhi == 4400.0  # 60² + 20² + 20²
    assert found.hhi_unbiased == 3000.0  # (5 · 0.44 - 1) / 4
    assert found.nakamoto == 1
    assert found.gini == pytest.approx(4 / 15)
    assert found.entropy_bits == pytest.approx(1.3709505944546687)
    assert found.effective_entities == 25 / 11
    assert found.theil == pytest.approx(0.6 * log(1.8) + 0.4 * log(0.6))
    assert found.top_share == {1: 0.6, 2: 0.8, 3: 1.0}


def test_a_monopoly() -> None:
    [found] = indices(counts(144))
    assert found
    assert (found.hhi, found.hhi_unbiased, found.nakamoto, found.gini) == (10_000.0, 10_000.0, 1, 0.0)
    assert (found.entropy_bits, found.effective_entities, found.theil) == (0.0, 1.0, 0.0)
    assert found.top_share == {1: 1.0, 2: 1.0, 3: 1.0}


def test_four_equal_miners() -> None:
    [found] = indices(counts(7, 7, 7, 7))
    assert found
    assert (found.hhi, found.nakamoto, found.gini, found.theil) == (2500.0, 3, 0.0, 0.0)
    assert (found.entropy_bits, found.effective_entities) == (2.0, 4.0)


def test_nothing_has_no_indices() -> None:
    assert indices(counts()) == [None]
    assert indices(counts(0, 0)) == [None]


def test_many_sets_are_judged_at_once_each_as_if_alone() -> None:
    sizes, singles = np.array([[[3, 0, 1], [0, 0, 0]], [[0, 0, 7], [2, 2, 2]]]), np.array([[0, 0], [5, 1]])
    alone = [(3, 1), (), (7, *[1] * 5), (2, 2, 2, 1)]
    assert indices(Counts.ranked(sizes, singles)) == [one for each in alone for one in indices(counts(*each))]


def test_one_block_tells_nothing_about_the_shares_behind_it() -> None:
    assert [found.hhi_unbiased for found in indices(counts(1)) if found] == [None]
    assert hhi_unbiased(counts(1, 1)) == 0.0


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [((5, 5), 2), ((6, 5), 1), ((50, 49, 1), 2), ((51, 49), 1), ((1,) * 10, 6), ((1,) * 11, 6), ((4, 2, 1, 1), 2)],
)
def test_half_of_the_blocks_is_no_majority(sizes: tuple[int, ...], expected: int) -> None:
    assert nakamoto(counts(*sizes)) == expected


def test_an_exact_half_stays_exact_where_floats_would_not() -> None:
    half = 10**17 + 1
    assert nakamoto(counts(half, half)) == 2
    assert nakamoto(counts(half + 1, half)) == 1


def test_entities_without_blocks_do_not_count() -> None:
    assert indices(counts(3, 0, 1, 0)) == indices(counts(3, 1))


def test_a_million_single_miners_take_no_place() -> None:
    many = counts(500_000, singles=1_000_000)
    assert many.sizes.tolist() == [500_000]
    assert nakamoto(many) == 250_002
    assert top_share(many, 3) == 500_002 / 1_500_000
    assert effective_entities(many) == 1_500_000**2 / (500_000**2 + 1_000_000)
    assert hhi(many) == 10_000 * (500_000**2 + 1_000_000) / 1_500_000**2


def test_theil_keeps_its_digits_near_equality() -> None:
    million = 10**6
    assert theil(counts(million, million + 2)) == pytest.approx(5e-13, rel=1e-5)  # half the relative distance, squared
