"""Chunk fee rates: what a transaction is worth together with what has to be mined with it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.audit.chunks import chunk_rates, rate_below


def test_a_lone_transaction_has_its_own_rate() -> None:
    assert chunk_rates([1000, 300], [400, 400], [(), ()]) == [10, 3]


def test_a_child_pays_for_its_parent() -> None:
    assert chunk_rates([100, 1900], [400, 400], [(), (0,)]) == [10, 10]


def test_a_parent_that_pays_more_stays_alone() -> None:
    assert chunk_rates([1900, 100], [400, 400], [(), (0,)]) == [19, 1]


def test_other_clusters_do_not_matter() -> None:
    assert chunk_rates([100, 500, 1900], [400, 400, 400], [(), (), (0,)]) == [10, 5, 10]


def test_a_child_with_two_parents_joins_their_clusters() -> None:
    assert chunk_rates([100, 100, 2800], [400, 400, 400], [(), (), (0, 1)]) == [10, 10, 10]


@st.composite
def clusters(draw: st.DrawFn) -> tuple[list[int], list[int], list[list[int]]]:
    """A list in which parents come first."""
    size = draw(st.integers(1, 12))
    fees = draw(st.lists(st.integers(0, 5000), min_size=size, max_size=size))
    weights = draw(st.lists(st.integers(1, 4000), min_size=size, max_size=size))
    parents = [draw(st.lists(st.integers(0, at - 1), max_size=2)) if at else [] for at in range(size)]
    return fees, weights, parents


@given(clusters())
def test_no_chunk_pays_more_than_one_before_it(made: tuple[list[int], list[int], list[list[int]]]) -> None:
    fees, weights, parents = made
    rates = chunk_rates(fees, weights, parents)

    assert sum(rate * weight for rate, weight in zip(rates, weights, strict=True)) == pytest.approx(4 * sum(fees))
    for at, its_parents in enumerate(parents):
        assert all(rates[parent] >= rates[at] - 1e-9 for parent in its_parents)


@given(clusters())
def test_the_share_below_a_rate_is_at_most_what_was_asked(made: tuple[list[int], list[int], list[list[int]]]) -> None:
    fees, weights, parents = made
    rates = chunk_rates(fees, weights, parents)
    limits = [rate_below(rates, weights, share) for share in (0.0, 0.05, 0.5, 0.9)]

    assert limits[0] == min(rates)
    assert all(low <= high for low, high in pairwise(limits))
    below = sum(weight for rate, weight in zip(rates, weights, strict=True) if rate < limits[1])
    assert below <= 0.05 * sum(weights)
