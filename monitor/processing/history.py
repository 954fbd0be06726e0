"""How shares and indices went, counted from what is stored, by whom blocks count for now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise

from monitor.analysis.counting.grid import grid
from monitor.analysis.counting.levels import Entity, Level
from monitor.analysis.time_series import METRICS, PointRange, course
from monitor.errors import InputError
from monitor.model import Asked, BlockRow, Grid, PoolSlug, TimeSeries
from monitor.processing.counter import Naming, WindowCounter
from monitor.store.reading import Reading
from monitor.store.store import Store


class HistoryQueries:
    """Answers questions about the past."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._boot = os.urandom(4).hex()
        self.census: WindowCounter | None = None
        """Knows whom blocks count for; None until the network is known."""

    @property
    def edition(self) -> str | None:
        """Another one whenever an answer may be another; None until there are answers."""
        naming = self.census.naming if self.census else None
        return f"{self._boot}.{self._store.revision}.{naming.edition}" if naming else None

    async def course(self, asked: Asked) -> TimeSeries:
        """How a metric went. What is cancelled ends soon, and before this does.

        Raises:
            InputError: the question makes no sense, with the remedy.
        """
        naming = self.census.naming if self.census else None
        if naming is None:
            raise InputError("nothing is counted yet: ask again when /readyz says ready")
        return await self._store.reading(lambda reading: answer(reading, asked, naming))


def answer(reading: Reading, asked: Asked, naming: Naming) -> TimeSeries:
    """The same, of one state of the store.

    Raises:
        InputError: the question makes no sense, with the remedy.
    """
    level = next((level for level in naming.levels if level.name == asked.level), None)
    if level is None:
        raise InputError(f"there is no such level; there are: {', '.join(level.name for level in naming.levels)}")
    if asked.metric not in METRICS:
        raise InputError(f"there is no such metric; there are: {', '.join(METRICS)}")
    stored = reading.span()
    if stored is None:
        raise InputError("no block is stored yet: ask again when /readyz says ready")
    try:
        points = grid(asked, *stored)
    except ValueError as error:
        raise InputError(str(error)) from None
    stays = [*_stays(reading, points, level, naming)]
    series = course(stays, points.points, asked.metric, limit=asked.limit, go_on=reading.go_on)
    return TimeSeries(level.name, asked.metric, points, series)


def _stays(reading: Reading, points: Grid, level: Level, naming: Naming) -> Iterator[PointRange]:
    """Whose the stored blocks are, and which points count them."""
    begin, end = points.begin + 1, points.times[-1] + 1
    unknown = 0
    for since, until in pairwise([begin, *(turn for turn in level.turns if begin < turn < end), end]):
        known: dict[tuple[PoolSlug | None, str | None], Entity] = {}
        for enter, leave, pool, miner, blocks in reading.groups(points, (since, until), by_miner=level.by_miner):
            if (pool, miner) not in known:
                known[pool, miner] = level.entity_of(BlockRow(0, since, 0, pool, miner))
            if enter < leave:
                unknown += pool is None
                yield PointRange(enter, leave, known[pool, miner], blocks)
    if unknown:
        yield from _named(reading, points, level, naming)


def _named(reading: Reading, points: Grid, level: Level, naming: Naming) -> Iterator[PointRange]:
    """What changes for blocks that nobody could attribute, but that share traces: they are one miner's."""
    for height, time in reading.strangers((points.begin + 1, points.times[-1] + 1)):
        if cluster := naming.name(height):
            entity = level.entity_of(BlockRow(height, time, 0, None, cluster=cluster))
            enter, leave = points.stay(time)
            if entity is not None and enter < leave:
                yield PointRange(enter, leave, None, -1)
                yield PointRange(enter, leave, entity, 1)
