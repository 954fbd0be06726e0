"""The one way to count: the live pipeline, replay, export and re-attribution all add their blocks here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.levels import Level
from monitor.analysis.counting.windows import surplus
from monitor.model import BlockRow, Window

_BATCH = 1024
"""Rows that wait to be counted: counting many at once is faster, and this many take little memory."""
_DROP_ROWS = 144
"""Rows that are dropped at a time. Which of the surplus rows are still there changes no number."""


class CountedBlocks:
    """The newest blocks, counted at `levels`, as far back as `windows` reach.

    It only grows: after a reorganisation, or with another registry, blocks are counted again from the store.
    """

    def __init__(self, levels: Sequence[Level], windows: Sequence[Window], rows: Iterable[BlockRow] = ()) -> None:
        self.windows = windows
        self._table = BlockTable(levels, windows)
        self._waiting: list[BlockRow] = []
        self.add(rows)

    def add(self, rows: Iterable[BlockRow]) -> None:
        """Count blocks on top, lowest first. The table counts them when it is read, or when there are many."""
        for row in rows:
            self._waiting.append(row)
            if len(self._waiting) == _BATCH:
                self._count()

    @property
    def table(self) -> BlockTable:
        """The counts of all blocks added so far."""
        if self._waiting:
            self._count()
        return self._table

    def _count(self) -> None:
        self._table.extend(self._waiting)
        self._waiting.clear()
        if (rows := surplus(self._table, self.windows)) >= _DROP_ROWS:
            self._table.forget(rows)
