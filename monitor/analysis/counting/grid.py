"""The points in time of a history query."""

from __future__ import annotations

from typing import Final

from monitor.model import Grid, SeriesQuery

MOST_POINTS: Final = 2_000
_USUAL_POINTS = 400
"""A step is chosen so that there are no more."""
_HOUR, _DAY, _WEEK = 3600, 86_400, 7 * 86_400
_STEPS = (
    *(hours * _HOUR for hours in (1, 2, 3, 6, 12)),
    *(days * _DAY for days in (1, 2, 4)),
    *(weeks * _WEEK for weeks in (1, 2, 4, 13, 26)),
)
"""To choose from: the longest is enough for as long as header times can count."""


def grid(asked: SeriesQuery, oldest: int, newest: int) -> Grid:
    """The points that are asked for, of blocks with header times from `oldest` to `newest`.

    They go on from `first`. Without it they end at `last`, and the first of them is the first whose window is all
    stored, or the first after the earliest block if incomplete ones are asked for. Without `last` that is the newest
    block's time, so that the newest point counts what the present counts.

    Raises:
        ValueError: there would be none, or too many; with the remedy.
    """
    last = newest if asked.last is None else asked.last
    if asked.first is not None and asked.first > last:
        raise ValueError("from is later than to, which is the newest block's time without it: swap or change them")
    span = max(0, last - (oldest if asked.first is None else asked.first))
    step = asked.step or next(step for step in _STEPS if span < step * _USUAL_POINTS or step == _STEPS[-1])
    window = asked.window or step
    if asked.first is None:
        points = max(0, last - oldest - (0 if asked.incomplete else window)) // step + 1
        first = last - (points - 1) * step
    else:
        points, first = span // step + 1, asked.first
    if points > MOST_POINTS:
        longer = -(-span // (MOST_POINTS - 1))
        raise ValueError(
            f"that is {points} points, and {MOST_POINTS} is the most: choose a step of {longer} seconds or more, "
            "or a shorter time with from and to"
        )
    return Grid(first, step, points, window=window)
