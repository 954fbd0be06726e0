"""Which blocks a window covers, and how much work they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from monitor.analysis.counting.block_table import BlockTable, Where
from monitor.analysis.counting.rows import CONFIDENCES, Rows
from monitor.analysis.uncertainty.intervals import rate_factors
from monitor.model import Confidence, Rate, Reach, Window


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


def reached(rows: Rows, windows: Sequence[Window]) -> Rows:
    """The rows from the first one that any of the windows covers on: what an estimate may look at.

    A table may hold more than that, or not: numbers do not depend on it.
    """
    reach = Reach.of(windows)
    first = len(rows) - reach.blocks
    if reach.seconds and len(rows):
        first = min(first, int(np.argmax(rows["time"] > _begin(rows, reach.seconds))))
    return rows[max(first, 0) :]


def reached_seconds(rows: Rows, windows: Sequence[Window]) -> int:
    """How many seconds before the tip's header time the windows begin: stale blocks since then belong to them."""
    first, tip = int(reached(rows, windows)["time"][0]), int(rows["time"][-1])
    return max(Reach.of(windows).seconds, tip - first + 1)


def surplus(table: BlockTable, windows: Sequence[Window]) -> int:
    """How many of the first rows no window covers at this tip or any later one.

    One row from before the longest window is kept: it shows that history covers the window, and is the parent of its
    first block.
    """
    if not len(table):
        return 0
    reach = Reach.of(windows).with_margin
    later = table.order.numbers[table.order.until(_begin(table.rows, reach.seconds)) :]
    by_time = table.place(int(later.min()))
    return max(0, min(by_time, len(table) - reach.blocks) - 1)


def completeness(table: BlockTable, windows: Sequence[Window]) -> list[float]:
    """How much of each window the rows reach over, 0 to 1; all of it if they begin with the first block of a chain."""
    if not len(table):
        return [0.0] * len(windows)
    if table.rows["height"][0] == 0:
        return [1.0] * len(windows)
    seconds = int(table.rows["time"][-1]) - int(table.order.times[0])
    return [
        min(1.0, max(0, seconds) / window.seconds if window.seconds else len(table) / (window.blocks or 1))
        for window in windows
    ]


def network_hashrates(table: BlockTable, windows: Sequence[Window]) -> dict[str, Rate | None]:
    """Hashes a second that found the blocks of each window, by its name: their work over the time they took.

    The time is the window's own, or as much of it as the table goes back; for a window of blocks it lies between the
    earliest and the latest header time. Such a span ends at a block, which was found before it counts: n blocks
    are the work of n - 1 (Bitcoin Core's getnetworkhashps counts in the same way).

    None with fewer than two blocks, or no time between them.
    """
    found: dict[str, Rate | None] = dict.fromkeys(window.name for window in windows)
    if len(table) < 2:
        return found
    work = table.counts(windows).work[0].sum(axis=1).tolist()
    told = [
        (window.name, blocks - 1, (total - first) / seconds)
        for window, total, (blocks, first, seconds) in zip(windows, work, _extents(table, windows), strict=True)
        if blocks > 1 and seconds
    ]
    factors = rate_factors([blocks for _, blocks, _ in told])
    for (name, _, rate), (lower, upper) in zip(told, factors, strict=True):
        found[name] = Rate(rate, rate * lower, rate * upper)
    return found


def confidences(table: BlockTable, windows: Sequence[Window]) -> dict[str, dict[Confidence, int]]:
    """How many blocks of each window have attributions of each confidence, by the window's name."""
    kinds = table.rows["confidence"]
    counts = [np.bincount(kinds[covered(table.rows, window)], minlength=len(CONFIDENCES)) for window in windows]
    return {
        window.name: {kind: int(many) for kind, many in zip(CONFIDENCES, each, strict=True) if kind}
        for window, each in zip(windows, counts, strict=True)
    }


def _extents(table: BlockTable, windows: Sequence[Window]) -> Iterator[tuple[int, float, int]]:
    """Of each window: how many blocks it covers, the work of the first of them, and the seconds that they took."""
    rows, order = table.rows, table.order
    before = order.until(int(rows["time"][-1]) - np.array([window.seconds or 0 for window in windows])).tolist()
    for window, earlier in zip(windows, before, strict=True):
        if window.blocks is None:
            begin, first = earlier, table.place(order.numbers[earlier])
        else:
            begin = first = max(0, len(rows) - window.blocks)
        if begin == 0:
            seconds = int(order.times[-1] - order.times[0])
        else:
            seconds = window.seconds or int(np.ptp(rows["time"][first:]))
        yield len(rows) - begin, float(rows["work"][first]), seconds


def _begin(rows: Rows, seconds: int) -> int:
    return int(rows["time"][-1]) - seconds
