"""Trend of concentration: a straight line through the history of a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.rows import FIRST
from monitor.analysis.distributions import student_below, student_quantile
from monitor.analysis.uncertainty.intervals import TAILS
from monitor.model import Trend, Window

SHORTEST: Final = 30 * 86_400
"""Seconds. Over less than a month a line is a picture of luck."""
_SLICES: Final = 12
_YEAR: Final = 365 * 86_400


def trends(ledger: BlockTable, windows: Sequence[Window]) -> tuple[Trend, ...]:
    """The trend at every level, over each of the windows that is a month or longer and that the history covers."""
    long = [window for window in windows if (window.seconds or 0) >= SHORTEST]
    found = (_trend(ledger, number, window) for number in range(len(ledger.levels)) for window in long)
    return tuple(trend for trend in found if trend is not None)


def _trend(ledger: BlockTable, number: int, window: Window) -> Trend | None:
    assert window.seconds is not None
    rows, level = ledger.rows, ledger.levels[number].name
    age = rows["time"][-1].item() - rows["time"].astype(np.int64)
    if age[0] < window.seconds:
        return None
    within = age < window.seconds
    slices = np.clip(_SLICES - 1 - age[within] * _SLICES // window.seconds, 0, _SLICES - 1)
    size = len(ledger.entities(number)) + FIRST
    cells = slices * size + rows["entity"][within, number]
    entities = _effective_entities(np.bincount(cells, minlength=_SLICES * size).reshape(_SLICES, size))
    if entities is None:
        return None
    slope, error = line(entities)
    slope, error = (number * _SLICES * _YEAR / window.seconds for number in (slope, error))
    lower, upper = (slope + error * student_quantile(tail, _SLICES - 2) for tail in TAILS)
    # With no scatter at all there is no doubt either.
    rising = student_below(-slope / error, _SLICES - 2) if error else float(slope < 0)
    return Trend(level, window.name, slope, lower=lower, upper=upper, rising=rising)


def line(values: NDArray[np.float64]) -> tuple[float, float]:
    """Slope per step of the least-squares line through `values`, and its standard error.

    The model: each value is a + b t and a deviation of its own, independent and of one size. The luck of a sample and
    what the line does not explain are both in the deviations, so both are in the error. (slope - b) / error then
    follows Student's t with two degrees of freedom fewer than there are values.
    """
    steps = np.arange(len(values)) - (len(values) - 1) / 2
    spread = float((steps**2).sum())
    slope = float(steps @ values) / spread
    left = values - values.mean() - slope * steps
    return slope, float(np.sqrt((left @ left) / (len(values) - 2) / spread))


def _effective_entities(counts: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """From the unbiased HHI of each row, unknown blocks split; None if one of them has none."""
    blocks, named = counts.sum(axis=1), counts[:, FIRST:]
    pairs = (named * (named - 1)).sum(axis=1)
    return blocks * (blocks - 1) / pairs if pairs.all() else None
