"""The history of shares and indices, counted from the stored blocks by the present registry and pseudonyms."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

from monitor.analysis.counting.grid import grid
from monitor.analysis.counting.levels import Entity, Level
from monitor.analysis.counting.points import PointRange
from monitor.analysis.time_series import METRICS, curves
from monitor.analysis.uncertainty.alternatives import UncertainMembership
from monitor.errors import InputError
from monitor.model import BlockRow, Grid, Moment, PoolSlug, SeriesQuery, Snapshot, TimeSeries
from monitor.processing.counter import EntityLookup, WindowCounter
from monitor.processing.past import snapshot_at
from monitor.store.reading import Reading
from monitor.store.store import Store

_KEPT = 8
"""Snapshots of earlier blocks that are kept: of a year, each takes a megabyte, and a part of a second to compute."""


class HistoryQueries:
    """Time series of the stored blocks, and the numbers as of earlier ones."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._boot = os.urandom(4).hex()
        self.counter: WindowCounter | None = None
        """Set once the network is known."""
        self._kept: dict[tuple[str | None, Moment], Snapshot | None] = {}

    @property
    def edition(self) -> str | None:
        """Changes whenever a series may have changed; None while there are none."""
        entities = self.counter.entities if self.counter else None
        return f"{self._boot}.{self._store.revision}.{entities.edition}" if entities else None

    def kept(self, moment: Moment) -> Snapshot | None:
        """What `snapshot` returns, if it need not be computed; else None."""
        return self._kept.get((self.edition, moment))

    async def snapshot(self, moment: Moment) -> Snapshot | None:
        """Every number as of an earlier block; None if nothing is stored of that time, or counted yet."""
        counter = self.counter
        if counter is None or counter.entities is None:
            return None
        key, entities = (self.edition, moment), counter.entities
        if key not in self._kept:
            found = await self._store.reading(lambda reading: snapshot_at(reading, moment, counter, entities=entities))
            self._kept = {**dict(list(self._kept.items())[1 - _KEPT :]), key: found}
        return self._kept[key]

    async def series(self, asked: SeriesQuery) -> TimeSeries:
        """The series of a metric. Its thread has ended when a cancelled call returns.

        Raises:
            InputError: the request is invalid; the message has the remedy.
        """
        entities = self.counter.entities if self.counter else None
        if entities is None:
            raise InputError("no block is counted yet", remedy="repeat the request when /readyz reports ready")
        return await self._store.reading(lambda reading: time_series(reading, asked, entities))


def time_series(reading: Reading, asked: SeriesQuery, entities: EntityLookup) -> TimeSeries:
    """The series of a metric in one state of the store.

    Raises:
        InputError: the request is invalid; the message has the remedy.
    """
    level = next((level for level in entities.levels if level.name == asked.level), None)
    if level is None:
        choices = ", ".join(level.name for level in entities.levels)
        raise InputError(f"unknown level {asked.level!r}", remedy=f"choose one of: {choices}")
    if asked.metric not in METRICS:
        raise InputError(f"unknown metric {asked.metric!r}", remedy=f"choose one of: {', '.join(METRICS)}")
    stored = reading.span()
    if stored is None:
        raise InputError("no block is stored yet", remedy="repeat the request when /readyz reports ready")
    try:
        points = grid(asked, *stored)
    except ValueError as error:
        raise InputError(str(error)) from None
    questions = [each for each in entities.questions if each.level == level.name]
    ranges = [
        *_ranges(reading, points, level, questions=questions),
        *_pseudonym_ranges(reading, points, level, entities=entities),
    ]
    series = curves(ranges, points, asked, questions=questions, go_on=reading.go_on)
    ends = reading.ends()
    oldest = stored[0] if ends and ends[0] > 0 else None
    return TimeSeries(level.name, asked.metric, points, series=series, oldest=oldest)


def _ranges(
    reading: Reading, points: Grid, level: Level, *, questions: Sequence[UncertainMembership]
) -> Iterator[PointRange]:
    """The points that count each group of blocks, and the entity that the group counts for."""
    begin, end = points.begin + 1, points.times[-1] + 1
    turns = sorted({*level.turns, *(edge for question in questions for edge in question.edges)})
    for since, until in pairwise([begin, *(turn for turn in turns if begin < turn < end), end]):
        known: dict[tuple[PoolSlug | None, str | None], Entity] = {}
        eras = {question.pool: bisect_right(question.edges, since) for question in questions}
        groups = reading.groups(points, (since, until), by_miner=level.by_miner)
        for enter, leave, pool, miner, blocks, doubtful in groups:
            if (pool, miner) not in known:
                known[pool, miner] = level.entity_of(BlockRow(0, since, 0, pool=pool, miner=miner))
            if enter < leave:
                uncertain = pool if pool in eras else None
                yield PointRange(
                    enter, leave, known[pool, miner], blocks=blocks, doubtful=doubtful,
                    pool=uncertain, era=eras[uncertain] if uncertain else 0,
                )  # fmt: skip


def _pseudonym_ranges(reading: Reading, points: Grid, level: Level, *, entities: EntityLookup) -> Iterator[PointRange]:
    """Corrections for the unattributed blocks of miners with a pseudonym."""
    for height, time in reading.unattributed_within((points.begin + 1, points.times[-1] + 1)):
        if pseudonym := entities.pseudonym(height):
            entity = level.entity_of(BlockRow(height, time, 0, pool=None, cluster=pseudonym))
            enter, leave = points.stay(time)
            if entity is not None and enter < leave:
                yield PointRange(enter, leave, None, blocks=-1)
                yield PointRange(enter, leave, entity, blocks=1)
