"""Groups of pools are found, with their dates, and pools with nodes of their own are not accused."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from math import inf

import pytest
from support.pools import BLOCK, rounds_of

from monitor.analysis.shared_templates import SIGNIFICANT, groups, shared_templates, similarities
from monitor.model import BlockHash, BlockRef, PoolTurn, StratumRound

ALONE = {name: name for name in "abcdefgh"}
GROUPED = ALONE | {"b": "a", "c": "a", "f": "e"}
"""a, b and c have one node; e and f another."""


def test_groups_are_found_and_nothing_else() -> None:
    found = shared_templates(rounds_of(lambda _: GROUPED, 144))

    assert {each.pools for each in found} == {("a", "b"), ("a", "c"), ("b", "c"), ("e", "f")}
    assert all(each.p <= SIGNIFICANT and each.similarity.lower > 0.9 for each in found)
    assert groups(found, -inf) == [("a", "b", "c"), ("e", "f")]


def test_a_group_that_began_and_one_that_ended_have_their_dates() -> None:
    def pools(number: int) -> Mapping[str, str]:
        return ALONE | ({"b": "a"} if number < 100 else {"d": "c"} if number >= 150 else {})

    rounds = rounds_of(pools, 300)
    found = {each.pools: each for each in shared_templates(rounds)}

    assert {*found} == {("a", "b"), ("c", "d")}
    assert abs(found["a", "b"].until - rounds[99].at) <= 2 * BLOCK * 5
    assert abs(found["c", "d"].since - rounds[150].at) <= 2 * BLOCK * 5
    assert groups([*found.values()], rounds[-1].at - 10 * BLOCK) == [("c", "d")]


@pytest.mark.simulation
@pytest.mark.parametrize("arrivals", [5.0, 1.0, 0.3, 0.1, 0.02, 0.002])
@pytest.mark.parametrize("refresh", [5.0, 30.0])
@pytest.mark.parametrize(
    "lag",
    [0.001, 1.0, {**dict.fromkeys("abc", 0.05), **dict.fromkeys("defgh", 5.0)}, {"a": 0.01, "b": 0.01}],
    ids=["perfect", "alike", "three-quick", "two-quick"],
)
def test_independent_pools_are_not_accused_however_alike_their_templates(
    arrivals: float, refresh: float, lag: float | dict[str, float]
) -> None:
    """Where few transactions arrive, or reach some nodes at once, these have the same templates most of the time."""
    rounds = rounds_of(lambda _: ALONE, 200, arrivals=arrivals, refresh=refresh, lag=lag)

    assert shared_templates(rounds) == []


def test_alike_templates_are_shown_as_similar_but_are_no_evidence() -> None:
    rounds = rounds_of(lambda _: ALONE, 100, arrivals=0.002, lag=0.01)

    found = similarities(rounds)

    assert len(found) == 28
    assert found[0].similarity.value > 0.5
    assert shared_templates(rounds) == []


def test_two_pools_alone_cannot_be_judged() -> None:
    assert shared_templates(rounds_of(lambda _: {"a": "n", "b": "n"}, 200)) == []


def test_a_third_pool_is_enough_to_judge_two_after_some_blocks() -> None:
    def pools(_: int) -> Mapping[str, str]:
        return {"a": "n", "b": "n", "c": "c"}

    assert shared_templates(rounds_of(pools, 8)) == []
    (found,) = shared_templates(rounds_of(pools, 40))
    assert found.pools == ("a", "b")


@pytest.mark.parametrize(
    ("nodes", "blocks"),
    [
        (ALONE | {"b": "a"}, 10),
        (GROUPED, 12),
        ({name: name for name in "abcdefghijklmno"} | dict.fromkeys("abcdef", "a") | {"h": "g"}, 16),
        (ALONE | dict.fromkeys("bcdef", "a"), 33),
    ],
    ids=["2 of 8", "3 and 2 of 8", "6 and 2 of 15", "6 of 8"],
)
def test_groups_are_complete_after_as_many_blocks_as_documented(nodes: dict[str, str], blocks: int) -> None:
    true = {pair for pair in combinations(sorted(nodes), 2) if nodes[pair[0]] == nodes[pair[1]]}

    assert {each.pools for each in shared_templates(rounds_of(lambda _: nodes, blocks))} == true


def test_pools_that_are_away_now_and_then_are_compared_where_both_were_there() -> None:
    def pools(number: int) -> Mapping[str, str]:
        return {name: node for name, node in GROUPED.items() if (number + ord(name)) % 3}

    found = shared_templates(rounds_of(pools, 300))

    assert {each.pools for each in found} == {("a", "b"), ("a", "c"), ("b", "c"), ("e", "f")}


def test_the_bound_is_the_probability_where_all_blocks_are_shared() -> None:
    """Three pools, and two of them share: it is chance which of two others has one's templates."""
    turn = PoolTurn(1, 1, 0.0, empty_first=False)
    rounds = [
        StratumRound(
            BlockRef(n, BlockHash(f"{n:064x}")), 600.0 * n, dict.fromkeys("abc", turn), {("a", "b"): 1}, 3000
        )
        for n in range(20)
    ]  # fmt: skip

    (found,) = shared_templates(rounds)

    assert found.p == pytest.approx(3 * 2.0**-20)  # the least of three
    assert (found.jobs, found.rounds, found.since, found.until) == (20, 20, 0.0, 600.0 * 19)
