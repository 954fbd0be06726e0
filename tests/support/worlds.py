"""Simulated worlds of pools that build templates together for a while, and what a monitor sees of them.

Every pool has software, and some pools have the same without having anything to do with each other. Members of a group
have the blocks of its builder. Whoever builds a template passes over transactions of its own choice; and now and then a
transaction is known to few, so everyone may pass over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from monitor.model import AuditRow, PassedOver, PoolSlug

DAY = 86_400
BLOCKS = 144
START = 1_735_689_600
SHARES = (30, 17, 11, 10, 8, 6, 5, 4, 3, 2, 2, 2)
_SOFTWARE = 8
_OWN, _POORLY_RELAYED = 3.0, 0.5
"""Per block: how many transactions all builders together begin to pass over, and how many are known to few."""
_KNOWS = 0.6


@dataclass
class World:
    """What happened, and what was seen."""

    days: int
    groups: tuple[tuple[frozenset[PoolSlug], int, int], ...]
    """Members, first day, and first day on which they are none any more."""
    audited: list[AuditRow] = field(default_factory=list)
    passed_over: list[PassedOver] = field(default_factory=list)
    traits: list[tuple[PoolSlug, int, Mapping[str, str]]] = field(default_factory=list)

    def together(self, day: int) -> set[tuple[PoolSlug, PoolSlug]]:
        """The pairs that build together on a day."""
        return {
            pair for members, since, until in self.groups if since <= day < until
            for pair in combinations(sorted(members), 2)
        }  # fmt: skip


def pools() -> list[PoolSlug]:
    """All pools, the largest first."""
    return [PoolSlug(f"pool{number:02}") for number in range(len(SHARES))]


def world(seed: int, *, days: int = 240, groups: tuple[tuple[tuple[int, ...], int, int], ...] = ()) -> World:
    """A world with groups of pools, by their place, each with its first day and the day after its last."""
    chance = np.random.default_rng(seed)
    slugs = pools()
    made = World(
        days, tuple((frozenset(slugs[at] for at in members), since, until) for members, since, until in groups)
    )  # fmt: skip
    shares = np.array(SHARES) / sum(SHARES)
    software = {slug: int(chance.integers(_SOFTWARE)) for slug in slugs}
    waiting: dict[str, str | None] = {}
    serial = 0
    for height in range(days * BLOCKS):
        day, time = height // BLOCKS, START + height * 600
        builder = {slug: slug for slug in slugs}
        for members, since, until in made.groups:
            if since <= day < until:
                builder |= dict.fromkeys(members, min(members))
        owners = sorted({*builder.values()})
        for owner in owners:
            for _ in range(chance.poisson(_OWN / len(owners))):
                serial += 1
                waiting[f"{serial:064x}"] = owner
        for _ in range(chance.poisson(_POORLY_RELAYED)):
            serial += 1
            waiting[f"{serial:064x}"] = None
        miner = slugs[int(chance.choice(len(slugs), p=shares))]
        missed = [
            txid for txid, owner in waiting.items()
            if (builder[miner] == owner if owner else chance.random() > _KNOWS)
        ]  # fmt: skip
        made.passed_over += [PassedOver(height, miner, txid) for txid in missed]
        waiting = {txid: waiting[txid] for txid in missed}
        made.audited.append(
            AuditRow(
                height, time, miner, expected_weight=4_000_000, missed_weight=400 * len(missed),
                missed_count=len(missed), block_weight=4_000_000, unseen_weight=0, prioritised_weight=0, fees_sat=1,
                foregone_sat=0, tx_count=3_000, own_payouts=0, traits={},
            )
        )  # fmt: skip
        made.traits.append((miner, time, _traits(software[builder[miner]], chance)))
    return made


def _traits(software: int, chance: np.random.Generator) -> dict[str, str]:
    """What software does: seven traits, of which some are common, and one varies from block to block."""
    return {
        "order": f"{software % 4}", "push": f"{software % 3}", "merge": f"{software}", "end": f"{software % 5}",
        "version": f"{software % 2}", "commitments": f"{software}", "locktime": f"{int(chance.integers(3))}",
    }  # fmt: skip
