"""Who builds templates together: by structure, and by what is passed over."""

from __future__ import annotations

from itertools import combinations

import pytest
from scipy.stats import hypergeom
from support.worlds import DAY, START, World, pools, world

from monitor.analysis.groups.omissions import Chance, chances, omissions_evidence
from monitor.analysis.groups.structure import Structures, likenesses, structure_evidence
from monitor.model import AuditRow, Evidence, PassedOver, PoolSlug

A, B, C = map(PoolSlug, "abc")


def row(height: int, pool: PoolSlug) -> AuditRow:
    """An audited block."""
    return AuditRow(
        height, START + 600 * height, pool, expected_weight=1, missed_weight=0, missed_count=0, block_weight=1,
        unseen_weight=0, prioritised_weight=0, fees_sat=1, foregone_sat=0, tx_count=9, own_payouts=0, traits={},
    )  # fmt: skip


def missed(seen: World) -> list[Evidence]:
    return omissions_evidence(seen.passed_over, seen.audited)


# -- omissions ---------------------------------------------------------------------------------------------------------


def test_a_chance_is_a_block_that_could_have_taken_what_another_pool_passed_over() -> None:
    audited = [row(height, pool) for height, pool in enumerate((A, A, B, C, B))]
    passed = [PassedOver(0, A, "x"), PassedOver(1, A, "x"), PassedOver(2, B, "x")]

    found = chances(passed, audited)

    assert [(each.leader, each.pool, each.follows) for each in found] == [
        (A, B, True), (A, C, False), (B, C, False),
    ]  # fmt: skip


def test_a_block_that_was_not_audited_or_lacked_it_for_another_reason_is_no_chance() -> None:
    audited = [row(0, A), row(2, B), row(3, C)]
    passed = [PassedOver(0, A, "x"), PassedOver(3, C, "x")]
    assert [(each.pool, each.follows) for each in chances(passed, audited)] == [(C, True)]


def test_a_block_counts_once_however_much_it_passes_over() -> None:
    audited = [row(0, A), row(1, B)]
    passed = [PassedOver(height, pool, f"{many}") for height, pool in ((0, A), (1, B)) for many in range(40)]
    assert chances(passed, audited) == [Chance(A, B, START + 600, follows=True)]


@pytest.mark.simulation
def test_groups_are_found_with_their_days() -> None:
    seen = world(1, days=120, groups=(((1, 4, 6), 30, 90),))
    found = missed(seen)
    real = seen.together(60)
    assert {each.pools for each in found} <= real
    assert len({each.pools for each in found}) >= 2
    for each in found:
        assert 30 <= (each.since - START) / DAY <= 45
        assert 75 <= (each.until - START) / DAY <= 90
        assert each.similarity > 0.5
        assert each.p <= 0.01


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(3))
def test_pools_that_build_alone_are_not_united(seed: int) -> None:
    """Although every pool passes over what it likes, and all of them over what few know."""
    assert missed(world(seed, days=90)) == []


def test_a_pool_that_passes_over_everything_follows_nobody() -> None:
    seen = world(5, days=60)
    lazy = pools()[1]
    waiting: dict[str, int] = {}
    for each in seen.passed_over:
        waiting.setdefault(each.txid, each.height)
    by_height = {block.height: block.pool for block in seen.audited}
    follows = [
        PassedOver(height + 1, lazy, txid) for txid, height in waiting.items() if by_height.get(height + 1) == lazy
    ]
    all_missed = sorted({*seen.passed_over, *follows}, key=lambda each: each.height)
    assert omissions_evidence(all_missed, seen.audited) == []


def test_the_null_model_is_fishers() -> None:
    from monitor.analysis.audit.rates import as_often_by_chance  # noqa: PLC0415

    assert as_often_by_chance(7, 9, of=12, among=50) == pytest.approx(hypergeom.sf(6, 50, 12, 9))


# -- structure ---------------------------------------------------------------------------------------------------------


