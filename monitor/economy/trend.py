"""Trend of ln(effective entities), by one rule for both economies.

The line is that of least squares. The remainder may be dispersed at one point and lumped at the next, so the slope is
bounded over all combinations of readings: it is linear in the points, so it is largest with the lowest readings before
the middle of the series and the highest after it, and smallest the other way round.

The interval around both bounds has what the stated errors of the points allow. For a flow, such as the blocks or
tokens of a week, that is not all: weeks differ by chance, so the interval is at least as wide as the scatter around the
line makes it. Scatter that persists counts for less: with a correlation r between neighbouring residuals, n points are
as much evidence as n (1 - r) / (1 + r) independent ones (B. D. Santer et al., Statistical significance of trends and
trend differences in layer-average atmospheric temperature time series, Journal of Geophysical Research 105, 2000). The
correlation is corrected for its bias in short series (F. H. C. Marriott, J. A. Pope, Bias in the estimation of
autocorrelations, Biometrika 41, 1954). A stock is what it is at each time, apart from the error of its estimate: a bend
in its path is no doubt about whether it rose.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.distributions import Floats, student_quantiles
from monitor.model import Slope

LEAST_POINTS: Final = 5
_LEAST_FREEDOM: Final = 1.0
_YEAR: Final = 365.25
_SURE: Final = 0.975
_LEAST_REACH: Final = 1e-6
"""Of an interval: shares are counted in millionths."""
_NORMAL: Final = NormalDist()
_Z: Final = _NORMAL.inv_cdf(_SURE)


class _Line(NamedTuple):
    """A line through one combination of readings."""

    per_year: float
    reach: float
    """Half the width of the 95 % interval of its slope."""

    @property
    def rising(self) -> float:
        """Probability that it rises."""
        return _NORMAL.cdf(_Z * self.per_year / self.reach)


def slope(periods: Sequence[date], logs: Floats, draws: Floats, *, flow: bool) -> Slope | None:
    """The slope over all combinations of readings; None with too few points.

    Args:
        periods: the last day of each point.
        logs: (readings, points): the logarithms.
        draws: (readings, ..., draws, points): what they may be by the stated errors, for each assumption about these.
        flow: whether the points are of a flow, else of a stock.
    """
    if len(periods) < LEAST_POINTS:
        return None
    years = np.array([each.toordinal() for each in periods]) / _YEAR
    steps = years - years.mean()

    def line(least_where: NDArray[np.bool_]) -> _Line:
        one, drawn = (np.where(least_where, each.min(axis=0), each.max(axis=0)) for each in (logs, draws))
        return _line(steps, one, drawn, flow=flow)

    flattest, steepest = line(steps > 0), line(steps <= 0)
    # Chances on both sides of 1/2 have a combination between them that rises as probably as it falls.
    low, high = sorted((flattest.rising, steepest.rising))
    middle = logs.mean(axis=0)
    per_year = float(steps @ middle / (steps @ steps))
    start, end = np.exp(middle.mean() + per_year * steps[[0, -1]]).tolist()
    return Slope(
        per_year,
        lower=flattest.per_year - flattest.reach,
        upper=steepest.per_year + steepest.reach,
        rising=min(max(low, 1 / 2), high),
        first=periods[0],
        last=periods[-1],
        points=len(periods),
        start=start,
        end=end,
    )


def _line(steps: Floats, logs: Floats, draws: Floats, *, flow: bool) -> _Line:
    weights = steps / (steps @ steps)
    stated = float(np.ptp(np.quantile(draws @ weights, (1 - _SURE, _SURE), axis=-1), axis=0).max()) / 2
    return _Line(float(weights @ logs), max(_LEAST_REACH, stated, _scatter(logs, steps) if flow else 0.0))


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
