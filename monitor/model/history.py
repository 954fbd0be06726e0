"""How shares and indices went: what was asked for, and the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.model.names import PoolSlug


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """A question about the past. What is None is chosen by what is stored."""

    level: str = "pool"
    metric: str = "hhi"
    window: int | None = None
    """Seconds that a point counts; None: as many as from one point to the next."""
    first: int | None = None
    """The first moment."""
    last: int | None = None
    """No point is later."""
    step: int | None = None
    """Seconds from one point to the next."""
    limit: int = 12
    """Entities with a series of their own."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Points in time, and which blocks each of them counts: those with a header time in (t - window, t]."""

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
        """Blocks count that are later than this."""
        return self.first - self.window

    def stay(self, time: int) -> tuple[int, int]:
        """The first point that counts a block of this time, and the first one after it that does so no more.

        Equal where none counts it. `time` must be later than `begin`.
        """
        enter = 0 if time <= self.first else -(-(time - self.first) // self.step)
        leave = -(-(time - self.begin) // self.step)
        return min(enter, self.points), min(leave, self.points)


class Group(NamedTuple):
    """Blocks that the same points count. A tuple, since there are many."""

    enter: int
    """The first point that counts them."""
    leave: int
    """The first one after it that does so no more."""
    pool: PoolSlug | None
    miner: str | None
    """Only of pools whose miners count for themselves."""
    blocks: int


@dataclass(frozen=True, slots=True)
class Curve:
    """A number for each point; None where there is no such number."""

    value: Sequence[float | None]
    lower: Sequence[float | None] | None = None
    """Lower ends of the 95 % intervals; None where they were not worked out."""
    upper: Sequence[float | None] | None = None


@dataclass(frozen=True, slots=True)
class TimeSeries:
    """How one metric went at one level."""

    level: str
    metric: str
    grid: Grid
    series: Mapping[str, Curve]
