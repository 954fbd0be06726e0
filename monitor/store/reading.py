"""The whole history, read from end to end as it was at one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from threading import Event

from sqlalchemy import Connection

from monitor.model import BlockRow, Coinbase, Grid, Group, StoredBlock, StoredCoinbase
from monitor.store import queries, timeline


class _Stopped(Exception):  # noqa: N818 -- a request to stop, not an error
    """The caller was cancelled."""


class Reading:
    """One transaction on a connection of its own: nothing that is written meanwhile is seen."""

    def __init__(self, connection: Connection, stopped: Event) -> None:
        self._connection = connection
        self._stopped = stopped

    def ends(self) -> tuple[int, int] | None:
        """The heights between which the best chain is stored. None when nothing is."""
        first = queries.end(self._connection, queries.LOWEST)
        last = queries.end(self._connection, queries.HIGHEST)
        return (first.height, last.height) if first and last else None

    def unattributed(self, most: int) -> list[tuple[int, Coinbase]]:
        """The newest unattributed blocks of the best chain, at most `most`, lowest first."""
        return queries.unattributed(self._connection, most)

    def named_by_tag(self) -> Iterator[StoredCoinbase]:
        """The best chain's blocks that were attributed by a tag, lowest first; a few at a time are in memory."""
        for block in queries.named_by_tag(self._connection):
            self.go_on()
            yield block

    def reach(self, block: BlockRow, *, seconds: int, count: int) -> int:
        """The lowest height that is needed to count a span of header time or a number of blocks, up to a block."""
        return queries.reach(self._connection, block.height, block.time, seconds=seconds, count=count)

    def blocks(self, lowest: int, highest: int, *, stale: bool = False) -> Iterator[StoredBlock]:
        """The blocks between two heights, both included, lowest first; a few at a time are in memory."""
        for block in queries.through(self._connection, lowest, highest, stale=stale):
            self.go_on()
            yield block

    def span(self) -> tuple[int, int] | None:
        """The earliest header time, and the newest block's. None when nothing is stored."""
        return timeline.span(self._connection)

    def groups(self, grid: Grid, within: tuple[int, int], *, by_miner: Collection[str]) -> Iterator[Group]:
        """The blocks with a header time from one moment up to before another, as a grid's points count them."""
        self.go_on()
        return timeline.groups(self._connection, grid, within, by_miner=by_miner)

    def unattributed_within(self, within: tuple[int, int]) -> list[tuple[int, int]]:
        """Height and header time of the unattributed blocks with a header time in this range."""
        self.go_on()
        return timeline.unattributed(self._connection, within)

    def go_on(self) -> None:
        """Called regularly in long work: raises when the caller was cancelled."""
        if self._stopped.is_set():
            raise _Stopped
