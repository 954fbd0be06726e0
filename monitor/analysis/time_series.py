"""Indices and shares at each of many points in time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from math import isnan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis import indices
from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.points import PointRange, point_counts
from monitor.analysis.share_series import share_curves
from monitor.analysis.uncertainty.alternatives import UncertainMembership
from monitor.analysis.uncertainty.closed_form import IndexBounds
from monitor.analysis.uncertainty.points import PointIntervals
from monitor.model import Curve, Grid, Interval, SeriesQuery

SHARES: Final = "shares"
INDICES: Final[Mapping[str, Callable[[Counts], NDArray[Any]]]] = {
    "hhi": indices.hhi,
    "hhi_unbiased": indices.hhi_unbiased,
    "nakamoto": indices.nakamoto,
    "gini": indices.gini,
    "entropy_bits": indices.entropy_bits,
    "effective_entities": indices.effective_entities,
    "theil": indices.theil,
    **{f"top_share_{n}": partial(indices.top_share, n=n) for n in (1, 2, 3)},
}
METRICS: Final = (*INDICES, SHARES)

_INTERVALS: Final[Mapping[str, Callable[[IndexBounds], Interval]]] = {
    "hhi": lambda found: found.hhi,
    "hhi_unbiased": lambda found: found.hhi,
    "nakamoto": lambda found: found.nakamoto,
    "effective_entities": lambda found: found.effective_entities,
}
"""For the indices that have one."""


def curves(
    groups: Sequence[PointRange],
    grid: Grid,
    asked: SeriesQuery,
    *,
    questions: Iterable[UncertainMembership] = (),
    go_on: Callable[[], None] = lambda: None,
) -> Mapping[str, Curve]:
    """A metric at each point of a grid.

    Args:
        groups: the blocks.
        grid: the points.
        asked: the level, the metric (one of `METRICS`), and how many entities have a curve of their own. An index has a
            curve for the unknown blocks `split` and one for them `merged`; shares have one for each of the entities
            that are largest on average, and for the rest together.
        questions: the uncertain memberships of the level.
        go_on: called regularly; raises to end the work.
    """
    intervals = PointIntervals(asked.level, questions)
    if asked.metric == SHARES:
        return share_curves(groups, grid, intervals, limit=asked.limit, wanted=asked.entities, go_on=go_on)
    index, interval = INDICES[asked.metric], _INTERVALS.get(asked.metric)
    split, merged = list[float | None](), list[float | None]()
    for counts, time in zip(point_counts(groups, grid.points), grid.times, strict=True):
        go_on()
        readings = counts.split, counts.merged
        for values, each in zip((split, merged), readings, strict=True):
            values.append(_value(index, each))
        if interval:
            intervals.add(counts, time, readings)
    if interval is None:
        return {"split": Curve(split), "merged": Curve(merged)}
    published, *sampling = (
        [interval(each) if each else None for each in found] for found in zip(*intervals.indices(), strict=True)
    )
    return {
        name: Curve(values, *_ends(published), *_ends(sampled))
        for name, values, sampled in zip(("split", "merged"), (split, merged), sampling, strict=True)
    }


def _ends(intervals: Sequence[Interval | None]) -> tuple[list[float | None], list[float | None]]:
    return (
        [each.lower if each else None for each in intervals],
        [each.upper if each else None for each in intervals],
    )  # fmt: skip


def _value(index: Callable[[Counts], NDArray[Any]], counts: Counts) -> float | None:
    if not counts.blocks:
        return None
    with np.errstate(invalid="ignore"):
        value: float = index(counts).item()
    return None if isnan(value) else value
