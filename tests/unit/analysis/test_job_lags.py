"""How quick pools are on a new block."""

from __future__ import annotations

import random

from monitor.analysis.job_lags import median, paces
from monitor.model import BlockHash, BlockRef, PoolTurn, StratumRound


def test_lags_are_behind_the_first_and_those_who_were_away_have_none() -> None:
    rounds = [
        StratumRound(
            BlockRef(n, BlockHash(f"{n:064x}")), 600.0 * n,
            {
                "quick": PoolTurn(9, 5, 0.0 if n % 4 else 0.2, empty_first=True),
                "slow": PoolTurn(9, 5, 1.5 if n % 4 else 0.0, empty_first=False, faults=1),
                "away": PoolTurn(9, 5, None, empty_first=False),
            }, {},
        )
        for n in range(100)
    ]  # fmt: skip
    rounds.append(
        StratumRound(BlockRef(100, BlockHash("aa" * 32)), 6e4, {"quick": PoolTurn(1, 1, 0.0, empty_first=False)}, {})
    )

    found = paces(rounds)

    assert {*found} == {"quick", "slow"}
    assert found["quick"].lag == (0.0, 0.0, 0.0)
    assert found["slow"].lag == (1.5, 1.5, 1.5)
    assert (found["quick"].first, found["slow"].first, found["slow"].rounds) == (75, 25, 100)
    assert found["quick"].empty_first.value == 1.0
    assert found["quick"].empty_first.lower > 0.95
    assert found["slow"].empty_first.upper < 0.05
    assert found["slow"].faults == 100


def test_the_interval_of_the_median_holds_it_as_often_as_it_says() -> None:
    chance = random.Random(7)  # noqa: S311 -- a simulation
    for n in (5, 30, 200):
        held = 0
        for _ in range(400):
            found = median([chance.expovariate(1.0) for _ in range(n)])
            assert found.lower <= found.value <= found.upper
            held += found.lower <= 0.6931 <= found.upper
        assert held / 400 > 0.92


def test_of_one_value_it_is_that_value() -> None:
    assert median([3.0]) == (3.0, 3.0, 3.0)
