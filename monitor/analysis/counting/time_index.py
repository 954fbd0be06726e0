"""Blocks in the order of their header times, which is nearly that of the chain.

So what a span of time covers is found by bisection, and what enters or leaves it are a few neighbours.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


class TimeIndex:
    """The times of blocks and their numbers: each block has one of its own, counted up along the chain.

    A block takes 16 bytes.
    """

    def __init__(self) -> None:
        self._blocks = np.empty((2, 0), np.int64)
        self._start = self._end = 0

    def copy(self) -> TimeIndex:
        """An independent index of the same blocks."""
        copied = TimeIndex()
        copied._blocks = self._blocks[:, self._start : self._end].copy()
        copied._end = self._end - self._start
        return copied

    @property
    def times(self) -> Integers:
        """Earliest first: a view, good until something changes."""
        return self._blocks[0, self._start : self._end]

    @property
    def numbers(self) -> Integers:
        """In the same order, and as long."""
        return self._blocks[1, self._start : self._end]

    def until(self, moments: Integers | int) -> Integers:
        """How many blocks are no later than each of the moments; the next in this order is the first that is."""
        return self.times.searchsorted(moments, side="right")

    def extend(self, times: Integers, first: int) -> None:
        """Blocks join the chain, at least one; the lowest has the number `first`."""
        self._make_room(len(times))
        # What is later than the earliest of them is sorted again.
        begin = self._start + int(self.until(int(times.min())))
        self._blocks[:, self._end : self._end + len(times)] = times, np.arange(first, first + len(times))
        self._end += len(times)
        late = self._blocks[:, begin : self._end]
        if late.shape[1] > 1:
            late[:] = late[:, np.argsort(late[0], kind="stable")]

    def forget(self, first: int, latest: int) -> None:
        """Let go of the blocks below the number `first`, none of which is later than `latest`."""
        end = self._start + int(self.until(latest))
        early = self._blocks[:, self._start : end]
        kept = early[:, early[1] >= first]
        self._start = end - kept.shape[1]
        self._blocks[:, self._start : end] = kept

    def _make_room(self, more: int) -> None:
        if self._end + more <= self._blocks.shape[1]:
            return
        kept = self._blocks[:, self._start : self._end]
        self._start, self._end = 0, kept.shape[1]
        self._blocks = np.empty((2, (self._end + more) * 9 // 8), np.int64)
        self._blocks[:, : self._end] = kept
