"""Counts of windows, kept up as blocks come: what a new block changes, not what has stayed.

Header times go back and forth, and with the tip's so does the beginning of a span of time: what left may come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.rows import FIRST, Rows
from monitor.analysis.counting.time_index import Integers, TimeIndex
from monitor.model import Window


@dataclass(frozen=True, slots=True)
class Table:
    """What each code has at each level in each window."""

    blocks: Integers
    """(levels, windows, codes)."""
    work: NDArray[np.float64]
    """The same shape: hashes."""


class RollingCounts:
    """Counts some windows over blocks that come, and go."""

    def __init__(self, windows: Sequence[Window], levels: int) -> None:
        self._places = {window: place for place, window in enumerate(windows)}
        self._spans = np.array([window.seconds or 0 for window in windows], np.int64)
        self._lengths = np.array([window.blocks or 0 for window in windows], np.int64)
        self._begin = np.zeros(len(windows), np.int64)
        """Of each window: inside is what comes after this time, or after the block of this number."""
        self._blocks = np.zeros((levels, len(windows), FIRST), np.int64)
        self._work = np.zeros(self._blocks.shape)

    def copy(self) -> RollingCounts:
        """Independent counts of the same blocks."""
        copied = copy(self)
        copied._blocks, copied._work = self._blocks.copy(), self._work.copy()  # noqa: SLF001 -- its own class
        return copied

    def has(self, windows: Sequence[Window]) -> bool:
        """Whether all of these are counted."""
        return self._places.keys() >= set(windows)

    def table(self, windows: Sequence[Window]) -> Table:
        """How the counts stand in some of the windows: a copy."""
        places = [self._places[window] for window in windows]
        return Table(self._blocks[:, places], self._work[:, places])

    def add(self, rows: Rows, order: TimeIndex, *, first: int, coming: int, codes: int) -> None:
        """Blocks join the chain.

        Args:
            rows: all that there are, the new ones among them.
            order: the same in order of time.
            first: the number of the first row.
            coming: how many of the last ones are new.
            codes: how many codes there are.
        """
        self._make_room(codes)
        end = first + len(rows)
        begin = np.where(self._spans, rows["time"][-1].astype(np.int64) - self._spans, end - 1 - self._lengths)
        moved, places, signs = self._moved(begin, order, first=first, end=end - coming)
        self._begin = begin
        new = np.arange(end - coming, end)
        which, inside = np.nonzero(self._inside(rows[-coming:], new))
        numbers = np.concatenate((moved, new[which]))
        self._count(
            rows[numbers - first],
            np.concatenate((places, inside)),
            np.concatenate((signs, np.ones(len(inside), np.int64))),
        )

    def remove(self, rows: Rows, first: int) -> None:
        """Blocks are forgotten; the first of them has this number. As a rule no window covers them."""
        which, inside = np.nonzero(self._inside(rows, np.arange(first, first + len(rows))))
        if len(which):
            self._count(rows[which], inside, np.full(len(which), -1))

    def _inside(self, rows: Rows, numbers: Integers) -> NDArray[np.bool_]:
        """(rows, windows)."""
        inside: NDArray[np.bool_] = np.where(self._spans, rows["time"][:, None], numbers[:, None]) > self._begin
        return inside

    def _moved(self, begin: Integers, order: TimeIndex, *, first: int, end: int) -> tuple[Integers, Integers, Integers]:
        """Which blocks with numbers from `first` to below `end` enter or leave which window, as 1 or -1."""
        bounds = np.array((self._begin, begin))
        found, places, signs = [np.zeros(0, np.int64)], [], []
        each = zip(self._spans.tolist(), bounds.T.tolist(), order.until(bounds).T.tolist(), strict=True)
        for place, (span, (before, now), at) in enumerate(each):
            if at[0] == at[1] and span:
                continue
            if span:
                numbers = order.numbers[min(at) : max(at)]
            else:
                numbers = np.arange(max(first, min(before, now) + 1), max(before, now) + 1)
            numbers = numbers[numbers < end]
            found.append(numbers)
            places += [place] * len(numbers)
            signs += [1 if now < before else -1] * len(numbers)
        return np.concatenate(found), np.array(places, np.int64), np.array(signs, np.int64)

    def _count(self, rows: Rows, places: Integers, signs: Integers) -> None:
        levels, windows, codes = self._blocks.shape
        cells = ((np.arange(levels) * windows + places[:, None]) * codes + rows["entity"]).ravel()
        shape, size = self._blocks.shape, self._blocks.size
        self._blocks += np.bincount(cells, np.repeat(signs, levels), size).reshape(shape).astype(np.int64)
        self._work += np.bincount(cells, np.repeat(signs * rows["work"], levels), size).reshape(shape)

    def _make_room(self, codes: int) -> None:
        more = codes - self._blocks.shape[2]
        if more > 0:
            wider = ((0, 0), (0, 0), (0, more))
            self._blocks, self._work = np.pad(self._blocks, wider), np.pad(self._work, wider)
