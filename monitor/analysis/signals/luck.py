"""Whether a pool found more blocks lately than luck and the usual drift of shares explain.

Only the pool knows its hashrate, so its blocks are measured against its own share of the longest window. If that share
did not change, they lie anywhere among those of the longest window with the same chance, and of a window's n the pool's
are hypergeometric: X of N in the longest window promise n X / N, with the variance n p (1 - p) (N - n) / (N - 1), where
p is X / N. The last factor is there because the window is part of what it is compared with.

But shares do change. If the share is a random walk that gains the variance p (1 - p) d with every block, the mean of
its last n steps differs from the mean of all N with the variance p (1 - p) d (N - n)² / 3N. The z-score has both. The
drift d is the pool's own, as its blocks show it: see `current_share`.
"""

from __future__ import annotations

import numpy as np

from monitor.analysis.distributions import Floats
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.uncertainty.current_share import BIN, MOST_BINS, binned, posterior
from monitor.model import Luck


def luck(past: SignalInput) -> tuple[Luck, ...]:
    """The luck of every pool over every window; in the longest one there is none to speak of."""
    pools = len(past.named)
    known = past.count(past.longest)
    total = int(known.sum())
    share = known[:pools] / total
    lately = binned(past.pool[-BIN * MOST_BINS :], pools + 2)
    drift = posterior(lately[:, :pools], lately.sum(axis=1)).drift
    lucks = []
    for window, where in past.where.items():
        found = past.count(where)
        blocks = int(found.sum())
        expected = blocks * share
        chance, walk = variances(blocks, total, drift)
        deviation = np.sqrt(expected * (1 - share) * (chance + walk))
        numbers = (found[:pools].tolist(), expected.tolist(), deviation.tolist())
        for pool, seen, promised, width in zip(past.named, *numbers, strict=True):
            lucks.append(
                Luck(
                    pool, window, seen, expected=promised,
                    ratio=seen / promised if promised else None,
                    zscore=(seen - promised) / width if width else None,
                )
            )  # fmt: skip
    return tuple(lucks)


def variances(blocks: int, total: int, drift: Floats) -> tuple[float, Floats]:
    """What luck, and what drift, adds to the variance of a pool's blocks, in units of n p (1 - p).

    Args:
        blocks: n, those of the window.
        total: those of the longest window.
        drift: of each pool, see `Posterior.drift`.
    """
    others = total - blocks
    return others / max(total - 1, 1), drift * blocks * others**2 / (3 * total)
