"""Indices and shares over time."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import SkipValidation

from monitor import model
from monitor.outputs.schemas.base import Schema, field

Numbers = Annotated[list[float | None], SkipValidation]
"""As they are: there may be two hundred thousand."""


class Curve(Schema):
    """A number for each point in time; null where there is none."""

    value: Numbers = field("The values: an index, or shares from 0 to 1")
    lower: Numbers | None = field(
        "Lower ends of the published 95 % intervals: of sampling, memberships, unknown blocks and attributions of low "
        "confidence together; null for an index without intervals"
    )
    upper: Numbers | None = field("Upper ends")
    sampling_lower: Numbers | None = field("Lower ends of their sampling part: what blocks as a sample explain")
    sampling_upper: Numbers | None = field("Upper ends")


class TimeSeries(Schema):
    """An index, or the shares, over time."""

    level: str = field("What blocks are counted for")
    metric: str = field("The index, or `shares`")
    window: str = field("The span of time that a point counts, up to itself")
    step: int = field("Seconds from one point to the next")
    first: int = field("The first point, Unix seconds", alias="from")
    last: int = field("The last point, Unix seconds", alias="to")
    times: list[int] = field("The points, Unix seconds")
    complete: list[float] = field(
        "How much of its window each point has the stored blocks of; below 1, the value is that of a shorter window"
    )
    series: dict[str, Curve] = field("By `split` and `merged`, or by entity with `others`, `unknown` and `alone`")

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
            "complete": found.complete,
            "series": found.series,
        })  # fmt: skip
