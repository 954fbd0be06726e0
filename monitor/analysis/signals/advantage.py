"""Advantage: what a pool is paid for a unit of work, beside the mean of the network.

Two pools with the same hashrate need not earn the same. One collects more fees, finds fewer of its blocks empty, or
loses fewer of them to stale branches: a durable operational advantage, on which concentration feeds.

A pool's work shows in the blocks that it found, stale ones too: luck is in its rewards and in its work, and cancels. A
stale block is paid nothing. Fees, subsidy and difficulty change with time, so each block's reward is measured against
the mean of its period, a day's worth of blocks: a pool that grew while fees were high has no advantage from that.

With r the mean of a pool's rewards so measured, and f the part of its blocks that went stale, its advantage is
r (1 - f), over (1 - f) of the network. The error of r is that of a mean, less the pool's own part in what it is held
against; f is a proportion with Jeffreys' prior, so that a pool without stale blocks is not thought to be free of them.
The interval takes both for independent, and is Student's t.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.rows import UNTOLD
from monitor.analysis.distributions import Floats, student_quantiles
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.model import Advantage, StaleRow

_PERIOD: Final = 144
"""Blocks: a day's worth, in which fees count as the same."""
_LEAST: Final = 10
"""Blocks with a known reward that an interval needs."""


def advantages(past: SignalInput, stale: Iterable[StaleRow]) -> tuple[Advantage, ...]:
    """The advantage of every pool over every window; without blocks of a known reward there is none.

    `stale` are the blocks that lost a race, as far as they are known.
    """
    paid, known = _relative(past), past.value != UNTOLD
    lost = [(row.height, row.pool) for row in stale]
    found = []
    for window, where in past.where.items():
        pool, reward = past.pool[where][known[where]], paid[where][known[where]]
        first = int(past.height[where][0])
        gone = Counter(who for height, who in lost if height >= first)
        blocks, total, squares = (
            np.bincount(pool, weights, len(past.pools))[: len(past.pools)].astype(np.float64)
            for weights in (np.ones(len(pool)), reward, reward**2)
        )
        stales = np.array([gone[each] for each in past.pools])
        kept = blocks.sum() / max(blocks.sum() + gone.total(), 1) or 1.0  # without blocks nothing is said
        ratio, width = (part / kept for part in _paid(blocks, total, squares=squares, stale=stales))
        for number, each in enumerate(past.pools):
            told, sure = blocks[number] > 0, blocks[number] >= _LEAST
            found.append(
                Advantage(
                    each,
                    window,
                    int(blocks[number]),
                    stale=int(stales[number]),
                    ratio=float(ratio[number]) if told else None,
                    lower=max(float(ratio[number] - width[number]), 0.0) if sure else None,
                    upper=float(ratio[number] + width[number]) if sure else None,
                )
            )
    return tuple(found)


def _paid(blocks: Floats, total: Floats, *, squares: Floats, stale: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """What each pool is paid for a unit of work, and half the width of its interval.

    Args:
        blocks: of each pool.
        total: the sum of their rewards, each relative to its period.
        squares: the sum of the squares of these.
        stale: the pool's blocks that lost a race.
    """
    many, work = np.maximum(blocks, 1), np.maximum(blocks + stale, 1)
    mean, mine = total / many, blocks / work
    spread = np.maximum(squares - blocks * mean**2, 0) / np.maximum(blocks - 1, 1)
    chance = (stale + PRIOR) / (work + 2 * PRIOR)
    share = blocks / max(blocks.sum(), 1)
    variance = mine**2 * spread / many * (1 - share) + mean**2 * chance * (1 - chance) / (work + 1)
    return mean * mine, student_quantiles(TAILS[1], np.maximum(blocks, _LEAST) - 1) * np.sqrt(variance)


def _relative(past: SignalInput) -> Floats:
    """What each block was paid, over the mean of its period."""
    known = past.value != UNTOLD
    period = past.height // _PERIOD
    period -= period[0]
    mean = np.bincount(period, past.value * known) / np.maximum(np.bincount(period, known), 1)
    mean = mean[period]
    return np.where(mean > 0, past.value / np.where(mean > 0, mean, 1), 1.0)