def built(software: dict[str, str], *, common: str = "usual") -> Structures:
    """Ten blocks of each pool, which has this trait of its own and one that all have."""
    structures = Structures()
    for pool, value in software.items():
        for block in range(10):
            structures.add(
                PoolSlug(pool), START + block * DAY,
                {"order": value, "push": value, "merge": value, "end": common},
            )  # fmt: skip
    return structures


def test_what_nobody_else_has_is_evidence_and_what_all_have_is_not() -> None:
    lone = {letter: letter for letter in "cdefghijklmnopqrstuvwxyz"}
    (found,) = structure_evidence(built({"a": "rare", "b": "rare", **lone}))
    assert found.pools == ("a", "b")
    assert found.similarity == 1.0
    assert "order: rare" in found.text
    assert structure_evidence(built(dict.fromkeys("abcdefgh", "same"))) == []


def test_a_known_group_does_not_make_its_structure_common() -> None:
    software = {**dict.fromkeys("abcd", "rare"), **{letter: letter for letter in "efghijklmnopqrstuvwxyz"}}

    def known(pool: PoolSlug, _: int = 0) -> str:
        return "group" if pool in {"a", "b", "c"} else pool

    (profiles,) = built(software).periods.values()
    alone, grouped = likenesses(profiles, lambda pool: pool), likenesses(profiles, known)
    assert grouped[A, PoolSlug("d")].bits > alone[A, PoolSlug("d")].bits
    joined = {each.pools for each in structure_evidence(built(software), known)}
    assert {(A, PoolSlug("d")), (B, PoolSlug("d")), (C, PoolSlug("d"))} <= joined


AUDITED = "out of order"


def audited(orders: dict[str, str], *, blocks: int = 10) -> Structures:
    """Ten blocks each of 26 pools with software of their own; of some, so many were audited."""
    structures = Structures()
    for letter in "abcdefghijklmnopqrstuvwxyz":
        for block in range(10):
            traits = {"order": letter, "end": "usual"}
            if letter in orders and block < blocks:
                traits[AUDITED] = orders[letter]
            structures.add(PoolSlug(letter), START + block * DAY, traits)
    return structures


def test_pools_without_an_audit_are_compared_by_what_is_known() -> None:
    (without,) = audited({}).periods.values()
    (some,) = audited({"a": "front", "b": "front", "c": "nowhere"}).periods.values()
    before, after = (likenesses(profiles, lambda pool: pool) for profiles in (without, some))
    changed = {pair for pair in before if before[pair] != after[pair]}
    assert changed == {*combinations((A, B, C), 2)}
    assert after[A, B].bits > before[A, B].bits
    assert after[A, C].bits < before[A, C].bits


def test_an_order_is_as_rare_as_it_is_among_pools_with_an_audit() -> None:
    """Else two of three pools would be alike in what no other is known to do."""
    few = audited(dict.fromkeys("ab", "front"))
    many = audited({**dict.fromkeys("cdefghijklmnopqrstuvwxyz", "nowhere"), **dict.fromkeys("ab", "front")})
    (first,), (second,) = few.periods.values(), many.periods.values()
    none = likenesses(next(iter(audited({}).periods.values())), lambda pool: pool)[A, B].bits
    assert likenesses(first, lambda pool: pool)[A, B].bits - none == pytest.approx(1)
    assert likenesses(second, lambda pool: pool)[A, B].bits - none > 5


def test_a_trait_that_is_known_of_a_few_blocks_is_not_compared() -> None:
    (profiles,) = audited({"a": "front", "b": "front"}, blocks=4).periods.values()
    (without,) = audited({}).periods.values()
    assert likenesses(profiles, lambda pool: pool) == likenesses(without, lambda pool: pool)


@pytest.mark.simulation
def test_groups_of_simulated_pools_build_alike_while_they_last() -> None:
    seen = world(2, days=120, groups=(((1, 4, 6), 30, 120),))
    structures = Structures()
    for pool, time, traits in seen.traits:
        structures.add(pool, time, traits)
    (*_, last) = structures.periods.values()
    scores = likenesses(last, lambda pool: pool)
    slugs = pools()
    inside = [scores[pair].bits for pair in combinations([slugs[at] for at in (1, 4, 6)], 2)]
    assert min(inside) > 2
