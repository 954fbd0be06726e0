"""The blocks of the best chain as counting needs them: a few numbers each, in columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice, repeat

import numpy as np
from numpy.typing import NDArray

from monitor import wire
from monitor.analysis.levels import Alone, Level
from monitor.analysis.readiness import is_bip54_ready, version_bits
from monitor.model import BlockRow

Rows = NDArray[np.void]
"""Records, lowest first: `height`, `time`, `work` (hashes), `value` (satoshi, or `UNTOLD`), `entity` (a code for each
level), `bits` (those it signals with), `empty` (no transaction but the coinbase), `bip54` (its coinbase is ready)."""

UNKNOWN, ALONE, FIRST = range(3)
"""Codes: nobody can tell; somebody without a name; and from there on, the entities."""

UNTOLD = -1
"""The value of a coinbase that nobody told us."""

_BATCH = 4096
"""Rows converted at a time: bounds what a rebuild holds twice."""


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

    def extend(self, rows: Iterable[BlockRow]) -> None:
        """Count `rows` on top, lowest first.

        Raises:
            ValueError: a row is not above the one before it.
        """
        coming = iter(rows)
        while batch := list(islice(coming, _BATCH)):
            self._make_room(len(batch))
            self._buffer[self._end : self._end + len(batch)] = np.fromiter(
                map(self._encode, batch), self._record, count=len(batch)
            )
            self._end += len(batch)

    def forget(self, rows: int) -> None:
        """Let go of the first so many rows. Their memory is reused as the ledger grows."""
        self._start = min(self._start + rows, self._end)

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
    return float(wire.work(bits))


def _code(codes: dict[str, int], level: Level, row: BlockRow) -> int:
    entity = level.entity_of(row)
    if isinstance(entity, Alone):
        return ALONE
    return UNKNOWN if entity is None else codes.setdefault(entity, len(codes) + FIRST)
