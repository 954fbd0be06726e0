"""Empty blocks: those with no transaction but the coinbase, by how soon they came after their parent.

A pool that hears of a new block works on an empty one until it has checked the other's transactions, or asked its node
for new ones: a matter of seconds. This is called spy mining, or mining without validation. An empty block that comes
later has another reason. Header times are the miners' own and may be off by minutes, so what they say holds of many
blocks better than of one; the interval as nodes saw it is exact, but known only of blocks that they saw arrive.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import Where
from monitor.analysis.signals.signal_input import SignalInput
from monitor.model import SOON_SECONDS, EmptyBlocks

WITHIN = (10, 30, 60)
"""Seconds between header times."""


def empty_blocks(past: SignalInput, intervals: Mapping[int, float] | None = None) -> tuple[EmptyBlocks, ...]:
    """The empty blocks of every pool over every window.

    `intervals` are the seconds from the parent to the block, as nodes saw them, by the heights of empty blocks.
    """
    early = {seconds: past.empty & (past.gap <= seconds) for seconds in WITHIN}
    seen = _column(past, intervals or {})
    counted = []
    for window, where in past.where.items():
        within = {seconds: past.count(where, chosen).tolist() for seconds, chosen in early.items()}
        numbers = zip(past.pools, past.count(where).tolist(), past.count(where, past.empty).tolist(), strict=True)
        timed = _by_pool(past, where, seen)
        for index, (pool, blocks, empty) in enumerate(numbers):
            known = timed.get(index, [])
            counted.append(
                EmptyBlocks(
                    pool,
                    window,
                    blocks,
                    empty=empty,
                    within={seconds: many[index] for seconds, many in within.items()},
                    timed=len(known),
                    soon=sum(seconds <= SOON_SECONDS for seconds in known) if known else None,
                    median_seconds=median(known) if known else None,
                )
            )
    return tuple(counted)


def _column(past: SignalInput, intervals: Mapping[int, float]) -> NDArray[np.float64]:
    """The interval of each block; NaN where it is not known."""
    column = np.full(len(past.height), np.nan)
    heights = np.fromiter(intervals, np.int64, len(intervals))
    places = np.searchsorted(past.height, heights)
    inside = np.isin(heights, past.height)
    column[places[inside]] = np.fromiter(intervals.values(), np.float64, len(intervals))[inside]
    return column


def _by_pool(past: SignalInput, where: Where, seen: NDArray[np.float64]) -> dict[int, list[float]]:
    """The known intervals in a window, by index of the pool."""
    seconds = seen[where]
    known = np.flatnonzero(~np.isnan(seconds))
    found: dict[int, list[float]] = {}
    for pool, value in zip(past.pool[where][known].tolist(), seconds[known].tolist(), strict=True):
        found.setdefault(pool, []).append(value)
    return found
