"""Rates of audited blocks, their intervals, and the null models of accusations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom
from support.audits import row

from monitor.analysis.audit.policies import policy_changes
from monitor.analysis.audit.rates import as_often_by_chance, drops, pool_audits, ratios, sanctioned_misses
from monitor.analysis.audit.sanctioned import cases
from monitor.model import AuditRow, PoolAudit, PoolSlug, SanctionedSighting

FOUNDRY, ANTPOOL, VIABTC = PoolSlug("foundryusa"), PoolSlug("antpool"), PoolSlug("viabtc")


def of_pools(rows: list[AuditRow]) -> dict[str, PoolAudit]:
    """The audits by pool."""
    found = pool_audits(rows, (), level="pool", window="7d", entity_of=lambda each: each.pool or "unknown")
    return {each.entity: each for each in found}


def test_an_interval_holds_the_rate_and_narrows() -> None:
    few, many = ratios([([1, 0, 0], [10, 10, 10]), ([1, 0, 0] * 100, [10] * 300)])

    assert few.value == many.value == pytest.approx(1 / 30)
    assert few.lower < many.lower < 1 / 30 < many.upper < few.upper


@pytest.mark.parametrize("missing", [1, 100, 1_000, 3_000_000])
@pytest.mark.parametrize("blocks", [1, 2, 7])
def test_an_interval_holds_its_own_rate_of_few_blocks_too(blocks: int, missing: int) -> None:
    whole = [4_000_000.0] * blocks
    [found, rest] = ratios([([each - missing for each in whole], whole), ([float(missing)] * blocks, whole)])
    for rate in (found, rest):
        assert rate.lower <= rate.value <= rate.upper


def test_nothing_is_all_that_is_possible() -> None:
    assert ratios([([], [])]) == [(0.0, 0.0, 1.0)]
    assert ratios([]) == []


@pytest.mark.simulation
def test_the_interval_holds_the_mean_at_least_as_often_as_it_says() -> None:
    """Parts of every kind: rarely a little, often a bit, now and then all."""
    random = np.random.default_rng(1)
    for draw, mean in (
        (lambda: random.beta(0.2, 20, 60), 0.2 / 20.2),
        (lambda: (random.random(60) < 0.1).astype(float), 0.1),
        (lambda: random.random(60), 0.5),
    ):
        weights = random.uniform(1, 4, 60)
        inside = 0
        for _ in range(300):
            (found,) = ratios([((draw() * weights).tolist(), weights.tolist())])
            inside += found.lower <= mean <= found.upper
        assert inside >= 0.93 * 300


@pytest.mark.parametrize(
    ("found", "tried", "of", "among"), [(3, 10, 5, 50), (1, 10, 5, 50), (5, 5, 5, 60), (2, 3, 40, 60)]
)
def test_the_null_model_is_the_hypergeometric_distribution(found: int, tried: int, of: int, among: int) -> None:
    assert as_often_by_chance(found, tried, of=of, among=among) == pytest.approx(
        hypergeom.sf(found - 1, among, of, tried)
    )


def test_no_case_needs_no_explanation() -> None:
    assert as_often_by_chance(0, 10, of=5, among=50) == 1


def test_a_pool_that_passes_over_stands_out_and_the_others_do_not() -> None:
    rows = [row(height, (FOUNDRY, ANTPOOL)[height % 2], missed=2_000 * (height % 10 == 1)) for height in range(200)]

    found = of_pools(rows)

    assert found["antpool"].missed_blocks == 20
    assert found["antpool"].missed_p < 1e-5
    assert found["foundryusa"].missed_p == 1
    assert found["foundryusa"].match.value == 1
    assert found["antpool"].match.value == pytest.approx(1 - 2_000 * 20 / 100 / 4_000_000)
    assert found["antpool"].foregone_btc.value == pytest.approx(500 * 20 / 1e8)


@pytest.mark.simulation
def test_equal_pools_are_not_accused() -> None:
    """Of 200 sets of five equal pools, at most 5 % accuse one; a few more by chance."""
    random, accused = np.random.default_rng(2), 0
    pools = [PoolSlug(f"p{n}") for n in range(5)]
    for _ in range(200):
        rows = [row(h, pools[random.integers(5)], missed=int(random.random() < 0.05) * 900) for h in range(150)]
        accused += min(each.missed_p for each in of_pools(rows).values()) < 0.05
    assert accused <= 18


def test_a_match_rate_that_fell_shows_in_the_distance_of_the_intervals() -> None:
    before = pool_audits(
        [row(h, FOUNDRY) for h in range(400)], (), level="pool", window="b", entity_of=lambda _: "foundryusa"
    )
    fell = [row(h, FOUNDRY, missed=400_000) for h in range(200)]
    now = pool_audits(fell, (), level="pool", window="7d", entity_of=lambda _: "foundryusa")

    assert 0.01 < drops(now, before)["foundryusa"] < 0.1
    assert drops(before, before)["foundryusa"] < 0


def test_a_miss_counts_only_if_another_pool_mined_it() -> None:
    seen = [
        SanctionedSighting("a", 1, FOUNDRY, mined=False), SanctionedSighting("a", 2, ANTPOOL, mined=True),
        SanctionedSighting("b", 1, FOUNDRY, mined=False), SanctionedSighting("b", 3, FOUNDRY, mined=True),
        SanctionedSighting("c", 1, FOUNDRY, mined=False),
    ]  # fmt: skip
    found = sanctioned_misses(seen, {1: "foundryusa", 2: "antpool", 3: "foundryusa"})

    assert {name: misses for name, (misses, _) in found.items()} == {"foundryusa": 1, "antpool": 0}


def test_one_pool_that_always_passes_over_is_improbable_if_all_are_indifferent() -> None:
    seen, at = [], dict[int, str]()
    for number in range(20):
        for step, pool in enumerate((ANTPOOL, VIABTC)):
            at[2 * number + step] = pool
            seen.append(SanctionedSighting(f"{number}", 2 * number + step, pool, mined=pool == VIABTC))

    found = sanctioned_misses(seen, at)

    misses, chance = found["antpool"]
    assert misses == 20
    assert chance < 1e-9
    assert found["viabtc"][1] == 1


def test_a_case_has_who_passed_over_it_and_who_mined_it() -> None:
    seen = [
        SanctionedSighting("a", 5, FOUNDRY, mined=False), SanctionedSighting("b", 6, None, mined=False),
        SanctionedSighting("a", 7, ANTPOOL, mined=True),
    ]  # fmt: skip

    newest, oldest = cases(seen)

    assert (newest.txid, newest.missed_by, newest.mined_height, newest.missed_ratio) == ("b", (None,), None, 1.0)
    assert (oldest.missed_by, oldest.mined_by, oldest.mined_height) == ((FOUNDRY,), ANTPOOL, 7)
    assert oldest.missed_ratio == 0.5


def test_a_change_of_policy_has_its_date() -> None:
    rows = [
        row(height, (FOUNDRY, ANTPOOL)[height % 2], low_fee=3 if height % 2 or height >= 300 else 0)
        for height in range(600)
    ]

    (change,) = policy_changes(rows)

    assert (change.pool, change.trait) == (FOUNDRY, "low_fee")
    assert 294 <= change.height <= 306
    assert change.before.upper < 0.1
    assert change.after.lower > 0.9


def test_what_nobody_sends_any_more_is_no_change_of_policy() -> None:
    rows = [row(height, (FOUNDRY, ANTPOOL)[height % 2], low_fee=3 if height < 300 else 0) for height in range(900)]

    assert policy_changes(rows) == []
