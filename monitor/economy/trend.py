"""Trend of ln(effective entities), by one rule for both economies.

The line is that of least squares. Its interval has what the stated errors of the points allow. For a flow, such as the
blocks or tokens of a week, that is not all: weeks differ by chance, so the interval is at least as wide as the scatter
around the line makes it. Scatter that persists counts for less: with a correlation r between neighbouring residuals, n
points are as much evidence as n (1 - r) / (1 + r) independent ones (B. D. Santer et al., Statistical significance of
trends and trend differences in layer-average atmospheric temperature time series, Journal of Geophysical Research 105,
2000). The correlation is corrected for its bias in short series (F. H. C. Marriott, J. A. Pope, Bias in the estimation
of autocorrelations, Biometrika 41, 1954). A stock is what it is at each time, apart from the error of its estimate: a
bend in its path is no doubt about whether it rose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.distributions import student_quantiles
from monitor.model import Slope

Floats = NDArray[np.float64]

LEAST_POINTS: Final = 5
_LEAST_FREEDOM: Final = 1.0
_YEAR: Final = 365.25
_SURE: Final = 0.975
_LEAST_REACH: Final = 1e-6
"""Of an interval: shares are counted in millionths."""
_NORMAL: Final = NormalDist()
_Z: Final = _NORMAL.inv_cdf(_SURE)


@dataclass(frozen=True, slots=True)
class Line:
    """The logarithms of one reading, and what they may be."""

    logs: Floats
    """(points)"""
    draws: Floats
    """(draws, points): what the logarithms may be, by the stated errors."""


def slope(periods: Sequence[date], lines: Sequence[Line], *, flow: bool) -> Slope | None:
    """The slope over all readings: from the lowest lower to the highest upper end; None with too few points.

    Args:
        periods: the last day of each point.
        lines: a reading of the points each; the slope itself is the mean of theirs.
        flow: whether the points are of a flow, else of a stock.
    """
    if len(periods) < LEAST_POINTS:
        return None
    years = np.array([each.toordinal() for each in periods]) / _YEAR
    steps = years - years.mean()
    weights = steps / (steps**2).sum()
    found = []
    for line in lines:
        stated = float(np.ptp(np.quantile(line.draws @ weights, (1 - _SURE, _SURE)))) / 2
        found.append(
            (float(weights @ line.logs), max(_LEAST_REACH, stated, _scatter(line.logs, steps) if flow else 0.0))
        )
    chances = [_NORMAL.cdf(_Z * middle / reach) for middle, reach in found]
    per_year = float(np.mean([middle for middle, _ in found]))
    level = float(np.mean([line.logs.mean() for line in lines]))
    start, end = np.exp(level + per_year * steps[[0, -1]]).tolist()
    return Slope(
        per_year,
        lower=min(middle - reach for middle, reach in found),
        upper=max(middle + reach for middle, reach in found),
        rising=min(chances, key=lambda chance: abs(chance - 1 / 2)),
        first=periods[0],
        last=periods[-1],
        points=len(periods),
        start=start,
        end=end,
    )


def _scatter(logs: Floats, steps: Floats) -> float:
    """Half the width of the 95 % interval that the scatter around the line allows."""
    squared = float(steps @ steps)
    residuals = logs - logs.mean() - steps * (steps @ logs) / squared
    variance = float(residuals @ residuals)
    if variance < np.finfo(np.float64).eps:
        return 0.0
    many = len(steps)
    found = float(residuals[1:] @ residuals[:-1]) / variance
    # Residuals of a fitted line look less persistent than the noise is, by about (2 + 4 r) / n.
    persistence = min(1.0, max(0.0, (many * found + 2) / (many - 4)))
    freedom = max(_LEAST_FREEDOM, many * (1 - persistence) / (1 + persistence) - 2)
    return float(np.sqrt(variance / freedom / squared) * student_quantiles(_SURE, [freedom])[0])
