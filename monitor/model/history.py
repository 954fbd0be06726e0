"""Time series of shares and indices: query and result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from monitor.model.names import PoolSlug

_HEIGHT_DIGITS, _DAY_LETTERS, _DAY = 8, len("2025-01-31"), 86_400


@dataclass(frozen=True, slots=True)
class Moment:
    """An earlier state of the chain: when a height was the highest, or the header time of the tip was not yet later."""

    height: int | None = None
    time: int | None = None

    @classmethod
    def parse(cls, text: str) -> Moment:
        """Read a height, a day (its end, UTC), or a time in ISO 8601.

        Raises:
            ValueError: it is none of them.
        """
        if text.isascii() and text.isdigit() and len(text) <= _HEIGHT_DIGITS:
            return cls(height=int(text))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("use a height, as in 900000, or a day, as in 2025-01-31") from None
        seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        return cls(time=seconds + _DAY - 1 if len(text) == _DAY_LETTERS else seconds)


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """A query for a time series. Fields that are None are chosen by what is stored."""

    level: str = "pool"
    metric: str = "hhi"
    window: int | None = None
    """Seconds before each point that are counted; None for the step."""
    first: int | None = None
    """Time of the first point."""
    last: int | None = None
    """Latest time of a point."""
    step: int | None = None
    """Seconds between points."""
    limit: int = 12
    """Most entities with a series of their own."""
    entities: tuple[str, ...] = ()
    """Of shares: those with a series of their own, in place of the largest."""
    incomplete: bool = False
    """Whether points come first that have only a part of their window, if `first` is None."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Points in time. A point t counts the blocks with a header time in (t - window, t]."""

    first: int
    step: int
    points: int
    window: int

    @property
    def times(self) -> range:
        """The points, Unix seconds."""
        return range(self.first, self.first + self.points * self.step, self.step)

    @property
    def begin(self) -> int:
        """Blocks with a later time are counted."""
        return self.first - self.window

    def stay(self, time: int) -> tuple[int, int]:
        """The first point that counts a block of this time, and the first later one that no longer does.

        They are equal if none counts it. `time` must be later than `begin`.
        """
        enter = 0 if time <= self.first else -(-(time - self.first) // self.step)
        leave = -(-(time - self.begin) // self.step)
        return min(enter, self.points), min(leave, self.points)


class Group(NamedTuple):
    """Blocks that are counted by the same points. A tuple, because there are many."""

    enter: int
    """First point that counts them."""
    leave: int
    """First later point that no longer does."""
    pool: PoolSlug | None
    miner: str | None
    """Only for pools with miners that count as entities of their own."""
    blocks: int
    doubtful: bool = False
    """Whether their attribution has low confidence."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A value for each point; None where there is none."""

    value: Sequence[float | None]
    lower: Sequence[float | None] | None = None
    """Lower ends of the published 95 % intervals, of everything that is uncertain; None for an index without one."""
    upper: Sequence[float | None] | None = None
    sampling_lower: Sequence[float | None] | None = None
    """Lower ends of their sampling part."""
    sampling_upper: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """One metric at one level over time."""

    level: str
    metric: str
    grid: Grid
    series: Mapping[str, Curve]
    oldest: int | None = None
    """The earliest stored header time; None if the history begins with the first block of the chain."""

    @property
    def complete(self) -> list[float]:
        """How much of its window each point has the stored blocks of: 1 for all of it."""
        if self.oldest is None:
            return [1.0] * self.grid.points
        return [min(1.0, max(0.0, (time - self.oldest) / self.grid.window)) for time in self.grid.times]
