"""The mining side: a series of the stored blocks, as points and trend by the rule of the other side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import Final

import numpy as np

from monitor.economy.layers import WEEK
from monitor.economy.trend import slope
from monitor.model import Bounds, Interval, MiningSide, SeriesPoint, SeriesQuery, TimeSeries, beginning, day_of

METRIC: Final = "hhi_unbiased"
"""Without small-sample bias: a week has only a thousand blocks."""
DAY_SECONDS: Final = 86_400
_HHI: Final = 10_000
_DRAWS: Final = 2000
_Z: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class MiningSpan:
    """A span of time at one level."""

    level: str
    first: date
    last: date


def query(span: MiningSpan, stored: tuple[int, int]) -> SeriesQuery | None:
    """What to ask for: whole weeks back from the end of the span, as far as blocks are stored; None if none is.

    `stored` are the earliest and the newest header time.
    """
    week = WEEK * DAY_SECONDS
    last = min(beginning(span.last) + DAY_SECONDS, stored[1])
    begin = max(beginning(span.first), stored[0])
    points = (last - begin) // week
    if points < 1:
        return None
    return SeriesQuery(span.level, METRIC, window=week, first=last - (points - 1) * week, last=last, step=week)


def side(span: MiningSpan, found: TimeSeries) -> MiningSide:
    """The points of a series and their trend, unknown blocks read both ways."""
    points = list(_points(found))
    logs = np.log([each.effective for each in points]).reshape(-1, 2).T
    errors = np.array([np.log(each.interval.upper / each.interval.lower) / (2 * _Z) for each in points])
    # The errors of the two readings are of the same blocks, so they have the same draws.
    draws = np.random.default_rng(0).standard_normal((1, _DRAWS, len(points))) * errors
    periods = [each.period for each in points]
    return MiningSide(span.level, span.first, WEEK, series=points, slope=slope(periods, logs, draws, flow=True))


def _points(found: TimeSeries) -> Iterator[SeriesPoint]:
    split, merged = found.series["split"], found.series["merged"]
    for at, time in enumerate(found.grid.times):
        values = [_effective(each.value, at) for each in (split, merged)]
        lower = [_effective(each.upper, at) for each in (split, merged)]
        upper = [_effective(each.lower, at) for each in (split, merged)]
        known = [each for each in (*values, *lower, *upper) if each is not None]
        if values[0] is not None and values[1] is not None:
            # The last day that is counted whole or in part.
            last = day_of(time - 1)
            yield SeriesPoint(last, Bounds(values[0], values[1]), Interval(min(known), max(known)))


def _effective(hhi: Sequence[float | None] | None, at: int) -> float | None:
    value = hhi[at] if hhi is not None else None
    return _HHI / value if value else None


def twelve_months(level: str, today: date) -> MiningSpan:
    """The newest twelve months."""
    return MiningSpan(level, today - timedelta(days=364), today)
