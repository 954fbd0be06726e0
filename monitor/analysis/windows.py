"""Which blocks a window covers, and how much work they are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from monitor.analysis.intervals import rate_factors
from monitor.analysis.ledger import Ledger, Rows, Where
from monitor.model import Rate, Window

_SLACK_SECONDS = 86_400
"""The next block's header time may lie before this one's, but by hours only: consensus bounds it on both sides."""


def covered(rows: Rows, window: Window) -> Where:
    """Which of the rows `window` covers, as an index into their columns.

    Header times go back and forth. The tip's decides where a span of time ends, and a row's own whether it is within:
    later than the tip's time less the span.
    """
    if window.seconds is None:
        assert window.blocks is not None
        return slice(max(0, len(rows) - window.blocks), None)
    if not len(rows):
        return slice(0)
    within = np.asarray(rows["time"] > _begin(rows, window.seconds))
    first = int(within.argmax())
    return slice(first, None) if within[first:].all() else within  # most windows have no hole


def surplus(ledger: Ledger, windows: Sequence[Window]) -> int:
    """How many of the first rows no window will ask for again, whatever the next blocks are.

    One row from before the longest span stays: it shows that the history covers it, and is the parent of its first.
    """
    rows = ledger.rows
    if not len(rows):
        return 0
    reach = max((window.seconds or 0 for window in windows), default=0) + _SLACK_SECONDS
    by_time = int(np.argmax(rows["time"] > _begin(rows, reach))) - 1
    by_blocks = len(rows) - max((window.blocks or 0 for window in windows), default=0) - 1
    return max(0, min(by_time, by_blocks))


def network_hashrate(ledger: Ledger, window: Window) -> Rate | None:
    """Hashes a second that found the blocks of `window`: their work over the time they took.

    The time is the window's own, or as much of it as the ledger goes back; for a window of blocks it lies between the
    earliest and the latest header time. Such a span ends at a block, which was found before it counts: n blocks
    are the work of n - 1 (Bitcoin Core's getnetworkhashps counts in the same way).

    None where this cannot be told: fewer than two blocks, or no time between them.
    """
    rows = ledger.rows
    where = covered(rows, window)
    work, times = rows["work"][where], rows["time"][where]
    if len(work) < 2:
        return None
    if window.seconds is not None and len(work) < len(rows):
        elapsed = window.seconds
    else:
        elapsed = int(times.max()) - int(times.min())
    if not elapsed:
        return None
    value = float(work[1:].sum()) / elapsed
    lower, upper = _factors(len(work) - 1)
    return Rate(value, value * lower, value * upper)


@lru_cache(maxsize=10_000)
def _factors(blocks: int) -> tuple[float, float]:
    [factors] = rate_factors([blocks])
    return factors


def _begin(rows: Rows, seconds: int) -> int:
    return int(rows["time"][-1]) - seconds
