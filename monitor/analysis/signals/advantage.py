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
from math import sqrt
from typing import Final, NamedTuple

import numpy as np

from monitor.analysis.counting.rows import UNTOLD
from monitor.analysis.distributions import Floats, student_quantile
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.model import Advantage, StaleRow

_PERIOD: Final = 144
"""Blocks: a day's worth, in which fees count as the same."""
_LEAST: Final = 10
"""Blocks with a known reward that an interval needs."""


def advantages(past: SignalInput, stale: Iterable[StaleRow]) -> tuple[Advantage, ...]:
    """The advantage of every pool over every window; without blocks of a known reward there is none.

    Args:
        past: the blocks.
        stale: those that lost a race, as far as they are known.
    """
    paid, known = _relative(past), past.value != UNTOLD
    lost = [(row.height, row.pool) for row in stale]
    found = []
    for window, where in past.where.items():
        own = past.pool[where][known[where]], paid[where][known[where]]
        blocks, total, squares = (
            np.bincount(own[0], weights, minlength=len(past.pools))[: len(past.pools)]
            for weights in (np.ones(len(own[0])), own[1], own[1] ** 2)
        )
        first = int(past.height[where][0])
        stales = Counter(pool for height, pool in lost if height >= first)
        wasted = stales.total() / (blocks.sum() + stales.total()) if stales else 0.0
        columns = zip(past.pools, blocks.tolist(), total.tolist(), squares.tolist(), strict=True)
        for pool, many, reward, square in columns:
            one = _Paid(int(many), reward, square, share=many / max(blocks.sum(), 1), stale=stales[pool])
            found.append(Advantage(pool, window, one.blocks, one.stale, *one.advantage(1 - wasted)))
    return tuple(found)


class _Paid(NamedTuple):
    """What the blocks of a pool were paid, each relative to its period."""

    blocks: int
    total: float
    squares: float
    share: float
    stale: int

    def advantage(self, kept: float) -> tuple[float | None, float | None, float | None]:
        """Ratio and interval.

        Args:
            kept: the part of the network's blocks that did not go stale.
        """
        if not self.blocks:
            return None, None, None
        all_ = self.blocks + self.stale
        mean, mine = self.total / self.blocks, self.blocks / all_
        ratio = mean * mine / kept
        if self.blocks < _LEAST:
            return ratio, None, None
        spread = max(self.squares - self.blocks * mean**2, 0) / (self.blocks - 1)
        chance = (self.stale + PRIOR) / (all_ + 2 * PRIOR)
        variance = (
            mine**2 * spread / self.blocks * (1 - self.share) + mean**2 * chance * (1 - chance) / (all_ + 1)
        ) / kept**2
        width = student_quantile(TAILS[1], self.blocks - 1) * sqrt(variance)
        return ratio, max(ratio - width, 0.0), ratio + width


def _relative(past: SignalInput) -> Floats:
    """What each block was paid, over the mean of its period."""
    known = past.value != UNTOLD
    period = past.height // _PERIOD
    period -= period[0]
    mean = np.bincount(period, past.value * known) / np.maximum(np.bincount(period, known), 1)
    mean = mean[period]
    return np.where(mean > 0, past.value / np.where(mean > 0, mean, 1), 1.0)
