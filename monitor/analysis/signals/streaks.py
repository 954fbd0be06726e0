"""The current streak of consecutive blocks of one pool, and how often chance produces it.

The model: each block is the pool's with the probability of its share, whatever came before. The share is not known, so
the probability is averaged over what the blocks before the streak leave open: a posterior, Beta(x + 1/2, n - x + 1/2)
for x of n blocks (Jeffreys' prior, as for the intervals of shares). With many blocks it comes to p^k for a share p.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.signals.signal_input import Numbers, SignalInput
from monitor.analysis.uncertainty.intervals import PRIOR
from monitor.model import Streak

BLOCKS_A_YEAR = 52_560


def streaks(past: SignalInput) -> tuple[Streak, ...]:
    """The current streak of every pool; all but one are of no blocks."""
    pool_of_run, lengths = runs(past.pool)
    found = past.count(past.longest)
    pools = len(past.named)
    longest = np.zeros(len(past.pools) + 1, dtype=np.int64)
    np.maximum.at(longest, pool_of_run, lengths)
    current = np.zeros(pools, dtype=np.int64)
    if pool_of_run[-1] < pools:
        current[pool_of_run[-1]] = lengths[-1]
    probability, a_year = chance(current, found[:pools], int(found.sum()))
    return tuple(
        Streak(pool, *numbers)
        for pool, *numbers in zip(
            past.named, current.tolist(), probability.tolist(), a_year.tolist(), longest[:pools].tolist(), strict=True
        )
    )


def runs(codes: Numbers) -> tuple[Numbers, Numbers]:
    """The code of each run of equal codes, and its length."""
    ends = np.append(np.flatnonzero(codes[1:] != codes[:-1]), len(codes) - 1)
    return codes[ends], np.diff(ends, prepend=-1)


def chance(streak: Numbers, found: Numbers, blocks: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How likely a streak is, and how many as long begin in a year.

    Args:
        streak: blocks in a row.
        found: blocks of the pool, those in the streak among them.
        blocks: of all pools together.

    Returns:
        E[p^k], that the newest k blocks are the pool's; and n E[(1 - p) p^k], the runs of k or more among a year's n
        blocks: each begins after a block that is not the pool's.
    """
    a, b = np.maximum(found - streak, 0) + PRIOR, blocks - found + PRIOR
    # One more block is the pool's with (a + i) / (a + b + i), the mean of its share after i of them.
    likely = np.array([
        np.prod((one + np.arange(k)) / (both + np.arange(k)))
        for k, one, both in zip(streak.tolist(), a.tolist(), (a + b).tolist(), strict=True)
    ])  # fmt: skip
    return likely, BLOCKS_A_YEAR * likely * b / (a + b + streak)
