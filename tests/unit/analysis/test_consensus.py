"""The numbers of consensus."""

import numpy as np
import pytest

from monitor.analysis.consensus import ConsensusParams

COIN = 100_000_000


@pytest.mark.parametrize(
    ("height", "coins"), [(0, 50), (209_999, 50), (210_000, 25), (839_999, 6.25), (840_000, 3.125), (1_050_000, 1.5625)]
)
def test_the_subsidy_halves(height: int, coins: float) -> None:
    assert ConsensusParams().subsidy(np.array([height])).tolist() == [coins * COIN]


def test_the_subsidy_ends() -> None:
    heights = np.array([32 * 210_000, 33 * 210_000, 64 * 210_000, 2**31 - 1])
    assert ConsensusParams().subsidy(heights).tolist() == [1, 0, 0, 0]


def test_all_subsidies_are_the_money_there_is() -> None:
    starts = np.arange(40) * 210_000
    assert int(ConsensusParams().subsidy(starts).sum()) * 210_000 == 2_099_999_997_690_000


def test_regtest_is_quicker() -> None:
    assert ConsensusParams.of("regtest").subsidy(np.array([149, 150])).tolist() == [50 * COIN, 25 * COIN]
    assert ConsensusParams.of("regtest").period_blocks == 144
    assert ConsensusParams.of("main") == ConsensusParams.of("signet") == ConsensusParams()
