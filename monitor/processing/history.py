"""The history of shares and indices, counted from the stored blocks by the present registry and pseudonyms."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise

from monitor.analysis.counting.grid import grid
from monitor.analysis.counting.levels import Entity, Level
from monitor.analysis.time_series import METRICS, PointRange, curves
from monitor.errors import InputError
from monitor.model import BlockRow, Grid, PoolSlug, SeriesQuery, TimeSeries
from monitor.processing.counter import EntityLookup, WindowCounter
from monitor.store.reading import Reading
from monitor.store.store import Store


class HistoryQueries:
    """Time series of the stored blocks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._boot = os.urandom(4).hex()
        self.counter: WindowCounter | None = None
        """Set once the network is known."""

    @property
    def edition(self) -> str | None:
        """Changes whenever a series may have changed; None while there are none."""
        entities = self.counter.entities if self.counter else None
        return f"{self._boot}.{self._store.revision}.{entities.edition}" if entities else None

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
    ranges = [*_ranges(reading, points, level), *_pseudonym_ranges(reading, points, level, entities=entities)]
    series = curves(ranges, points.points, asked.metric, limit=asked.limit, go_on=reading.go_on)
    return TimeSeries(level.name, asked.metric, points, series=series)


def _ranges(reading: Reading, points: Grid, level: Level) -> Iterator[PointRange]:
    """The points that count each group of blocks, and the entity that the group counts for."""
    begin, end = points.begin + 1, points.times[-1] + 1
    for since, until in pairwise([begin, *(turn for turn in level.turns if begin < turn < end), end]):
        known: dict[tuple[PoolSlug | None, str | None], Entity] = {}
        for enter, leave, pool, miner, blocks in reading.groups(points, (since, until), by_miner=level.by_miner):
            if (pool, miner) not in known:
                known[pool, miner] = level.entity_of(BlockRow(0, since, 0, pool=pool, miner=miner))
            if enter < leave:
                yield PointRange(enter, leave, known[pool, miner], blocks=blocks)


def _pseudonym_ranges(reading: Reading, points: Grid, level: Level, *, entities: EntityLookup) -> Iterator[PointRange]:
    """Corrections for the unattributed blocks of miners with a pseudonym."""
    for height, time in reading.unattributed_within((points.begin + 1, points.times[-1] + 1)):
        if pseudonym := entities.pseudonym(height):
            entity = level.entity_of(BlockRow(height, time, 0, pool=None, cluster=pseudonym))
            enter, leave = points.stay(time)
            if entity is not None and enter < leave:
                yield PointRange(enter, leave, None, blocks=-1)
                yield PointRange(enter, leave, entity, blocks=1)
