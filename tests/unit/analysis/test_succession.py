"""Who follows whom."""

from collections import Counter
from itertools import pairwise, permutations
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from support.rows import past, rows

from monitor.analysis.signals.succession import counts, succession_tests, tail

Codes = NDArray[np.int64]


TRIALS = 1000


def codes(pools: str) -> Codes:
    return np.array(["ab.".index(pool) for pool in pools])


def test_who_follows_whom_is_counted_within_stretches() -> None:
    seen, _, _ = counts(codes("aab.aabba"), np.array([7, 7, 7, 7, 7, 8, 8, 8, 8]), 2)
    assert seen.tolist() == [[1, 2], [1, 1]]  # neither the a after the end of the first nor what follows a third


@pytest.mark.parametrize("pools", ["aab..", "aabbb", "abb...", "aaab", "ab"])
def test_mean_and_variance_are_those_of_all_orders(pools: str) -> None:
    orders = [counts(codes("".join(order)), np.zeros(len(pools), int), 2)[0] for order in permutations(pools)]
    _, mean, variance = counts(codes(pools), np.zeros(len(pools), int), 2)
    assert mean == pytest.approx(np.mean(orders, axis=0))
    assert variance == pytest.approx(np.var(orders, axis=0))


@pytest.mark.parametrize("same", [True, False])
def test_over_all_orders_the_number_is_hypergeometric(*, same: bool) -> None:
    pools = "aaabb.."
    pair = ("a", "a") if same else ("a", "b")
    orders = set(permutations(pools))
    seen = Counter(sum(two == pair for two in pairwise(order)) for order in orders)
    exact = stats.hypergeom(7, 2, 3) if same else stats.hypergeom(7, 3, 2)
    for number in range(4):
        assert seen[number] / len(orders) == pytest.approx(exact.pmf(number))


@pytest.mark.parametrize(("leads", "follows"), [(43, 43), (26, 43), (9, 26), (2, 9), (2, 2)])
def test_the_binomial_stands_for_the_exact_sum(leads: int, follows: int) -> None:
    stretch = stats.hypergeom(144, leads, follows).pmf(np.arange(144))
    exact = np.ones(1)
    for _ in range(30):
        exact = np.convolve(exact, stretch)
    mean = np.arange(len(exact)) @ exact
    variance = (np.arange(len(exact)) - mean) ** 2 @ exact
    above = np.cumsum(exact[::-1])[::-1]
    number = np.arange(1, 600)
    found = tail(number, np.full(599, mean), np.full(599, variance))
    assert found == pytest.approx(above[1:600], abs=1e-3)
    telling = (above[1:600] < 0.1) & (above[1:600] > 1e-4)
    assert found[telling] == pytest.approx(above[1:600][telling], rel=0.125)


def test_no_wonder_where_there_is_nothing() -> None:
    zero, none = np.array([0, 3]), np.zeros(2)
    assert tail(zero, none, none).tolist() == [1, 1]
    assert tail(np.array([0]), np.array([2.0]), np.array([1.0])).tolist() == [1]
    assert tail(np.array([50]), np.array([2.0]), np.array([1.0]))[0] < 1e-9  # more than there are places


def test_p_values_of_honest_miners_are_even() -> None:
    chance = np.random.default_rng(2)
    p_values = []
    for _ in range(TRIALS):
        honest = chance.choice(3, 1440, p=[0.3, 0.2, 0.5])
        seen, mean, variance = counts(honest, np.arange(1440) // 144, 2)
        p_values.append(tail(seen, mean, variance))
    for level in (0.01, 0.05, 0.2, 0.5):
        often = np.mean(np.array(p_values) <= level, axis=0)
        assert (often < level + 3 * (level / TRIALS) ** 0.5).all()  # never too eager
        assert (often > 0.6 * level).all()  # and not asleep, as far as whole numbers allow


def test_a_pool_that_grows_is_no_suspect() -> None:
    chance = np.random.default_rng(4)
    growing = (chance.random(52_560) > np.linspace(0.05, 0.4, 52_560)).astype(np.int64)
    seen, mean, variance = counts(growing, np.arange(52_560) // 144, 1)
    assert tail(seen, mean, variance)[0, 0] > 0.01
    seen, mean, variance = counts(growing, np.zeros(52_560, int), 1)
    assert tail(seen, mean, variance)[0, 0] < 1e-6  # as it would be, were the year one stretch


def test_a_selfish_miner_is_found_within_a_year() -> None:
    found = succession_tests(past(rows(selfish_chain(0.35, 52_560))))
    alone = {str(each.leader): each for each in found if each.leader == each.follower}
    assert alone["s"].adjusted < 1e-12
    # Where one clumps, all do; but he most.
    assert alone["s"].seen / alone["s"].expected > 1.5 > alone["a"].seen / alone["a"].expected


def test_two_who_share_secrets_are_found() -> None:
    chance = Random(8)  # noqa: S311 -- drawn one by one, it is ten times as fast as numpy
    chain: list[str] = []
    while len(chain) < 20_000:
        (one,) = chance.choices("abcd", [2, 2, 3, 3])
        chain.append("b" if chain and chain[-1] == "a" and one == "c" and chance.random() < 0.15 else one)
    first, second, *_ = (each for each in succession_tests(past(rows("".join(chain)))) if each.leader != each.follower)
    assert (first.leader, first.follower) == ("a", "b")
    assert first.adjusted < 1e-4
    assert second.adjusted > 10 * first.adjusted


def test_small_pools_and_unknown_blocks_are_not_tested() -> None:
    found = succession_tests(past(rows("ab?" * 300 + "c")))
    assert {each.leader for each in found} == {each.follower for each in found} == {"a", "b"}
    assert succession_tests(past(rows("?"))) == ()
    assert succession_tests(past(rows("a"))) == ()


def selfish_chain(share: float, blocks: int) -> str:
    """The best chain with a selfish miner `s` of this share, the rest being honest; nobody takes his side in a race.

    I. Eyal, E. G. Sirer, Majority Is Not Enough, algorithm 1, with gamma = 0.
    """
    chance = Random(1)  # noqa: S311
    chain: list[str] = []
    hidden, contested = 0, ""
    while len(chain) < blocks:
        honest = "a" if chance.random() < 0.6 else "b"
        if chance.random() < share:
            if contested:
                chain += "ss"
                contested = ""
            else:
                hidden += 1
        elif contested:  # the honest build on their own
            chain += [contested, honest]
            contested = ""
        elif hidden == 0:
            chain.append(honest)
        elif hidden == 1:
            contested, hidden = honest, 0
        elif hidden == 2:
            chain += "ss"
            hidden = 0
        else:
            chain.append("s")
            hidden -= 1
    return "".join(chain)
