"""The whole history, read from end to end as it was at one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from heapq import merge
from threading import Event
from typing import Any, Final

from sqlalchemy import Connection, Select, case, func, null, select

from monitor.model import (
    BlockRecord,
    BlockRow,
    Coinbase,
    Confidence,
    Disorder,
    Grid,
    Group,
    Method,
    Moment,
    StaleRow,
    StoredBlock,
    StoredCoinbase,
)
from monitor.store import audits, queries, stale_blocks
from monitor.store.queries import ON_BEST_CHAIN, PAGE
from monitor.store.rows import COUNTED, block_hash, counted_row, record
from monitor.store.schema import attributions, blocks

_RECORDS: Final = 250
"""Whole records at a time: they are read while the daemon works, and more of them would only take memory."""


class _Stopped(Exception):  # noqa: N818 -- a request to stop, not an error
    """The caller was cancelled."""


class Reading:
    """One transaction on a connection of its own: nothing that is written meanwhile is seen."""

    def __init__(self, connection: Connection, stopped: Event) -> None:
        self._connection = connection
        self._stopped = stopped

    def go_on(self) -> None:
        """Called regularly in long work: raises when the caller was cancelled."""
        if self._stopped.is_set():
            raise _Stopped

    # -- block by block ------------------------------------------------------------------------------------------------

    def ends(self) -> tuple[int, int] | None:
        """The lowest and the highest height of the stored best chain; None if nothing is stored."""
        first, last = queries.first(self._connection), queries.tip(self._connection)
        return (first.height, last.height) if first and last else None

    def unattributed(self, most: int) -> list[tuple[int, Coinbase]]:
        """See `queries.unattributed`."""
        return queries.unattributed(self._connection, most)

    def named_by_tag(self) -> Iterator[StoredCoinbase]:
        """The best chain's blocks that were attributed by a tag, lowest first; a few at a time are in memory."""
        for block in queries.named_by_tag(self._connection):
            self.go_on()
            yield block

    def reach(self, block: BlockRow, *, seconds: int, count: int) -> int:
        """The lowest height that is needed to count a span of header time or a number of blocks, up to a block."""
        return queries.reach(self._connection, block.height, block.time, seconds=seconds, count=count)

    def newest_at(self, moment: Moment) -> queries.BlockAt | None:
        """See `queries.newest_at`."""
        return queries.newest_at(self._connection, moment)

    def recent(self, tip: queries.BlockAt, *, seconds: int, count: int) -> Iterator[BlockRow]:
        """The blocks that counting needs if this one is the tip, lowest first."""
        for row in queries.recent_below(self._connection, tip, seconds=seconds, count=count):
            self.go_on()
            yield row

    def stale(self, *, since: int) -> list[StaleRow]:
        """Stale blocks with a header time from a moment on."""
        return stale_blocks.stale_since(self._connection, since)

    def blocks(self, lowest: int, highest: int, *, stale: bool = False) -> Iterator[StoredBlock]:
        """The blocks between two heights, both included, lowest first; a few at a time are in memory.

        Stale ones, if asked for, follow the block of their height.
        """
        who = queries.pools(self._connection)
        how = {
            row.id: (Method(row.method) if row.method else None, row.evidence, row.conflict)
            for row in self._connection.execute(select(attributions))
        }
        within = select(blocks.c.attribution, blocks.c.hash, *COUNTED).where(blocks.c.height.between(lowest, highest))
        in_pages = self._connection.execution_options(yield_per=PAGE)

        def rows_of(query: Select[Any], *, is_stale: bool) -> Iterator[StoredBlock]:
            for attribution, own, *counted in in_pages.execute(query):
                self.go_on()
                row = counted_row(counted, *who[attribution])
                yield StoredBlock(row, block_hash(own), is_stale, *how[attribution])

        best = rows_of(within.where(ON_BEST_CHAIN).order_by(blocks.c.height), is_stale=False)
        if not stale:
            return best
        left = rows_of(within.where(blocks.c.stale).order_by(blocks.c.height, blocks.c.id), is_stale=True)
        return merge(best, left, key=lambda block: block.row.height)

    def records(self, since: int) -> Iterator[BlockRecord]:
        """The best chain's blocks with a header time of `since` or later, lowest first; few at a time are in memory."""
        query = queries.JOINED.where(ON_BEST_CHAIN, blocks.c.time >= since).order_by(blocks.c.height)
        for row in self._connection.execution_options(yield_per=_RECORDS).execute(query).mappings():
            self.go_on()
            yield record(dict(row))

    def disorders(self, since: int) -> dict[int, Disorder]:
        """See `audits.disorders`."""
        return audits.disorders(self._connection, since)

    # -- in groups, counted by the database from the index `counted` alone: as many rows as changes, not as blocks -----

    def span(self) -> tuple[int, int] | None:
        """The earliest header time, and the newest block's; None if nothing is stored."""
        earliest = select(blocks.c.time).where(ON_BEST_CHAIN).order_by(blocks.c.time).limit(1)
        first: int | None = self._connection.execute(earliest).scalar()
        return None if first is None else (first, queries.newest_time(self._connection))

    def groups(self, grid: Grid, within: tuple[int, int], *, by_miner: Collection[str]) -> Iterator[Group]:
        """The blocks with a header time from one moment up to before another, as the grid's points count them.

        Both are after the grid's begin and up to its last point. Miners of the pools `by_miner` count for themselves.
        """
        self.go_on()
        connection = self._connection
        who = queries.pools(connection)
        by_name = [number for number, (pool, _) in who.items() if pool in by_miner]
        time, attribution = blocks.c.time, blocks.c.attribution
        # As `Grid.stay` has it. Quotients are rounded up, so one is taken off first: what is divided is never negative.
        stays = (
            select(
                case((time <= grid.first, 0), else_=(time - grid.first - 1) // grid.step + 1).label("enter"),
                ((time - grid.begin - 1) // grid.step + 1).label("leave"),
                attribution.label("attribution"),
                (case((attribution.in_(by_name), blocks.c.miner)) if by_name else null()).label("miner"),
            )
            .where(ON_BEST_CHAIN, time >= within[0], time < within[1])
            .subquery()
            .c
        )
        grouped = (stays.enter, stays.leave, stays.attribution, stays.miner)
        for enter, leave, number, miner, many in connection.execute(select(*grouped, func.count()).group_by(*grouped)):
            pool, confidence = who[number]
            doubtful = confidence is Confidence.LOW
            yield Group(enter, min(leave, grid.points), pool, miner=miner, blocks=many, doubtful=doubtful)

    def unattributed_within(self, within: tuple[int, int]) -> list[tuple[int, int]]:
        """Height and header time of the unattributed blocks with a header time in this range."""
        self.go_on()
        time = blocks.c.time
        unknown = select(attributions.c.id).where(attributions.c.pool.is_(None))
        rows = self._connection.execute(
            select(blocks.c.height, time).where(
                ON_BEST_CHAIN, time >= within[0], time < within[1], blocks.c.attribution.in_(unknown)
            )
        )
        return [(row.height, row.time) for row in rows]
