"""The blocks of the best chain as counting needs them: a few numbers each, in columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, repeat
from math import frexp, ldexp
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor import wire
from monitor.analysis.levels import Alone, Level
from monitor.analysis.readiness import is_bip54_ready, version_bits
from monitor.model import BlockRow

Where: TypeAlias = slice | NDArray[np.bool_]
"""Some of the rows."""
Rows = NDArray[np.void]
"""Records, lowest first: `height`, `time`, `work` (hashes), `value` (satoshi, or `UNTOLD`), `entity` (a code for each
level), `bits` (those it signals with), `empty` (no transaction but the coinbase), `bip54` (its coinbase is ready)."""

UNKNOWN, ALONE, FIRST = range(3)
"""Codes: nobody can tell; somebody without a name; and from there on, the entities."""

UNTOLD = -1
"""The value of a coinbase that nobody told us."""

_WORK_BITS = 30
"""Work is rounded to so many binary digits, a part in a billion: then sums over years of blocks are exact, whatever the
order, and what is added can be taken away again."""
_BATCH = 4096
"""Rows converted at a time: bounds what a rebuild holds twice."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Blocks, and work in hashes, of each code of a level."""

    blocks: NDArray[np.int64]
    work: NDArray[np.float64]

    @classmethod
    def nothing(cls) -> Sums:
        """Of no rows."""
        return cls(np.zeros(0, np.int64), np.zeros(0))

    def __add__(self, more: Sums) -> Sums:
        """Of the rows of both. Who came later knows at least as many codes."""
        found = Sums(more.blocks.copy(), more.work.copy())
        found.blocks[: len(self.blocks)] += self.blocks
        found.work[: len(self.work)] += self.work
        return found

    def __sub__(self, less: Sums) -> Sums:
        """Of these rows without those."""
        return Sums(self.blocks - less.blocks, self.work - less.work)


class Ledger:
    """What has been counted, block by block, at every level.

    Forward it grows; backward (a reorg, a restart) it is made anew. A row takes 32 bytes with one level, 48 with four.
    """

    def __init__(self, levels: Sequence[Level]) -> None:
        self.levels = tuple(levels)
        self.tip: BlockRow | None = None
        """The last row that came in."""
        self._codes: tuple[dict[str, int], ...] = tuple({} for _ in levels)
        self._record = np.dtype(
            [
                ("height", "i4"), ("time", "u4"), ("work", "f8"), ("value", "i8"), ("entity", "i4", (len(levels),)),
                ("bits", "u2"), ("empty", "?"), ("bip54", "?"),
            ],
            align=True,
        )  # fmt: skip
        self._buffer: Rows = np.empty(0, self._record)
        self._start = self._end = 0
        self._sums = [Sums.nothing() for _ in levels]
        """Of all rows, by level."""

    @classmethod
    def of(cls, rows: Iterable[BlockRow], levels: Sequence[Level]) -> Ledger:
        """Count `rows` from nothing."""
        ledger = cls(levels)
        ledger.extend(rows)
        return ledger

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def rows(self) -> Rows:
        """What is remembered: a view, good until the ledger changes."""
        return self._buffer[self._start : self._end]

    def entities(self, level: int) -> list[str]:
        """Whom the codes of a level from `FIRST` on stand for, in order."""
        return list(self._codes[level])

    def sums(self, level: int, where: Where) -> Sums:
        """What each code of a level has of some rows: counted anew, or all less the others if these are fewer."""
        rows = self.rows
        if isinstance(where, slice) and 2 * (before := where.indices(len(rows))[0]) < len(rows):
            return self._sums[level] - self._counted(level, rows[:before])
        return self._counted(level, rows[where])

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
            self._sums = [
                sums + self._counted(level, self._buffer[begin : self._end]) for level, sums in enumerate(self._sums)
            ]

    def forget(self, rows: int) -> None:
        """Let go of the first so many rows. Their memory is reused as the ledger grows."""
        gone = self.rows[:rows]
        self._sums = [sums - self._counted(level, gone) for level, sums in enumerate(self._sums)]
        self._start += len(gone)

    def _counted(self, level: int, rows: Rows) -> Sums:
        codes = rows["entity"][:, level]
        known = len(self._codes[level]) + FIRST
        work = np.bincount(codes, rows["work"], known).astype(np.float64, copy=False)  # of no rows they are integers
        return Sums(np.bincount(codes, minlength=known), work)

    def _encode(self, row: BlockRow) -> tuple[int, int, float, int, tuple[int, ...], int, bool, bool]:
        if self.tip is not None and row.height <= self.tip.height:
            raise ValueError(f"block {row.height} cannot be counted on top of block {self.tip.height}")
        self.tip = row
        return (
            row.height, row.time, _work(row.bits), UNTOLD if row.value_sat is None else row.value_sat,
            tuple(map(_code, self._codes, self.levels, repeat(row))),
            version_bits(row.version), row.tx_count == 1, is_bip54_ready(row),
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


def _code(codes: dict[str, int], level: Level, row: BlockRow) -> int:
    entity = level.entity_of(row)
    if isinstance(entity, Alone):
        return ALONE
    return UNKNOWN if entity is None else codes.setdefault(entity, len(codes) + FIRST)
