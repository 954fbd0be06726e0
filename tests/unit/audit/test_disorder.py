"""Where a block is out of order, whatever its fee rates are, and whatever of them is not known."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.relay import BLOCK_WEIGHT, World

from monitor.audit.compare import AuditRules, compare
from monitor.audit.disorder import disorder, out_of_order
from monitor.audit.templates import Template
from monitor.model import Disorder

FALLING = [50 * 0.99**place for place in range(400)]
LOW = [1.0] * 20
HIGH = [60.0] * 20
RULES = AuditRules(full_weight=BLOCK_WEIGHT * 95 // 100)


def keeps_order(rates: tuple[float, ...]) -> bool:
    return all(later <= 1.05 * before for before, later in combinations(rates, 2))


@given(st.lists(st.sampled_from([1, 1.03, 1.06, 1.09, 1.2, 2, 2.1, 3]), max_size=8))
def test_the_fewest_are_out_of_order(rates: list[float]) -> None:
    most = max(size for size in range(len(rates) + 1) if any(map(keeps_order, combinations(rates, size))))
    assert out_of_order(rates) == len(rates) - most


@pytest.mark.parametrize(
    ("rates", "where"),
    [
        (FALLING, Disorder.NOWHERE),
        (LOW + FALLING, Disorder.FRONT),
        (FALLING + HIGH, Disorder.END),
        (LOW + FALLING + HIGH, Disorder.ENDS),
        (LOW * 2 + FALLING, Disorder.FRONT),  # more than the front has room for
        ([rate if place % 5 else 1.0 for place, rate in enumerate(FALLING)], Disorder.THROUGHOUT),
        (FALLING[::-1], Disorder.EVERYWHERE),
        (random.Random(7).sample(FALLING, len(FALLING)), Disorder.EVERYWHERE),  # noqa: S311 -- a simulation
    ],
    ids=["falling", "front", "end", "ends", "long front", "throughout", "rising", "shuffled"],
)
def test_where_a_block_is_out_of_order(rates: list[float], where: Disorder) -> None:
    assert disorder(rates, len(rates)) is where


@pytest.mark.parametrize("seed", range(20))
def test_a_few_unknown_fees_change_nothing(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- a simulation
    for rates, where in ((FALLING, Disorder.NOWHERE), (LOW + FALLING, Disorder.FRONT)):
        known = sorted(chance.sample(range(len(rates)), len(rates) * 97 // 100))
        assert disorder([rates[place] for place in known], len(rates)) is where


def test_two_in_a_wrong_place_are_not_a_habit() -> None:
    assert disorder([1.0, 1.0, *FALLING, 60.0, 60.0], 404) is Disorder.NOWHERE


@pytest.mark.parametrize(
    ("rates", "tx_count"), [([], 0), (FALLING[:30], 30), (FALLING, 500), ([1.0, 1.02] * 100 + FALLING[:150], 350)],
    ids=["empty", "few", "unknown fees", "one fee rate"],
)  # fmt: skip
def test_what_says_nothing_is_not_known(rates: list[float], tx_count: int) -> None:
    assert disorder(rates, tx_count) is None


def prioritised_first(_world: World, template: Template) -> Template:
    """The same block, with the five transactions that pay least as the first ones."""
    first = sorted(template.entries, key=lambda txid: template.entries[txid].rate)[:5]
    entries = {txid: template.entries[txid] for txid in [*first, *template.entries]}
    return Template(template.parent, template.at, entries)


@pytest.mark.simulation
def test_simulated_blocks_say_how_their_builder_orders_them() -> None:
    """With children that pay for parents, replacements and lags."""
    found: dict[str, set[Disorder | None]] = {}
    for name, miner in (("as the node", lambda _, template: template), ("prioritised", prioritised_first)):
        world = World(6)
        found[name] = {
            audit.disorder for block, templates in world.blocks(60, miner)
            if (audit := compare(block, templates, world.seen_at(block.arrived), rules=RULES))
        }  # fmt: skip
    assert found == {"as the node": {Disorder.NOWHERE, None}, "prioritised": {Disorder.FRONT, None}}
