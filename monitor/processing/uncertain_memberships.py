"""What the memberships leave open: for each pool with rows that are not sure, everything that may be true of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, time
from itertools import combinations

from monitor.analysis.counting.levels import POOL, Entity, Level
from monitor.analysis.uncertainty.membership_range import UncertainMembership
from monitor.errors import RegistryError
from monitor.model import BlockRow, PoolSlug
from monitor.processing.levels import levels
from monitor.registry.loading import Registry
from monitor.registry.memberships import Confidence, Membership, Memberships


def questions(registry: Registry) -> tuple[UncertainMembership, ...]:
    """One for each pool and level at which a row decides that is less than reported or measured once.

    A stricter `min_confidence` leaves more open. Of a pool's open rows each may hold or not.
    """
    sure = max(Confidence.MEDIUM, registry.memberships.min_confidence)
    return tuple(
        question
        for level in levels(registry)
        if level.name != POOL.name
        for pool in sorted({row.pool for row in registry.memberships.rows if row.confidence < sure})
        for question in _question(registry, level, pool, sure=sure)
    )


def _question(registry: Registry, level: Level, pool: PoolSlug, *, sure: Confidence) -> Iterator[UncertainMembership]:
    rows = [row for row in registry.memberships.rows if row.pool == pool and getattr(row, level.name)]
    days = {day for row in rows for day in (row.since, row.until) if day}
    edges = sorted(int(datetime.combine(day, time(), UTC).timestamp()) for day in days)
    moments = [BlockRow(0, moment, 0, pool=pool) for moment in [edges[0] - 1 if edges else 0, *edges]]
    if any(level.entity_of(replace(row, miner="somebody")) != level.entity_of(row) for row in moments):
        return  # its miners answer for themselves, block by block
    answers = dict.fromkeys([_answer(level, moments)])
    for kept in _kept(rows, sure):
        with suppress(RegistryError):  # rows that contradict each other don't hold together
            other = replace(registry, memberships=Memberships(kept, min_confidence=Confidence.LOW))
            answers[_answer(next(each for each in levels(other) if each.name == level.name), moments)] = None
    if len(answers) > 1:
        yield UncertainMembership(level.name, pool, tuple(edges), answers=tuple(answers))


def _answer(level: Level, moments: Sequence[BlockRow]) -> tuple[Entity, ...]:
    return tuple(level.entity_of(moment) for moment in moments)


def _kept(rows: Sequence[Membership], sure: Confidence) -> Iterator[list[Membership]]:
    """The sure rows with every choice of the others."""
    settled = [row for row in rows if row.confidence >= sure]
    unsure = [row for row in rows if row.confidence < sure]
    for many in range(len(unsure) + 1):
        for some in combinations(unsure, many):
            yield [*settled, *some]
