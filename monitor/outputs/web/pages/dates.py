"""Days that readers choose, days as times, and round times for the axis of a chart: in UTC, as all on the pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, Self

_HOURS = (1, 3, 6, 12, 24, 48, 7 * 24, 14 * 24)
_DAY = 24
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_LONG_HOURS = 24 * 30
_YEARS: Final = range(1970, 2106)
"""Years in which all days are header times."""


class DayRange(NamedTuple):
    """The days that a reader chose; an end that is None is open."""

    first: date | None = None
    last: date | None = None

    @classmethod
    def of(cls, state: Mapping[str, str]) -> Self:
        """As the address of a page says; what is no day is open."""
        return cls(_day(state.get("from")), _day(state.get("to")))

    def holds(self, day: date) -> bool:
        """Whether a day is within."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def __bool__(self) -> bool:
        return self != ALL_DAYS


def date_ticks(first: int, last: int, *, most: int) -> Iterator[tuple[int, str]]:
    """Round times between two, and what they are called; at most so many, and the year where it changes."""
    hours = (last - first) / 3600
    step = next((each for each in _HOURS if hours / each <= most), None)
    year = None
    for moment in _by_hours(first, last, step) if step else _by_months(first, last, hours=hours, most=most):
        text = f"{moment.day} {moment:%b}" if step else f"{moment:%b}"
        if step and step < _DAY and moment.hour:
            text = f"{moment:%H:%M}"
        yield int(moment.timestamp()), text if moment.year == year else f"{text} {moment.year}"
        year = moment.year


ALL_DAYS: Final = DayRange()


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return day if day and day.year in _YEARS else None


def _by_hours(first: int, last: int, step: int) -> Iterator[datetime]:
    seconds = step * 3600
    for time in range(-(-first // seconds) * seconds, last + 1, seconds):
        yield datetime.fromtimestamp(time, UTC)


def _by_months(first: int, last: int, *, hours: float, most: int) -> Iterator[datetime]:
    step = next((each for each in _MONTHS if hours / (_LONG_HOURS * each) <= most), _MONTHS[-1])
    moment = datetime.fromtimestamp(first, UTC).replace(month=1, day=1, hour=0, minute=0, second=0)
    if step > 12:
        moment = moment.replace(year=moment.year - moment.year % (step // 12))
    while moment.timestamp() <= last:
        if moment.timestamp() >= first:
            yield moment
        for _ in range(step):
            moment = (moment.replace(day=1) + timedelta(days=31)).replace(day=1)
