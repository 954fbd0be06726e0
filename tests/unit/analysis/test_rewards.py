"""What blocks paid."""

from support.rows import A, B, past, rows

from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.signals.rewards import rewards
from monitor.model import Reward

SUBSIDY = 312_500_000
MAINNET = ConsensusParams()


def test_rewards_by_hand() -> None:
    values = [SUBSIDY + 5, SUBSIDY, SUBSIDY - 7, SUBSIDY + 100, None]
    found = rewards(past(rows("aabba", height=900_000, value_sat=values)), MAINNET)
    assert found == (
        Reward(A, "all", 2, 2 * SUBSIDY + 5, 5, underclaimed=0, underclaimed_sat=0, overclaimed=0),
        Reward(B, "all", 2, 2 * SUBSIDY + 93, 100, underclaimed=1, underclaimed_sat=7, overclaimed=0),
        Reward(None, "all", 0, 0, 0, 0, 0, 0),
    )
    assert found[0].fee_ratio == 5 / (2 * SUBSIDY + 5)
    assert found[2].fee_ratio is None


def test_a_halving_between() -> None:
    values = [625_000_000 + 1, SUBSIDY + 2]
    (found, _) = rewards(past(rows("aa", height=839_999, value_sat=values)), MAINNET)
    assert found.fees_sat == 3


def test_an_empty_block_that_takes_more_shows_that_the_rules_are_others() -> None:
    blocks = rows("aa", height=150, value_sat=[2_500_000_000, 5_000_000_001], tx_count=[1, 1])
    (mainnet, _), (regtest, _) = (rewards(past(blocks), rules) for rules in (MAINNET, ConsensusParams.of("regtest")))
    assert (mainnet.overclaimed, mainnet.underclaimed) == (1, 1)
    assert (regtest.overclaimed, regtest.underclaimed) == (1, 0)


def test_sums_of_a_year_are_exact() -> None:
    odd = 2_100_000_001_234_567
    (found, _) = rewards(past(rows("aaa", height=900_000, value_sat=[odd, odd, odd])), MAINNET)
    assert found.reward_sat == 3 * odd
    assert found.fees_sat == 3 * (odd - SUBSIDY)
