"""Found, and expected."""

from math import sqrt

import numpy as np
import pytest
from support.rows import past, rows

from monitor.analysis.signals.luck import luck
from monitor.model import Luck

TRIALS = 150


def of(pools: str, *windows: str) -> dict[tuple[str, str], Luck]:
    return {(each.pool, each.window): each for each in luck(past(rows(pools), *windows))}


def test_luck_by_hand() -> None:
    found = of("abbbbbbbaa", "4b", "10b")["a", "4b"]
    assert found.blocks == 2
    assert found.expected == pytest.approx(4 * 3 / 10)
    assert found.ratio == pytest.approx(2 / 1.2)
    assert found.zscore == pytest.approx((2 - 1.2) / sqrt(4 * 0.3 * 0.7 * 6 / 9))


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


def test_zscores_of_honest_miners_are_standard() -> None:
    chance = np.random.default_rng(11)
    scores: list[float] = []
    for _ in range(TRIALS):
        pools = "".join(np.where(chance.random(300) < 0.3, "a", "b"))
        score = of(pools, "100b", "300b")["a", "100b"].zscore
        assert score is not None
        scores.append(score)
    assert abs(np.mean(scores)) < 3 / sqrt(TRIALS)
    assert np.std(scores) == pytest.approx(1, abs=3 / sqrt(2 * TRIALS))
