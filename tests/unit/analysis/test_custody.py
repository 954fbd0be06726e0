"""Who holds the money: what unites pools, and what does not."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from scipy.stats import binom

from monitor.analysis.groups.custody import MISATTRIBUTED, by_misattribution, custody_evidence, payout_styles
from monitor.analysis.groups.groups import proposals
from monitor.analysis.groups.rewards import Rewards, style_of
from monitor.model import Coinbase, Evidence, EvidenceKind, Output, PoolSlug, TracedReward

A, B, C, D = map(PoolSlug, "abcd")
DAY = 86_400
START = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())


def reward(pool: PoolSlug, day: float, *, sure: bool = True, **how: object) -> TracedReward:
    """A reward that is paid to the pool's own script, and spent by its own transaction."""
    time = START + int(day * DAY)
    own = TracedReward(
        time, pool, sure, "custodial", pool.encode(), txid=f"{pool} {day}", swept_to=f"{pool} {day}".encode(),
        spent_at=time + 2 * DAY,
    )  # fmt: skip
    return own._replace(**how)  # type: ignore[arg-type]


def pairs(rewards: list[TracedReward]) -> dict[tuple[str, str], set[EvidenceKind]]:
    """The kinds of evidence for each pair."""
    found = dict[tuple[str, str], set[EvidenceKind]]()
    for each in custody_evidence(rewards):
        found.setdefault(each.pools, set()).add(each.kind)
    return found


def test_one_transaction_of_three_rewards_each_unites() -> None:
    together = [reward(pool, day, txid="both") for pool in (A, B) for day in range(3)]
    apart = [reward(C, day) for day in range(30)]
    assert pairs([*together, *apart]) == {(A, B): {EvidenceKind.CO_SPENT}}


def test_two_stray_rewards_unite_nothing() -> None:
    rewards = [reward(pool, day) for pool in (A, B) for day in range(40)]
    rewards += [reward(A, 41, txid="both"), *(reward(B, day, txid="both") for day in (41, 42))]
    assert pairs(rewards) == {}


def test_as_many_as_wrong_attributions_explain_unite_nothing() -> None:
    """Of a pool with 1,000 blocks, about five may count for another; three are not enough."""
    large = [reward(A, day / 10) for day in range(1_000)]
    small = [reward(B, day, txid="both") for day in range(3)]
    stray = [each._replace(txid="both") for each in large[:12:4]]
    assert pairs([*large[1:], *small, *stray]) == {}


def test_blocks_that_anyone_could_have_signed_unite_nothing() -> None:
    together = [reward(pool, day, sure=pool == A, txid="both") for pool in (A, B) for day in range(10)]
    assert pairs(together) == {}


def test_a_common_customer_unites_nothing_and_a_common_vault_does() -> None:
    customer = [reward(pool, day, swept_to=b"x" if day % 4 == 0 else None) for pool in (A, B) for day in range(40)]
    assert pairs(customer) == {}
    vault = [reward(pool, day, swept_to=b"x") for pool in (A, B) for day in range(40)]
    assert pairs(vault) == {(A, B): {EvidenceKind.SWEPT}}


def test_a_common_payout_script_unites() -> None:
    assert pairs([reward(pool, day, script=b"x") for pool in (A, B) for day in range(5)]) == {
        (A, B): {EvidenceKind.SAME_SCRIPT}
    }


def test_a_pause_of_months_makes_two_findings() -> None:
    days = [*range(5), *range(200, 205)]
    found = custody_evidence([reward(pool, day, txid=f"both {day}") for pool in (A, B) for day in days])
    assert [(each.since, each.until) for each in found] == [
        (START, START + 4 * DAY), (START + 200 * DAY, START + 204 * DAY),
    ]  # fmt: skip
    assert all(each.similarity == 1 for each in found)


@pytest.mark.parametrize(("found", "of"), [(1, 1), (3, 3), (3, 40), (20, 1000), (60, 1000)])
def test_the_null_model_is_the_binomial_distribution(found: int, of: int) -> None:
    assert by_misattribution(found, of) == pytest.approx(binom.sf(found - 1, of, MISATTRIBUTED), rel=1e-4)


@pytest.mark.simulation
def test_independent_pools_with_wrong_attributions_are_not_united() -> None:
    """Worlds of 12 pools, each with its own wallet; some blocks are attributed to another pool."""
    random = np.random.default_rng(7)
    slugs = [PoolSlug(f"pool{number}") for number in range(12)]
    for _ in range(40):
        rewards = []
        for block in range(2_000):
            pool = slugs[int(random.zipf(1.6)) % 12]
            named = slugs[random.integers(12)] if random.random() < MISATTRIBUTED else pool
            rewards.append(
                reward(named, block / 144, script=pool.encode(), txid=f"{pool} {block // 200}", swept_to=pool.encode())
            )
        assert pairs(rewards) == {}


