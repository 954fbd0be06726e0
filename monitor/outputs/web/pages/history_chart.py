"""The drawing of a time series, as positions in pixels: templates/chart/history.svg makes an SVG of it.

One drawing serves the page, downloads and embedded charts. The lines of an entity or index have the band of the
published interval behind them, and in it the darker band of sampling alone. Shares of all entities are stacked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import floor, log10
from textwrap import wrap
from typing import Final, NamedTuple

from monitor.model import HHI_BANDS, Curve, TimeSeries
from monitor.outputs.web.pages import filters
from monitor.outputs.web.pages.dates import date_ticks
from monitor.outputs.web.pages.marks import Mark

_LEFT, _RIGHT, _TOP, _AXIS, _LINE = 62, 14, 52, 22, 17
"""Margins around the plot, the height of the time axis, and that of a line of text."""
_NARROW = 500
"""Below this width the plot is lower."""
_LETTER = 6.6
"""Width of a letter of 12 px, on average."""
_BOLD = 7.7
"""Width of a letter of a title."""
_ENOUGH = 8
"""So many points with a complete window are a chart; with fewer, incomplete ones are shown too."""
_TICKS: Final = 5
_MARKS: Final = 12
"""Marks that are drawn: each has a line of text below."""
_NUMBER: Final = 14
"""Width of the number of a mark."""
SHARES: Final = "shares"

TITLES: Final = {
    SHARES: "share of blocks", "hhi": "HHI, 0 to 10,000", "hhi_unbiased": "HHI, 0 to 10,000, without sampling bias",
    "nakamoto": "entities with more than half of the blocks", "effective_entities": "effective entities",
    "gini": "Gini coefficient, 0 to 1", "entropy_bits": "entropy, bit", "theil": "Theil index, nat",
    "top_share_1": "share of the largest", "top_share_2": "share of the largest two",
    "top_share_3": "share of the largest three",
}  # fmt: skip
"""Titles of the vertical axis, with units."""


class Shown(NamedTuple):
    """A curve with what it is called and its colour."""

    name: str
    label: str
    tone: str
    """Class of the colour."""
    curve: Curve
    is_dashed: bool = False


class Event(NamedTuple):
    """A mark as it is drawn: a vertical line with a number above, which the text below explains."""

    number: int
    mark: Mark
    x: float
    y: float
    """Of the number."""


class Key(NamedTuple):
    """An entry of the legend."""

    shown: Shown
    x: float
    y: float


@dataclass(frozen=True)
class HistoryChart:
    """The drawing, for one width."""

    found: TimeSeries
    curves: Sequence[Shown]
    title: str
    source: str
    """What, window, height, date and interval, in one line."""
    width: int
    is_stacked: bool = False
    marks: Sequence[Mark] = ()

    # -- the frame -----------------------------------------------------------------------------------------------------

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom edge of the plot."""
        return _LEFT, _TOP, self.width - _RIGHT, _TOP + (190 if self.width < _NARROW else 270)

    @property
    def height(self) -> int:
        """Of the whole drawing."""
        lines = self._legend_lines + len(self.event_lines) + len(self.source_lines)
        return self.frame[3] + _AXIS + _LINE * lines + 14

    @property
    def title_lines(self) -> tuple[str, str]:
        """The title, and what the vertical axis has; what has no room in the first is in the second."""
        title, axis = self.title, TITLES[self.found.metric]
        if len(title) * _BOLD > self.width - 16:
            title, _, rest = title.partition(", ")
            axis = f"{axis}; {rest}"
        return title, axis

    @cached_property
    def source_lines(self) -> list[str]:
        """The source, wrapped."""
        return self._wrapped(self.source)

    def _wrapped(self, text: str) -> list[str]:
        most = int((self.width - 16) / (_LETTER * 0.93))
        return wrap(text, most, break_long_words=False, break_on_hyphens=False)

    # -- the points that are drawn -------------------------------------------------------------------------------------

    @cached_property
    def first(self) -> int:
        """The first point that is drawn: incomplete windows are left out where enough others are there."""
        complete = self.found.complete
        return next((at for at, ratio in enumerate(complete) if ratio >= 1 and len(complete) - at >= _ENOUGH), 0)

    @property
    def times(self) -> range:
        """The points, Unix seconds."""
        return self.found.grid.times[self.first :]

    @property
    def veil(self) -> float | None:
        """Where the points with a complete window begin; None if all are complete."""
        complete = self.found.complete[self.first :]
        if complete[0] >= 1:
            return None
        whole = (time for time, ratio in zip(self.times, complete, strict=True) if ratio >= 1)
        return self.x(next(whole, self.times[-1]))

    def x(self, time: float) -> float:
        """Where a time is."""
        left, _, right, _ = self.frame
        first, last = self.times[0], self.times[-1]
        return round(left + (right - left) * (time - first) / max(1, last - first), 1)

    # -- the vertical axis ---------------------------------------------------------------------------------------------

    @cached_property
    def _range(self) -> tuple[float, float]:
        metric = self.found.metric
        if self.is_stacked:
            return 0.0, 1.0
        known = [
            value
            for shown in self.curves
            for values in (shown.curve.value, *(() if shown.is_dashed else (shown.curve.lower, shown.curve.upper)))
            for value in (values or ())[self.first :]
            if value is not None
        ]
        low, high = min(known), max(known)
        if metric == "nakamoto":
            return 0.0, high + 1
        if metric == SHARES or metric.startswith("top_share"):
            low = 0.0
        if metric.startswith("hhi"):
            low, high = min(low, HHI_BANDS[0][0]), max(high, HHI_BANDS[-1][0])
        room = (high - low or high or 1) * 0.06
        return max(0.0, low - room), high + room

    def y(self, value: float) -> float:
        """Where a value is."""
        _, top, _, bottom = self.frame
        low, high = self._range
        return round(bottom - (bottom - top) * (value - low) / (high - low), 1)

    @property
    def ticks(self) -> Iterator[tuple[str, float]]:
        """Round values as text, and where they are."""
        low, high = self._range
        step = round_step((high - low) / _TICKS)
        if self.found.metric == "nakamoto":
            step = max(1, round(step))
        at = -(-low // step)
        while at * step <= high + step / 1e6:
            yield self.written(at * step, step), self.y(at * step)
            at += 1

    @property
    def bands(self) -> Sequence[tuple[int, str, float]]:
        """Limits of what a market is called, and where they are; for an HHI."""
        if not self.found.metric.startswith("hhi"):
            return ()
        return [(limit, called, self.y(limit)) for limit, called in HHI_BANDS]

    def written(self, value: float, step: float) -> str:
        """A value as text, with the digits that a step needs."""
        if self.found.metric == SHARES or self.found.metric.startswith("top_share"):
            return f"{100 * value:.{_digits(100 * step)}f}\u00a0%"
        return f"{value:,.{_digits(step)}f}"

    # -- time ----------------------------------------------------------------------------------------------------------

    @property
    def dates(self) -> Iterator[tuple[str, float]]:
        """Round times as text, and where they are."""
        left, _, right, _ = self.frame
        for time, text in date_ticks(self.times[0], self.times[-1], most=(right - left) // 78):
            yield text, self.x(time)

    @cached_property
    def _within(self) -> list[Mark]:
        return [mark for mark in set(self.marks) if self.times[0] <= mark.time <= self.times[-1]]

    @cached_property
    def events(self) -> Sequence[Event]:
        """The marks that are within, in order; of too many, the most important and newest."""
        drawn = sorted(self._within, key=lambda mark: (mark.kind, -mark.time))[:_MARKS]
        found = list[Event]()
        for number, mark in enumerate(sorted(drawn), 1):
            x, above = self.x(mark.time), _TOP - 4.0
            is_near = found and x - found[-1].x < _NUMBER and found[-1].y == above
            found.append(Event(number, mark, x, y=_TOP + 10.0 if is_near else above))
        return found

    @cached_property
    def event_lines(self) -> list[str]:
        """What the numbers of the marks stand for, wrapped."""
        said = [f"{each.number}\u00a0{filters.day(each.mark.time)} {each.mark.text}" for each in self.events]
        if hidden := len(self._within) - len(said):
            said.append(f"{hidden} more are not marked")
        return self._wrapped("; ".join(said)) if said else []

    def event_y(self, line: int) -> int:
        """Where a line of that text is."""
        return self.frame[3] + _AXIS + 19 + _LINE * (self._legend_lines + line)

    # -- curves --------------------------------------------------------------------------------------------------------

    @cached_property
    def areas(self) -> Sequence[tuple[Shown, str]]:
        """Stacked curves, the first at the bottom, as paths around what each adds."""
        found, below = [], [0.0] * len(self.times)
        for shown in self.curves:
            values = shown.curve.value[self.first :]
            above = [floor_ + (value or 0.0) for floor_, value in zip(below, values, strict=True)]
            found.append((shown, self._around(_where(values, below), _where(values, above))))
            below = above
        return found

    def line(self, shown: Shown) -> str:
        """The path of a curve."""
        return "".join("M" + "L".join(part) for part in self._parts(shown.curve.value[self.first :]))

    def band(self, lower: Sequence[float | None] | None, upper: Sequence[float | None] | None) -> str:
        """The path around an interval; empty without one."""
        return self._around(lower[self.first :], upper[self.first :]) if lower and upper else ""

    def _around(self, lower: Sequence[float | None], upper: Sequence[float | None]) -> str:
        parts = zip(self._parts(lower), self._parts(upper), strict=True)
        return "".join("M" + "L".join([*above, *below[::-1]]) + "Z" for below, above in parts)

    def _parts(self, values: Sequence[float | None]) -> Iterator[list[str]]:
        """The places of values without a gap between them; Nakamoto coefficients have steps."""
        steps = self.found.metric == "nakamoto"
        for known, part in groupby(zip(self.times, values, strict=True), lambda each: each[1] is not None):
            if known:
                places: list[str] = []
                before = None
                for time, value in part:
                    if steps and before is not None and value != before:
                        places.append(f"{self.x(time)} {self.y(before)}")
                    places.append(f"{self.x(time)} {self.y(value or 0.0)}")
                    before = value
                yield places

    # -- legend --------------------------------------------------------------------------------------------------------

    @cached_property
    def _keys(self) -> tuple[list[Key], int]:
        found, x, line = list[Key](), 8.0, 0
        for shown in self.curves[::-1] if self.is_stacked else self.curves:
            needed = 16 + _LETTER * len(shown.label) + 14
            if x > 8 and x + needed > self.width:
                x, line = 8.0, line + 1
            found.append(Key(shown, round(x, 1), self.frame[3] + _AXIS + 10 + _LINE * line))
            x += needed
        return found, line + 1

    @property
    def keys(self) -> list[Key]:
        """The entries of the legend."""
        return self._keys[0]

    @property
    def _legend_lines(self) -> int:
        return self._keys[1]


def is_idle(name: str, series: Mapping[str, Curve]) -> bool:
    """Whether a curve adds nothing: without unknown blocks both readings of them are equal."""
    return name == "merged" and list(series["merged"].value) == list(series["split"].value)


def _where(values: Sequence[float | None], others: Sequence[float]) -> list[float | None]:
    return [None if value is None else other for value, other in zip(values, others, strict=True)]


def round_step(rough: float) -> float:
    """The next larger one of 1, 2 and 5 times a power of ten."""
    size: float = 10.0 ** floor(log10(rough))
    return next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)


def _digits(step: float) -> int:
    return max(0, -floor(log10(step) + 1e-9))
