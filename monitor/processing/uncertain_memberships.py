"""What the memberships leave open: for each pool with rows that are disputed or old, everything that may be true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product

from monitor.analysis.counting.levels import POOL, Entity, Level
from monitor.analysis.uncertainty.alternatives import ALWAYS, UncertainMembership
from monitor.errors import RegistryError
from monitor.model import BlockRow, PoolSlug, beginning
from monitor.processing.levels import all_levels, levels
from monitor.registry.loading import Registry
from monitor.registry.memberships import Confidence, Membership, Memberships


def questions(registry: Registry) -> tuple[UncertainMembership, ...]:
    """One for each pool and level with rows that are low, or lower than `min_confidence`, or that age.

    A row that is not sure holds or does not. A row that ages holds, or ended when it was last seen.
    """
    sure = max(Confidence.MEDIUM, registry.memberships.min_confidence)
    pools = sorted({row.pool for row in registry.memberships.stated if row.confidence < sure or row.ages})
    return tuple(
        question
        for level in levels(registry)
        if level.name != POOL.name
        for pool in pools
        for question in _question(registry, level, pool, sure=sure)
    )


def _question(registry: Registry, level: Level, pool: PoolSlug, *, sure: Confidence) -> Iterator[UncertainMembership]:
    rows = [row for row in registry.memberships.stated if row.pool == pool and getattr(row, level.name)]
    days = {day for row in rows for part in row.parts for day in (part.since, part.until) if day}
    days |= {row.evidence for row in rows if row.evidence and row.ages}
    edges = sorted(map(beginning, days))
    moments = [BlockRow(0, moment, 0, pool=pool) for moment in [edges[0] - 1 if edges else 0, *edges]]
    if any(level.entity_of(replace(row, miner="somebody")) != level.entity_of(row) for row in moments):
        return  # its miners count for themselves, block by block
    answers = {_answer(level, moments): ALWAYS}
    for kept, since in _alternatives(rows, sure):
        with suppress(RegistryError):  # rows that contradict each other do not hold together
            other = replace(registry, memberships=Memberships(kept, min_confidence=Confidence.LOW))
            answer = _answer(next(each for each in all_levels(other) if each.name == level.name), moments)
            answers[answer] = min(answers.get(answer, since), since)
    if len(answers) > 1:
        yield UncertainMembership(level.name, pool, tuple(edges), answers=tuple(answers), since=tuple(answers.values()))


def _answer(level: Level, moments: Sequence[BlockRow]) -> tuple[Entity, ...]:
    return tuple(level.entity_of(moment) for moment in moments)


def _alternatives(rows: Sequence[Membership], sure: Confidence) -> Iterator[tuple[list[Membership], int]]:
    """Rows that may hold together, and the tip's time (Unix seconds) from which on they may."""
    for choice in product(*(_variants(row, sure) for row in rows)):
        yield [row for row, _ in choice if row is not None], max((since for _, since in choice), default=ALWAYS)


def _variants(row: Membership, sure: Confidence) -> Iterator[tuple[Membership | None, int]]:
    yield row, ALWAYS
    if row.confidence < sure:
        yield None, ALWAYS
    elif row.ages and row.evidence:
        ended = replace(row, until=row.evidence) if row.since is None or row.since < row.evidence else None
        yield ended, beginning(row.ages)
