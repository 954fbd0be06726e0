"""The drawing of effective entities of both economies over time, as positions in pixels: the template makes an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import exp, inf, log
from typing import Final, NamedTuple

from monitor.model import HEADLINE_LEVEL, EconomyView, SeriesPoint, Slope
from monitor.outputs.web.pages.dates import ALL_DAYS, DayRange

STALE_DAYS: Final = 200
"""A series whose newest period is older is drawn faint."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 12, 12, 26
_DATE_WIDTH: Final = 66
"""Of a date with space beside it; the last one ends at the edge."""
_TICKS: Final = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500)
_TONES: Final = {"mining": "s5", "designer": "s3", "ownership": "s0", "usage": "s7", "open_weights": "s6"}
_NAMES: Final = {
    "mining": ("Mining: template builders", "flow: blocks of 7 days"),
    "designer": ("AI: chip designers", "stock: chips"),
    "ownership": ("AI: chip owners", "stock: chips"),
    "usage": ("AI: model authors", "flow: tokens of 7 days"),
    "open_weights": ("AI: uploaders of open weights", "flow: downloads of 30 days"),
}
"""Of each side, and of what is counted."""


class Series(NamedTuple):
    """What is drawn of one side."""

    key: str
    points: Sequence[SeriesPoint]
    slope: Slope | None
    is_flow: bool
    has_errors: bool
    """Whether intervals have more than both readings of what is not attributed."""
    age_days: int

    @property
    def tone(self) -> str:
        """Class of its colour."""
        return _TONES[self.key]

    @property
    def name(self) -> str:
        """Who is counted."""
        return _NAMES[self.key][0]

    @property
    def unit(self) -> str:
        """What they have."""
        return _NAMES[self.key][1]

    @property
    def is_old(self) -> bool:
        """Whether its newest period is so long ago that it says little of today."""
        return self.age_days > STALE_DAYS


def all_series(view: EconomyView, today: date) -> list[Series]:
    """Mining's template builders over the longest span that there is, and each AI layer."""
    found = []
    if points := _builders(view):
        slope = next((each.slope for each in view.mining if each.level == HEADLINE_LEVEL), None)
        age_days = (today - points[-1].period).days
        found.append(Series("mining", points, slope, is_flow=True, has_errors=True, age_days=age_days))
    found += [
        Series(
            str(each.layer), each.series, each.slope, is_flow=each.is_flow, has_errors=each.has_errors,
            age_days=(today - each.period).days,
        )
        for each in view.measures
    ]  # fmt: skip
    return found


def _builders(view: EconomyView) -> list[SeriesPoint]:
    """Weeks of the newest twelve months, and before them those of the longest span beside an AI layer."""
    points = [point for each in view.mining if each.level == HEADLINE_LEVEL for point in each.series]
    beside = [each.beside.series for each in view.comparisons if each.beside]
    earlier = max(beside, key=len, default=[])
    return [*(each for each in earlier if not points or each.period < points[0].period), *points]


@dataclass(frozen=True)
class TrendChart:
    """The drawing, for one width."""

    series: Sequence[Series]
    width: int
    height: int
    days: DayRange = ALL_DAYS
    """Those that are drawn."""

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom edge of the plot."""
        return _LEFT, _TOP, self.width - _RIGHT, self.height - _BOTTOM

    @property
    def _days(self) -> tuple[int, int]:
        periods = [point.period.toordinal() for each in self.series for point in self._shown(each)]
        first, last = min(periods), max(periods)
        return first, max(last, first + 1)

    @property
    def _logs(self) -> tuple[float, float]:
        """Of the bands. Both economies share the axis, and equal distances are equal ratios."""
        intervals = [point.interval for each in self.series for point in self._shown(each)]
        return log(min(each.lower for each in intervals)) - 0.1, log(max(each.upper for each in intervals)) + 0.1

    def x(self, day: date) -> float:
        """Where a day is."""
        first, last = self._days
        left, _, right, _ = self.frame
        return round(left + (right - left) * (day.toordinal() - first) / (last - first), 1)

    def y(self, entities: float) -> float:
        """Where a number of effective entities is."""
        low, high = self._logs
        _, top, _, bottom = self.frame
        return round(bottom - (bottom - top) * (log(entities) - low) / (high - low), 1)

    @property
    def ticks(self) -> list[tuple[int, float]]:
        """Round numbers of entities, and where they are."""
        low, high = self._logs
        return [(each, self.y(each)) for each in _TICKS if low <= log(each) <= high]

    @property
    def dates(self) -> Iterator[tuple[str, float]]:
        """Beginnings of quarters, and where they are: as many as there is room for; no text where the next is near."""
        found = list(self._quarters)
        for (text, x), (_, following) in pairwise([*found, ("", inf)]):
            yield ("" if following - x < _DATE_WIDTH else text), x

    @property
    def _quarters(self) -> Iterator[tuple[str, float]]:
        first, last = (date.fromordinal(each) for each in self._days)
        months = max(1, round((last - first).days / 30.44))
        every = next((each for each in (1, 3, 6, 12, 24) if months / each * 60 < self.width), 60)
        day = date(first.year, 1, 1)
        while day <= last:
            if day >= first:
                yield f"{day:%Y-%m}", self.x(day)
            day = (day.replace(day=1) + timedelta(days=31 * every)).replace(day=1)
            if every >= 12:
                day = day.replace(month=1)

    def band(self, series: Series) -> str:
        """The path around the intervals; a stock has steps, because nothing is known between its dates."""
        upper = self._path(series, [point.interval.upper for point in self._shown(series)])
        lower = self._path(series, [point.interval.lower for point in self._shown(series)])
        return "M" + "L".join([*upper, *lower[::-1]]) + "Z"

    def middle(self, series: Series) -> str:
        """The path of the middle between both readings."""
        return "M" + "L".join(self._path(series, [_middle(point) for point in self._shown(series)]))

    def line(self, series: Series) -> str:
        """The path of the trend; empty without one."""
        slope = series.slope
        first, last = (date.fromordinal(each) for each in self._days)
        if slope is None or slope.last <= first or slope.first >= last:
            return ""
        inside = [point for point in series.points if slope.first <= point.period <= slope.last]
        centre = sum(point.period.toordinal() for point in inside) / len(inside)
        level = sum(log(_middle(point)) for point in inside) / len(inside)
        ends = [
            f"{self.x(day)} {self.y(exp(level + slope.per_year * (day.toordinal() - centre) / 365.25))}"
            for day in (max(first, slope.first), min(last, slope.last))
        ]
        return "M" + "L".join(ends)

    def _shown(self, series: Series) -> list[SeriesPoint]:
        return [point for point in series.points if self.days.holds(point.period)]

    def _path(self, series: Series, values: Sequence[float]) -> list[str]:
        points = self._shown(series)
        places = [(self.x(point.period), self.y(value)) for point, value in zip(points, values, strict=True)]
        if not series.is_flow:
            steps = [places[0]]
            for (_, before), (x, y) in pairwise(places):
                steps += [(x, before), (x, y)]
            places = steps
        return [f"{x} {y}" for x, y in places]


def _middle(point: SeriesPoint) -> float:
    return sum(point.effective) / 2
