"""The blocks of the best chain as counting needs them: a few numbers each, in columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from functools import lru_cache
from itertools import islice, repeat
from math import frexp, ldexp
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor import wire
from monitor.analysis.counting.levels import Alone, Level, Nameless
from monitor.analysis.counting.rolling_counts import RollingCounts, Table
from monitor.analysis.counting.rows import (
    ALONE,
    CONFIDENCES,
    FIRST,
    UNKNOWN,
    UNTOLD,
    Rows,
    is_bip54_ready,
    version_bits,
)
from monitor.analysis.counting.time_index import TimeIndex
from monitor.model import BlockRow, PoolSlug, Window

Where: TypeAlias = slice | NDArray[np.bool_]
"""Some of the rows."""

_WORK_BITS = 30
"""Work is rounded to so many binary digits, a part in a billion: then sums over years of blocks are exact, whatever the
order, and what is added can be taken away again."""
_BATCH = 4096
"""Rows converted at a time: bounds what a rebuild holds twice."""


class BlockTable:
    """What has been counted, block by block, at every level.

    It only grows; after a reorganisation or a restart it is rebuilt. A row takes 40 bytes with one level, 56 with five.

    Args:
        levels: at which it counts.
        windows: those that are asked for again and again. Their counts are kept up; others are counted when asked for.
    """

    def __init__(self, levels: Sequence[Level], windows: Sequence[Window] = ()) -> None:
        self.levels = tuple(levels)
        self.tip: BlockRow | None = None
        """The last row that came in."""
        self._codes: tuple[dict[str | Nameless, int], ...] = tuple({} for _ in levels)
        self._record = np.dtype(
            [
                ("height", "i4"), ("time", "u4"), ("work", "f8"), ("value", "i8"), ("entity", "i4", (len(levels),)),
                ("bits", "u2"), ("empty", "?"), ("bip54", "?"), ("confidence", "u1"),
            ],
            align=True,
        )  # fmt: skip
        self._buffer: Rows = np.empty(0, self._record)
        self._start = self._end = 0
        self._first = 0
        """The number of the first row kept, which is the number of rows dropped."""
        self.order = TimeIndex()
        """The rows' times and numbers, in order of time."""
        self._running = RollingCounts(windows, len(levels))

    @classmethod
    def of(cls, rows: Iterable[BlockRow], levels: Sequence[Level], windows: Sequence[Window] = ()) -> BlockTable:
        """Count `rows` from nothing."""
        table = cls(levels, windows)
        table.extend(rows)
        return table

    def __len__(self) -> int:
        return self._end - self._start

    def copy(self) -> BlockTable:
        """An independent table of the same blocks. Rows are shared: once written they never change."""
        copied = copy(self)
        copied._codes = tuple(map(dict, self._codes))  # noqa: SLF001 -- its own class
        copied._buffer = self._buffer[: self._end]  # noqa: SLF001 -- no room to spare: to grow, the copy moves
        copied.order = self.order.copy()
        copied._running = self._running.copy()  # noqa: SLF001
        return copied

    @property
    def rows(self) -> Rows:
        """The rows that are kept: a view, which later blocks do not change."""
        return self._buffer[self._start : self._end]

    def entities(self, level: int) -> list[str]:
        """The entities of a level, in the order of their codes from `FIRST` on; empty for a nameless one."""
        return [entity if isinstance(entity, str) else "" for entity in self._codes[level]]

    def nameless(self, level: int) -> dict[PoolSlug, int]:
        """The codes of the pools with an unknown entity at a level."""
        return {entity.pool: code for entity, code in self._codes[level].items() if isinstance(entity, Nameless)}

    def place(self, number: int) -> int:
        """Where among the rows the one with this number is."""
        return int(number) - self._first

    def counts(self, windows: Sequence[Window]) -> Table:
        """What each code has at each level in each of the windows."""
        running = self._running
        if not running.has(windows):
            running = RollingCounts(windows, len(self.levels))
            self._count(running, len(self))
        return running.table(windows)

    def extend(self, rows: Iterable[BlockRow]) -> None:
        """Count `rows` on top, lowest first.

        Raises:
            ValueError: a row is not above the one before it.
        """
        coming = iter(rows)
        while batch := list(islice(coming, _BATCH)):
            self._make_room(len(batch))
            begin, self._end = self._end, self._end + len(batch)
            for number, row in enumerate(batch, start=begin):
                self._buffer[number] = self._encode(row)
            new = self.rows[-len(batch) :]
            self.order.extend(new["time"].astype(np.int64), self._first + len(self) - len(new))
            self._count(self._running, len(new))

    def forget(self, rows: int) -> None:
        """Drop the first rows. Their memory is reused as the table grows."""
        gone = self.rows[:rows]
        if not len(gone):
            return
        self._running.remove(gone, self._first)
        self._start += len(gone)
        self._first += len(gone)
        self.order.forget(self._first, int(gone["time"].max()))

    def _count(self, running: RollingCounts, coming: int) -> None:
        if not coming:
            return
        codes = max(map(len, self._codes), default=0) + FIRST
        running.add(self.rows, self.order, first=self._first, coming=coming, codes=codes)

    def _encode(self, row: BlockRow) -> tuple[int, int, float, int, tuple[int, ...], int, bool, bool, int]:
        if self.tip is not None and row.height <= self.tip.height:
            raise ValueError(f"block {row.height} cannot be counted on top of block {self.tip.height}")
        self.tip = row
        return (
            row.height, row.time, _work(row.bits), UNTOLD if row.value_sat is None else row.value_sat,
            tuple(map(_code, self._codes, self.levels, repeat(row))),
            version_bits(row.version, row.time), row.tx_count == 1, is_bip54_ready(row),
            CONFIDENCES.index(row.confidence),
        )  # fmt: skip

    def _make_room(self, more: int) -> None:
        """Move the rows to a larger place once theirs is full; an eighth to spare makes that rare."""
        if self._end + more <= len(self._buffer):
            return
        kept = self.rows
        self._buffer = np.empty((len(kept) + more) * 9 // 8, self._record)
        self._buffer[: len(kept)] = kept
        self._start, self._end = 0, len(kept)


@lru_cache(maxsize=256)
def _work(bits: int) -> float:
    mantissa, exponent = frexp(wire.work(bits))
    return ldexp(round(ldexp(mantissa, _WORK_BITS)), exponent - _WORK_BITS)


def _code(codes: dict[str | Nameless, int], level: Level, row: BlockRow) -> int:
    entity = level.entity_of(row)
    if isinstance(entity, Alone):
        return ALONE
    return UNKNOWN if entity is None else codes.setdefault(entity, len(codes) + FIRST)
