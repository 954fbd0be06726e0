"""Whether a pool found more blocks lately than it does in the long run.

Only the pool knows its hashrate, so its luck is measured against its own share of the longest window. The model:
the share did not change, so the pool's blocks lie anywhere among those of the longest window with the same chance, and
of a window's n the pool's are hypergeometric: X of N in the longest window promise n X / N, with the variance
n X / N (1 - X / N) (N - n) / (N - 1). The last factor is there because the window is part of what it is compared with.
"""

from __future__ import annotations

import numpy as np

from monitor.analysis.signals.signal_input import SignalInput
from monitor.model import Luck


def luck(past: SignalInput) -> tuple[Luck, ...]:
    """The luck of every pool over every window; in the longest one there is none to speak of."""
    pools = len(past.named)
    known = past.count(past.longest)
    total = int(known.sum())
    share = known[:pools] / total
    lucks = []
    for window, where in past.where.items():
        found = past.count(where)
        blocks = int(found.sum())
        expected = blocks * share
        deviation = np.sqrt(expected * (1 - share) * (total - blocks) / max(total - 1, 1))
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
