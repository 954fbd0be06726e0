"""Blocks found at the same time."""

from dataclasses import replace

import numpy as np
import pytest

from monitor.analysis.signals.races import at_least, races, records
from monitor.model import BlockHash, PoolSlug, Race, StaleRow

SHARES = {PoolSlug("a"): 0.3, PoolSlug("b"): 0.2, PoolSlug("c"): 0.1}


def stale(height: int, name: str, parent: str, loser: str | None, winner: str | None) -> StaleRow:
    return StaleRow(
        height,
        BlockHash(name),
        BlockHash(parent),
        1000 + height,
        None if loser is None else PoolSlug(loser),
        None if winner is None else PoolSlug(winner),
    )


def race(winner: str | None, loser: str | None, height: int = 1) -> Race:
    return races([stale(height, "x", "w", loser, winner)])[0]


def test_stale_blocks_on_each_other_are_one_race() -> None:
    # As on 2026-03-23: two blocks of AntPool and ViaBTC against two of Foundry's seven.
    rows = [
        stale(941_882, "y", "x", "viabtc", "foundryusa"),
        stale(941_881, "x", "w", "antpool", "foundryusa"),
        stale(950_000, "z", "v", None, "f2pool"),
    ]
    newest, found = races(rows)
    assert (newest.height, newest.time, newest.stale) == (950_000, 951_000, ("z",))
    assert (newest.losers, newest.winners) == ((None,), ("f2pool",))
    assert (found.height, found.time, found.stale) == (941_881, 942_881, ("x", "y"))
    assert (found.losers, found.winners) == (("antpool", "viabtc"), ("foundryusa", "foundryusa"))
    assert (newest.depth, found.depth) == (1, 2)


def test_the_block_above_the_branch_decides_the_race() -> None:
    rows = [
        replace(stale(5, "x", "w", "a", "b"), builder=PoolSlug("c")),
        replace(stale(6, "y", "x", "a", "c"), builder=None),
        replace(stale(9, "z", "v", "a", "b"), builder=PoolSlug("c")),
    ]  # fmt: skip
    assert [each.builder for each in races(rows)] == ["c", None]


def test_wrong_heights_and_a_block_on_itself_are_races_of_their_own() -> None:
    rows = [stale(5, "x", "x", "a", "b"), stale(9, "y", "x", "a", "b"), stale(7, "z", "y", "a", "b")]
    assert [(each.height, each.stale) for each in races(rows)] == [(9, ("y",)), (7, ("z",)), (5, ("x",))]


def test_a_branch_that_branches_is_two_races() -> None:
    rows = [stale(5, "x", "w", "a", "b"), stale(6, "y", "x", "a", "b"), stale(6, "z", "x", "c", "b")]
    assert [each.stale for each in races(rows)] == [("x", "z"), ("x", "y")]


def test_no_stale_blocks_no_races() -> None:
    assert races([]) == ()
    assert records([], SHARES) == ()


def test_records_by_hand() -> None:
    run = [race("a", "b"), race("a", "b"), race("c", "a")]
    a, b, c = records(run, SHARES)
    assert (a.pool, a.won, a.lost) == ("a", 2, 1)
    assert a.expected == pytest.approx(0.55 + 0.55 + 0.6)
    # Two or three of three: all, or all but one.
    assert a.p_value == pytest.approx(0.55**2 * 0.6 + 0.55**2 * 0.4 + 2 * 0.55 * 0.45 * 0.6)
    assert (b.pool, b.won, b.lost, b.p_value) == ("b", 0, 2, 1)
    assert (c.pool, c.won, c.lost) == ("c", 1, 0)
    assert c.p_value == pytest.approx(0.4)
    assert [each.adjusted for each in (a, b, c)] == [1, 1, 1]


def test_the_unknown_have_no_record_but_their_rivals_do() -> None:
    (found,) = records([race("a", None), race(None, "a"), race(None, None)], SHARES)
    assert (found.pool, found.won, found.lost) == ("a", 1, 1)
    assert found.expected == pytest.approx(2 * 0.65)


def test_a_pool_against_itself_is_no_contest() -> None:
    assert records([race("a", "a")], SHARES) == ()


def test_a_pool_without_a_share_has_even_chances_against_another() -> None:
    found = records([race("x", "y")], {})
    assert [each.expected for each in found] == [0.5, 0.5]


def test_chance_of_wins() -> None:
    assert at_least(0, []) == 1
    assert at_least(1, [0.5, 0.5]) == pytest.approx(0.75)
    assert at_least(2, [0.1, 0.2]) == pytest.approx(0.02)


@pytest.mark.simulation
def test_p_values_of_honest_races_are_even() -> None:
    draw = np.random.default_rng(9)
    p_values = []
    for _ in range(1000):
        run = [race("a", "b") if draw.random() < 0.55 else race("b", "a") for _ in range(60)]
        p_values.append(records(run, SHARES)[0].p_value)
    for level in (0.05, 0.2, 0.5):
        assert 0.5 * level < np.mean(np.array(p_values) <= level) < level + 0.03