def test_a_compact_list_of_rewards_gives_back_what_it_was_given() -> None:
    rewards = [reward(pool, day, txid="both") for day in range(3) for pool in (A, B)]
    compact = Rewards(rewards)
    assert [*compact] == rewards
    assert len(compact) == 6
    assert compact[-1] == rewards[-1]


# -- groups ------------------------------------------------------------------------------------------------------------


def evidence(one: PoolSlug, other: PoolSlug, first: int, last: int, kind: EvidenceKind) -> Evidence:
    """Evidence from one day to another."""
    return Evidence(
        kind, (one, other), START + first * DAY, START + last * DAY, similarity=1.0, n=9, p=1e-6, text="both"
    )


SIZES = {A: 4, B: 3, C: 2, D: 1}


def found(*given: Evidence, now: int = 400) -> list[tuple[str, str, date, date | None, str]]:
    """Proposed members with their groups, days and confidence."""
    made = proposals(given, level="custodian", sizes=SIZES, now=START + now * DAY)
    return [(each.pool, each.group, each.since, each.until, each.confidence) for each in made]


def test_a_chain_of_pairs_is_one_group_while_both_hold() -> None:
    rows = found(
        evidence(A, B, 0, 399, EvidenceKind.CO_SPENT), evidence(B, C, 100, 199, EvidenceKind.SWEPT)
    )  # fmt: skip
    april, july = date(2025, 4, 11), date(2025, 7, 20)
    assert ("c", "a-custody", april, july, "medium") in rows
    assert {row[:2] for row in rows} == {("a", "a-custody"), ("b", "a-custody"), ("c", "a-custody")}
    assert ("a", "a-custody", date(2025, 1, 1), None, "medium") in rows


def test_two_kinds_of_evidence_about_a_pair_are_surer_than_one() -> None:
    rows = found(*(evidence(A, B, 0, 10, kind) for kind in (EvidenceKind.SWEPT, EvidenceKind.CO_SPENT)), now=20)
    assert [row[-1] for row in rows] == ["high", "high"]


def test_evidence_of_another_level_says_nothing() -> None:
    assert found(evidence(A, B, 0, 10, EvidenceKind.STRATUM)) == []


def test_old_evidence_ends_and_recent_evidence_holds() -> None:
    assert found(evidence(A, B, 0, 10, EvidenceKind.CO_SPENT), now=90)[0][3] is None
    assert found(evidence(A, B, 0, 10, EvidenceKind.CO_SPENT), now=200)[0][3] == date(2025, 1, 12)


def test_weak_evidence_proposes_with_low_confidence_and_joins_no_groups() -> None:
    made = proposals(
        [
            evidence(A, B, 0, 10, EvidenceKind.OMISSIONS), evidence(C, D, 0, 10, EvidenceKind.STRATUM),
            evidence(B, C, 0, 10, EvidenceKind.STRUCTURE),
        ],
        level="template", sizes=SIZES, now=START + 10 * DAY,
    )  # fmt: skip
    assert {(each.pool, each.group, each.confidence) for each in made} == {
        ("a", "a-templates", "medium"), ("b", "a-templates", "medium"),
        ("c", "c-templates", "medium"), ("d", "c-templates", "medium"),
    }  # fmt: skip
    lone = proposals(
        [evidence(A, B, 0, 10, EvidenceKind.STRATUM), evidence(B, C, 0, 10, EvidenceKind.STRUCTURE)],
        level="template", sizes=SIZES, now=START + 10 * DAY,
    )  # fmt: skip
    assert {each.pool: each.confidence for each in lone} == {"a": "medium", "b": "medium", "c": "low"}


# -- payouts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "style"),
    [((546, 312_000_000), "custodial"), ((100, 100, 100), "split"), ((9, 8, 7, 6, 5, 4), "in_the_coinbase")],
)
def test_the_style_is_by_who_is_paid(values: tuple[int, ...], style: str) -> None:
    assert style_of(Coinbase(b"", tuple(Output(value, bytes([value % 256])) for value in values))) == style


def test_a_change_of_script_is_dated_and_a_stray_one_is_not() -> None:
    scripts = b"xxxxyxxxzzzz"
    rewards = [reward(A, day, script=bytes([script])) for day, script in enumerate(scripts)]
    (style,) = payout_styles(rewards)
    assert style.changes == ((START + 8 * DAY, b"z".hex()),)
    assert style.scripts == 3
    assert style.script_since == START + 8 * DAY
    assert style.days_until_spent == (2.0, 2.0, 2.0)
