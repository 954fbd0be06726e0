"""Stale rates, beside what the size of a pool explains."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.rows import past, rows

from monitor.analysis.signals.stale_rates import rates, stale_chances, stale_rates
from monitor.model import BlockHash, PoolSlug, StaleRow

A, B, C = map(PoolSlug, "abc")


def stale(height: int, pool: str | None, *, name: str = "", parent: str = "w") -> StaleRow:
    own = BlockHash(name or f"{height}{pool}")
    return StaleRow(height, own, BlockHash(parent), 1000, PoolSlug(pool) if pool else None, A)


def test_rates_by_hand() -> None:
    a, b = rates((A, B, None), (60, 35, 5), (0, 4, 3), window="all")
    assert (a.pool, a.blocks, a.stale, a.rate, a.lower) == (A, 60, 0, 0, 0)
    assert (b.pool, b.blocks, b.stale, b.rate) == (B, 35, 4, 4 / 39)
    assert b.lower < b.rate < b.upper
    shares = np.array([60, 39]) / 107
    losses = shares * (1 - 2 * shares + (shares**2).sum())
    expected = 4 * losses / losses.sum()
    assert (a.expected, b.expected) == pytest.approx((expected[0] / 60, expected[1] / 39))
    one = losses[1] / losses.sum()
    assert (b.p_value, b.adjusted) == pytest.approx((2 * one**4, 4 * one**4))  # all four are of b; two are tested


def test_each_window_counts_its_own_stale_blocks_and_none_without() -> None:
    lost = [stale(1000, "a"), stale(1003, "b"), stale(1003, None), stale(1003, "stranger")]
    found = stale_rates(past(rows("aabb"), "4b", "2b"), lost)
    assert [(each.window, each.pool, each.blocks, each.stale) for each in found] == [
        ("4b", A, 2, 1), ("4b", B, 2, 1), ("2b", B, 2, 1),
    ]  # fmt: skip
    assert stale_rates(past(rows("aabb"), "4b"), []) == ()
    assert stale_rates(past(rows("aabb"), "2b"), lost[:1]) == ()


def test_a_long_branch_is_a_split_and_not_seven_races() -> None:
    def branch(length: int) -> list[StaleRow]:
        return [stale(1000 + at, "a", name=f"x{at}", parent=f"x{at - 1}") for at in range(length)]

    assert [each.stale for each in stale_rates(past(rows("ab" * 9)), branch(6))] == [6, 0]
    assert stale_rates(past(rows("ab" * 9)), branch(7)) == ()
    fork = [*branch(2), stale(1001, "b", name="y", parent="x0")]  # two ends on one block, which counts once
    assert [each.stale for each in stale_rates(past(rows("ab" * 9)), fork)] == [2, 1]


def test_pools_too_small_to_expect_a_stale_block_are_not_tested() -> None:
    a, b, c = rates((A, B, C), (600, 390, 10), (6, 4, 1), window="all")
    assert c.p_value is None
    assert c.adjusted is None
    assert a.p_value is not None
    assert b.p_value is not None


def test_one_pool_alone_has_no_races() -> None:
    (a,) = rates((A, None), (10, 0), (0, 1), window="all")
    assert (a.rate, a.expected) == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 1000)), min_size=1, max_size=8))
def test_intervals_hold_the_rates_and_the_expected_blocks_are_those_found(pools: list[tuple[int, int]]) -> None:
    names = [PoolSlug(str(number)) for number in range(len(pools))]
    found = [*rates(names, [kept for kept, _ in pools], [gone for _, gone in pools], window="all")]
    for each in found:
        assert 0 <= each.lower <= each.rate <= each.upper <= 1
        assert each.p_value is None or 0 <= each.p_value <= (each.adjusted or 0) <= 1
    total, expected = (
        sum(value * (each.blocks + each.stale) for each in found for value in [getattr(each, name)])
        for name in ("rate", "expected")
    )
    if sum(each.share > 0 for each in found) > 1:
        assert expected == pytest.approx(total)


@pytest.mark.simulation
def test_p_values_of_pools_that_lose_by_their_size_are_even() -> None:
    draw = np.random.default_rng(5)
    blocks = np.array([3000, 2000, 1000, 500])
    shares = blocks / blocks.sum()
    chances = stale_chances(shares, np.ones(4, dtype=np.bool_))
    smallest = []
    for _ in range(600):
        gone = draw.multinomial(60, chances)
        found = rates([PoolSlug(each) for each in "abcd"], blocks.tolist(), gone.tolist(), window="all")
        smallest.append(min(each.adjusted or 1 for each in found))
    assert np.mean(np.array(smallest) <= 0.05) < 0.07


@pytest.mark.simulation
def test_theory_is_what_a_network_with_equal_delays_does() -> None:
    """Pools that mine on what they know, the first-seen block of a height first, and hear of others' blocks late."""
    shares = np.array([0.3, 0.2, 0.2, 0.1, 0.05, *[0.01] * 15])
    found, gone = _simulate(shares, delay=0.02, blocks=150_000)
    chances = stale_chances(shares, np.ones(len(shares), dtype=np.bool_))
    expected = gone.sum() * chances
    assert gone[0] == pytest.approx(expected[0], rel=0.12)
    assert gone[1:3].sum() == pytest.approx(expected[1:3].sum(), rel=0.08)
    assert gone[5:].sum() == pytest.approx(expected[5:].sum(), rel=0.12)
    small, large = gone[5:].sum() / found[5:].sum(), gone[0] / found[0]
    concentration = (shares**2).sum()
    assert small / large == pytest.approx((0.98 + concentration) / (0.4 + concentration), rel=0.15)
    assert small / large > 1.8  # by 1 - s alone, that a pool never races itself, it were 1.4
    assert gone.sum() / found.sum() == pytest.approx(0.02 * (1 - concentration), rel=0.08)


def _simulate(shares: NDArray[np.float64], *, delay: float, blocks: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Blocks found, and those of them that went stale, by pool. `delay` is in block times."""
    draw = np.random.default_rng(7)
    times = np.cumsum(draw.exponential(size=blocks)).tolist()
    pools = draw.choice(len(shares), size=blocks, p=shares / shares.sum()).tolist()
    heights, parents, arrived = [0], [0], [(0.0, -1)]
    for time, pool in zip(times, pools, strict=True):
        best, first = 0, 0.0
        for block in range(len(heights) - 1, max(len(heights) - 12, -1), -1):
            found, owner = arrived[block]
            heard = found if owner in (pool, -1) else found + delay
            if heard <= time and (-heights[block], heard) < (-heights[best], first):
                best, first = block, heard
        heights.append(heights[best] + 1)
        parents.append(best)
        arrived.append((time, pool))
    on_chain, at = set(), int(np.argmax(heights))
    while at:
        on_chain.add(at)
        at = parents[at]
    lost = [pool for number, pool in enumerate(pools, start=1) if number not in on_chain]
    return np.bincount(pools, minlength=len(shares)), np.bincount(lost, minlength=len(shares))
