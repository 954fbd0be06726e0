"""An honest pool is accused of nothing, whatever the network does to it; one that is not honest is found out."""

from __future__ import annotations

from collections import Counter

import pytest
from support.relay import BLOCK_WEIGHT, World

from monitor.audit.compare import AuditRules, compare
from monitor.audit.templates import Template
from monitor.model import Trait, Verdict

pytestmark = pytest.mark.simulation

RULES = AuditRules(full_weight=BLOCK_WEIGHT * 95 // 100)
ACCUSATIONS = (Verdict.MISSED, Verdict.PRIORITISED, Verdict.UNSEEN)


@pytest.mark.parametrize("seed", range(10))
def test_two_hundred_honest_blocks_with_delayed_propagation(seed: int) -> None:
    """2,000 in all."""
    world, counts, audited = World(seed), Counter[Verdict](), 0
    for block, templates in world.blocks(200):
        audit = compare(block, templates, world.seen_at(block.arrived), rules=RULES)
        if audit:
            audited += 1
            counts.update(audit.counts)
            accused = [each for each in audit.transactions if each.verdict in ACCUSATIONS]
            assert not accused, (block.ref.height, accused)

    assert audited > 190
    assert counts[Verdict.SHARED] > 0.95 * sum(counts.values())
    assert counts[Verdict.LATE] > 20  # the network did delay


def test_a_template_of_half_an_hour_is_old_and_nothing_else() -> None:
    world, ages = World(1), []
    for block, templates in world.blocks(60, stale_seconds=1800):
        audit = compare(block, templates, world.seen_at(block.arrived), rules=RULES)
        if audit and audit.template_age is not None:
            ages.append(audit.template_age)
            assert not audit.counts.get(Verdict.MISSED), audit.transactions

    assert max(ages) > 900


def test_what_a_pool_never_mines_is_passed_over() -> None:
    """It leaves out every seventh transaction that pays well."""

    def censor(_world: World, template: Template) -> Template:
        kept = {txid: each for txid, each in template.entries.items() if int(txid, 16) % 7 or each.rate < 4}
        return Template(template.parent, template.at, kept)

    world, found = World(2), 0
    for block, templates in world.blocks(40, censor):
        audit = compare(block, templates, world.seen_at(block.arrived), rules=RULES)
        assert audit
        missed = [each for each in audit.transactions if each.verdict is Verdict.MISSED]
        assert all(int(each.txid, 16) % 7 == 0 for each in missed)
        found += len(missed)

    assert found > 100


def test_a_kind_that_a_pool_never_mines_is_its_policy() -> None:
    def filtered(_world: World, template: Template) -> Template:
        kept = {
            txid: each for txid, each in template.entries.items() if Trait.INSCRIPTION not in each.transaction.traits
        }
        return Template(template.parent, template.at, kept)

    world, found = World(3), Counter[Verdict]()
    for _ in range(30):
        for _ in range(3):
            world.send(world.now, fee_rate=40, traits=frozenset({Trait.INSCRIPTION}))
        for block, templates in world.blocks(1, filtered):
            audit = compare(block, templates, world.seen_at(block.arrived), rules=RULES)
            assert audit
            assert not audit.counts.get(Verdict.MISSED), audit.transactions
            found.update(audit.counts)

    assert found[Verdict.POLICY] > 30


def test_what_only_the_pool_had_is_unseen() -> None:
    world, found = World(4), 0
    for _ in range(20):
        for _ in range(12):
            world.send(world.now - 300, fee_rate=30, ours=None, theirs=world.now - 300)
        for block, templates in world.blocks(1):
            audit = compare(block, templates, world.seen_at(block.arrived), rules=RULES)
            assert audit
            assert not audit.counts.get(Verdict.MISSED)
            found += audit.counts.get(Verdict.UNSEEN, 0)

    assert found > 150
