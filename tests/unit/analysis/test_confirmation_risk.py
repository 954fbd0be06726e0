"""The probability to reverse a payment, beside the tables that others published."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from monitor.analysis.confirmation_risk import MOST, confirmation_risks, reversal, risk
from monitor.model import CurrentShare, Interval


def known(share: float, evidence: float = 1e9, level: str = "pool", entity: str = "a") -> CurrentShare:
    return CurrentShare(level, entity, share, 0.0, 1.0, Interval(0, 1), evidence)


@pytest.mark.parametrize(
    ("share", "percent"),
    [
        (0.02, [4, 0.237, 0.016, 0.001]),
        (0.10, [20, 5.6, 1.712, 0.546, 0.178, 0.059, 0.020, 0.007, 0.002, 0.001]),
        (0.30, [60, 43.2, 32.616, 25.207, 19.762, 15.645, 12.475, 10.003, 8.055, 6.511]),
        (0.40, [80, 70.4, 63.488, 57.958, 53.314, 49.300, 45.769, 42.621, 39.787, 37.218]),
        (0.50, [100] * 10),
        (0.80, [100] * 10),
    ],
)
def test_the_table_of_rosenfeld(share: float, percent: list[float]) -> None:
    assert 100 * reversal(share, len(percent))[:, ...].ravel() == pytest.approx(percent, abs=0.00051)


def test_the_closed_form_of_grunspan_and_perez_marco() -> None:
    shares, many = np.array([0.01, 0.1, 0.322, 0.45, 0.499]), np.arange(1, MOST + 1)[:, None]
    assert reversal(shares) == pytest.approx(special.betainc(many, 0.5, 4 * shares * (1 - shares)), abs=1e-12)


def test_six_confirmations_at_a_share_of_32_2_percent_are_worse_than_the_white_paper_says() -> None:
    assert reversal(0.322, 6)[-1].item() == pytest.approx(0.2116, abs=5e-5)
    own = 6 * 0.322 / 0.678  # the attacker's blocks, taken for Poisson
    white_paper = 1 - sum(stats.poisson.pmf(k, own) * (1 - (0.322 / 0.678) ** (6 - k)) for k in range(7))
    assert white_paper == pytest.approx(0.189, abs=5e-4)


@pytest.mark.parametrize(("share", "evidence"), [(0.3, 2000), (0.49, 3000), (0.5, 500), (0.56, 2000), (0.01, 100)])
def test_the_risk_is_averaged_over_the_posterior_of_the_share(share: float, evidence: float) -> None:
    law = stats.beta(share * evidence, (1 - share) * evidence)
    for many in (1, 6, 100):
        mean, _ = integrate.quad(
            lambda q, many=many: law.pdf(q) * special.betainc(many, 0.5, 4 * q * (1 - q)),
            0,
            0.5,
            epsabs=1e-10,
            limit=400,
        )
        assert risk(known(share, evidence))[many - 1] == pytest.approx(mean + law.sf(0.5), abs=1e-7)


def test_uncertainty_adds_to_a_small_risk() -> None:
    assert risk(known(0.2, 500))[11] > risk(known(0.2, 5000))[11] > reversal(0.2, 12)[-1].item()


@pytest.mark.parametrize("share", [1e-9, 0.0005, 0.9999])
def test_shares_near_the_ends_have_a_risk(share: float) -> None:
    found = risk(known(share, 600.0))
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx(min(2 * share, 1), abs=0.01)


def test_the_largest_entity_of_each_level_is_looked_at() -> None:
    found = confirmation_risks([known(0.3), known(0.2, entity="b"), known(0.6, level="template", entity="g")])
    assert [(each.level, each.entity) for each in found] == [("pool", "a"), ("template", "g")]
    assert found[0].of(6) == pytest.approx(0.15645, abs=1e-5)
    assert (found[0].needed(0.2), found[0].needed(0.001), found[1].needed(0.001)) == (5, 32, None)


def test_an_attempt_on_a_larger_payment_needs_more_confirmations_to_be_unprofitable() -> None:
    [found] = confirmation_risks([known(0.3)])
    amounts = (0.01, 3.0, 100.0, 10_000.0)
    needed = [found.unprofitable(amount, reward=3.0, share=0.3) for amount in amounts]
    assert needed == [1, 2, 9, 26]
    # by hand: of 100 BTC against the rewards of 0.3 / 0.7 blocks a confirmation
    gains = [found.of(many) * 100.0 - (1 - found.of(many)) * many * 3.0 * 0.3 / 0.7 for many in (8, 9)]
    assert gains[0] > 0 > gains[1]
    assert found.unprofitable(1.0, reward=0.0, share=0.3) is None
    assert found.unprofitable_at_most(1.0, reward=3.0) is None


def test_what_is_unprofitable_at_most_is_that_of_the_largest_share() -> None:
    [found] = confirmation_risks([known(0.3, 1e9)], {"pool": Interval(0.3, 0.4)})
    [larger] = confirmation_risks([known(0.4, 1e9)])
    for amount in (0.01, 3.0, 100.0, 10_000.0):
        at_most = found.unprofitable_at_most(amount, reward=3.0)
        assert at_most == larger.unprofitable(amount, reward=3.0, share=0.4)
        counted = found.unprofitable(amount, reward=3.0, share=0.3)
        assert at_most
        assert counted
        assert at_most >= counted


def test_what_memberships_allow_is_the_range_of_the_risk() -> None:
    [found] = confirmation_risks([known(0.3, 2000)], {"pool": Interval(0.2, 0.4)})
    allowed = found.range_of(6)
    assert allowed
    assert [allowed.lower, allowed.upper] == pytest.approx(reversal([0.2, 0.4], 6)[-1])
    assert found.needed_at_most(0.001) == 133
    assert special.betainc(132, 0.5, 0.96) > 0.001 > special.betainc(133, 0.5, 0.96)
    assert (found.needed(0.001) or MOST) < 40
    [majority] = confirmation_risks([known(0.3)], {"pool": Interval(0.3, 0.6)})
    assert (majority.upper[-1], majority.needed_at_most(0.001)) == (1.0, None)
    [counted] = confirmation_risks([known(0.3)])
    assert (counted.range_of(6), counted.needed_at_most(0.1)) == (None, None)


def test_the_average_is_in_the_range_however_many_confirmations() -> None:
    [found] = confirmation_risks([known(0.3, 400)], {"pool": Interval(0.29, 0.31)})
    assert all(
        low <= each <= high for low, each, high in zip(found.lower, found.probabilities, found.upper, strict=True)
    )
