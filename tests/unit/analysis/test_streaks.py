"""Blocks in a row."""

import numpy as np
import pytest
from support.rows import past, rows

from monitor.analysis.signals.streaks import BLOCKS_A_YEAR, chance, runs, streaks
from monitor.embedded.history import mainnet


def test_the_pool_of_the_tip_has_a_streak_and_the_others_none() -> None:
    found = {each.pool: (each.blocks, each.longest) for each in streaks(past(rows("abbbaacaa")))}
    assert found == {"a": (2, 2), "b": (0, 3), "c": (0, 1)}


def test_unknown_blocks_are_nobodys_streak() -> None:
    assert [each.blocks for each in streaks(past(rows("aab???")))] == [0, 0]


def test_a_streak_goes_on_for_all_of_a_short_past() -> None:
    (found,) = streaks(past(rows("aaaa")))
    assert (found.blocks, found.longest) == (4, 4)
    # No block before it: the share may be anything. Beta(1/2, 1/2) has E[p^4] = 1/2 3/4 5/6 7/8.
    assert found.probability == pytest.approx(0.5 * 3 / 4 * 5 / 6 * 7 / 8)


def test_no_streak_is_no_wonder() -> None:
    probability, a_year = chance(np.array([0]), np.array([30]), 100)
    assert probability.tolist() == pytest.approx([1])
    assert a_year.tolist() == pytest.approx([BLOCKS_A_YEAR * 70.5 / 101])


def test_of_a_known_share_it_is_the_textbook_number() -> None:
    blocks = 10**7
    probability, a_year = chance(np.array([7]), np.array([3 * 10**6]), blocks)
    assert probability.tolist() == pytest.approx([0.3**7], rel=1e-4)
    assert a_year.tolist() == pytest.approx([52_560 * 0.7 * 0.3**7], rel=1e-4)
    assert 8.0 < a_year[0] < 8.1  # a pool of 30 % makes about eight runs of seven a year


def test_the_streak_itself_does_not_count_for_the_share() -> None:
    # 4 of 14 blocks, the newest 2 of them: the share is judged by 2 of 12.
    probability, _ = chance(np.array([2]), np.array([4]), 14)
    a, b = 2.5, 10.5
    assert probability.tolist() == pytest.approx([a * (a + 1) / ((a + b) * (a + b + 1))])


def test_simulated_miners_make_as_many_runs_as_expected() -> None:
    draws = np.random.default_rng(7).random(2_000_000) < 0.3
    whose, lengths = runs(draws.astype(np.int64))
    years = len(draws) / BLOCKS_A_YEAR
    for length in (3, 5, 7):
        seen = np.count_nonzero(lengths[whose == 1] >= length)
        expected = years * 52_560 * 0.7 * 0.3**length
        assert abs(seen - expected) < 4 * expected**0.5


def test_runs_of_a_real_pool() -> None:
    foundry = np.array([found.pool == "foundryusa" for found in mainnet()])
    whose, lengths = runs(foundry.astype(np.int64))
    mine = lengths[whose == 1]
    assert mine.sum() == foundry.sum()
    share = foundry.mean()
    expected = len(foundry) * (1 - share) * share**4
    assert abs(np.count_nonzero(mine >= 4) - expected) < 3 * expected**0.5


def test_runs_cover_everything_once() -> None:
    whose, lengths = runs(np.array([4, 4, 4, 0, 4, 2, 2]))
    assert whose.tolist() == [4, 0, 4, 2]
    assert lengths.tolist() == [3, 1, 1, 2]
