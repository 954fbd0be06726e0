"""Who says yes to new rules."""

from math import comb

import numpy as np
import pytest
from scipy.special import beta
from support.rows import A, B, past, rows

from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.signals.signalling import bip54, chance, forecasts, periods, signalling
from monitor.model import Forecast, Period, Signalling

YES, BOTH, NO = 0x2000_0010, 0x2000_0012, 0x2000_0000
TEN = ConsensusParams(period_blocks=10)


def test_signals_by_bit_window_and_pool() -> None:
    blocks = rows("aab?b", height=8, version=[YES, BOTH, NO, YES, YES])
    found = signalling(past(blocks, "2b", "5b"), TEN)
    assert found == (
        Signalling("2b", 2, 2, {B: 1, None: 1}, bit=4),
        Signalling("5b", 5, 4, {A: 2, B: 1, None: 1}, bit=4),
        Signalling("period", 3, 2, {B: 1, None: 1}, bit=4),  # from block 10 on
        Signalling("2b", 2, 0, {}, bit=1),
        Signalling("5b", 5, 1, {A: 1}, bit=1),
        Signalling("period", 3, 0, {}, bit=1),
    )
    assert list(found[1].pools) == ["a", "b", None]


def test_nobody_signals() -> None:
    quiet = past(rows("ab", version=[NO, NO]))
    assert signalling(quiet, TEN) == ()
    assert forecasts(quiet, TEN) == ()
    assert periods(quiet, TEN) == (Period(1000, 2, {}),)


def test_each_period_by_itself() -> None:
    blocks = rows("a" * 15, height=8, version=[YES, YES] + [NO] * 10 + [BOTH] * 3)
    assert periods(past(blocks), TEN) == (
        Period(0, 2, {4: 2}),
        Period(10, 10, {}),
        Period(20, 3, {1: 3, 4: 3}),
    )


def test_readiness_for_bip54_by_pool() -> None:
    blocks = rows("aab", height=50, locktime=[49, 0, 51], sequence=[0, 0, 0xFFFF_FFFE])
    assert bip54(past(blocks, "2b", "3b")) == (
        Signalling("2b", 2, 1, {B: 1}),
        Signalling("3b", 3, 2, {A: 1, B: 1}),
    )


def test_forecast_of_the_tips_period() -> None:
    blocks = rows("a" * 6, height=20, version=[YES] * 5 + [NO])
    need_6, need_9, need_10 = forecasts(past(blocks), TEN)
    assert need_6 == Forecast(4, 0.55, threshold=6, signalling=5, remaining=4, probability=need_6.probability)
    assert (need_6.missing, need_9.missing, need_10.missing) == (1, 4, 5)
    # Beta(5.5, 1.5) for the rate: none of four signals with E[(1 - p)^4], all four with E[p^4].
    none = 1.5 * 2.5 * 3.5 * 4.5 / (7 * 8 * 9 * 10)
    all_ = 5.5 * 6.5 * 7.5 * 8.5 / (7 * 8 * 9 * 10)
    assert need_6.probability == pytest.approx(1 - none)
    assert need_9.probability == pytest.approx(all_)
    assert need_10.probability == 0


def test_a_threshold_once_reached_is_certain() -> None:
    blocks = rows("a" * 7, height=20, version=[YES] * 6 + [NO])
    assert forecasts(past(blocks), TEN)[0].probability == 1


def test_at_a_periods_end_there_is_nothing_to_hope_for() -> None:
    blocks = rows("a" * 10, height=20, version=[YES] * 5 + [NO] * 5)
    (need_6, *_) = forecasts(past(blocks), TEN)
    assert (need_6.remaining, need_6.missing, need_6.probability) == (0, 1, 0)


def test_the_rate_is_that_of_a_periods_length() -> None:
    # One block into the period, and it signals: the nine before it did not.
    (need_6, *_) = forecasts(past(rows("a" * 11, height=20, version=[NO] * 10 + [YES])), TEN)
    assert (need_6.signalling, need_6.remaining) == (1, 9)
    assert need_6.probability < 0.03


def test_no_forecast_where_the_periods_begin_is_not_known() -> None:
    assert forecasts(past(rows("aa", height=21, version=[YES, YES])), TEN) == ()


@pytest.mark.parametrize(("percent", "blocks"), [(0.55, 1109), (0.9, 1815), (0.95, 1916)])
def test_thresholds_of_mainnet(percent: float, blocks: int) -> None:
    found = forecasts(past(rows("a", height=2016 * 470, version=[YES])), ConsensusParams())
    assert [each.threshold for each in found if each.ratio == percent] == [blocks]


def test_chance_is_beta_binomial() -> None:
    def exactly(k: int) -> float:
        return float(comb(7, k) * beta(3.5 + k, 6.5 + 7 - k) / beta(3.5, 6.5))

    for needed in range(9):
        expected = sum(exactly(k) for k in range(needed, 8))
        assert chance(needed, 7, seen=3, among=9) == pytest.approx(float(expected), abs=1e-12)


def test_forecasts_come_true_as_often_as_they_say() -> None:
    draw, said, came = np.random.default_rng(5), [], []
    for rate in draw.beta(0.5, 0.5, 4000):
        seen = int(draw.binomial(60, rate))
        said.append(chance(50 - seen, 30, seen=seen, among=60))
        came.append(seen + draw.binomial(30, rate) >= 50)
    unsure = np.array([0.2 < one < 0.8 for one in said])
    assert np.count_nonzero(unsure) > 100
    assert np.mean(np.array(came)[unsure]) == pytest.approx(np.mean(np.array(said)[unsure]), abs=0.1)
