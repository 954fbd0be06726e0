"""Indices and shares over time."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, SkipValidation

from monitor import model
from monitor.outputs.schemas.base import Schema

Numbers = Annotated[list[float | None], SkipValidation]
"""As they are: there may be two hundred thousand."""


class Curve(Schema):
    """A number for each point in time; null where there is none."""

    value: Numbers
    """The values."""
    lower: Numbers | None
    """Lower ends of the 95 % intervals; null where they are not estimated."""
    upper: Numbers | None
    """Upper ends."""


class TimeSeries(Schema):
    """An index, or the shares, over time."""

    level: str
    """What blocks are counted for."""
    metric: str
    """The index, or `shares`."""
    window: str
    """The span of time that a point counts, up to itself."""
    step: int
    """Seconds from one point to the next."""
    first: int = Field(alias="from")
    """The first point, Unix seconds."""
    last: int = Field(alias="to")
    """The last point, Unix seconds."""
    times: list[int]
    """The points, Unix seconds."""
    series: dict[str, Curve]
    """`split` and `merged`, or by entity with `others`, `unknown` and `alone`; numbers in the order of `times`."""

    @classmethod
    def of_window(cls, found: model.TimeSeries, window: str) -> Self:
        """What was found, for a window of this name."""
        grid = found.grid
        return cls.of({
            "level": found.level,
            "metric": found.metric,
            "window": window,
            "step": grid.step,
            "from": grid.times[0],
            "to": grid.times[-1],
            "times": grid.times,
            "series": found.series,
        })  # fmt: skip
