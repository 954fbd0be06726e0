"""How far apart blocks are, by the times in their headers."""

from __future__ import annotations

import numpy as np

from monitor.analysis.signals.signal_input import SignalInput
from monitor.model import Spacing


def spacing(past: SignalInput) -> tuple[Spacing, ...]:
    """The intervals of every window, each from a block's parent to the block."""
    found = []
    for window, where in past.where.items():
        gaps = past.gap[where]
        gaps = gaps[~np.isnan(gaps)]
        some = len(gaps) > 0
        found.append(
            Spacing(
                window,
                blocks=len(gaps),
                mean=float(gaps.mean()) if some else None,
                median=float(np.median(gaps)) if some else None,
                longest=float(gaps.max()) if some else None,
                backwards=int(np.count_nonzero(gaps < 0)),
            )
        )
    return tuple(found)
