"""Found, and expected."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from support.rows import past, rows

from monitor.analysis.signals.luck import luck
from monitor.analysis.uncertainty.current_share import LIFETIMES
from monitor.model import Luck, PoolSlug

TRIALS = 150


def of(pools: str, *windows: str) -> dict[tuple[str, str], Luck]:
    return {(each.pool, each.window): each for each in luck(past(rows(pools), *windows))}


def test_luck_by_hand() -> None:
    found = of("abbbbbbbaa", "4b", "10b")["a", "4b"]
    assert found.blocks == 2
    assert found.expected == pytest.approx(4 * 3 / 10)
    assert found.ratio == pytest.approx(2 / 1.2)
    drift = np.mean(1 / LIFETIMES**2)  # so few blocks favour none of them
    assert found.zscore == pytest.approx((2 - 1.2) / sqrt(4 * 0.3 * 0.7 * (6 / 9 + drift * 4 * 6**2 / 30)))


def test_a_pool_that_found_nothing_lately_is_unlucky() -> None:
    found = of("aabbbb", "3b", "6b")["a", "3b"]
    assert (found.blocks, found.ratio) == (0, 0)
    assert found.zscore is not None
    assert found.zscore < 0


def test_unknown_blocks_are_part_of_the_whole() -> None:
    assert of("a??a", "2b", "4b")["a", "2b"].expected == pytest.approx(1)


def test_in_the_longest_window_there_is_no_luck() -> None:
    found = of("abab", "2b", "4b")["a", "4b"]
    assert (found.ratio, found.zscore) == (1, None)


def test_a_pool_alone_has_no_luck() -> None:
    found = of("aaaa", "2b", "4b")["a", "2b"]
    assert (found.ratio, found.zscore) == (1, None)


def test_luck_of_one_block() -> None:
    assert of("a", "1b")["a", "1b"].zscore is None


@pytest.mark.simulation
def test_zscores_of_a_share_that_does_not_change_are_no_larger_than_luck() -> None:
    chance = np.random.default_rng(11)
    scores: list[float] = []
    for _ in range(TRIALS):
        pools = "".join(np.where(chance.random(600) < 0.3, "a", "b"))
        score = of(pools, "200b", "600b")["a", "200b"].zscore
        assert score is not None
        scores.append(score)
    assert abs(np.mean(scores)) < 0.15
    assert 0.8 < np.std(scores) < 1.05


@pytest.mark.simulation
@pytest.mark.parametrize("drift", [0.02, 0.06])
def test_zscores_of_a_share_that_drifts_are_those_of_luck(drift: float) -> None:
    chance = np.random.default_rng(12)
    scores: list[float] = []
    for _ in range(60):
        odds = np.exp(np.cumsum(chance.normal(0, drift, 52)))
        pool = (chance.random((52, 504)) > (odds / (2 + odds))[:, None]).ravel().astype(np.int64)
        some = replace(
            past(rows("ab")), pools=(PoolSlug("a"), PoolSlug("b"), None), pool=pool, longest=slice(0, None),
            where={"2016b": slice(-2016, None)},
        )  # fmt: skip
        score = luck(some)[0].zscore
        assert score is not None
        scores.append(score)
    assert 0.5 < np.std(scores) < 1.25
