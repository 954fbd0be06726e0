"""Shares at each of many points in time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from monitor.analysis.counting.levels import Alone
from monitor.analysis.counting.points import PointRange, point_counts
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.uncertainty.intervals import share_intervals
from monitor.analysis.uncertainty.points import PointIntervals
from monitor.model import Curve, Grid

OTHERS, UNKNOWN, ALONE = "others", "unknown", "alone"
"""Series beside those of the largest entities: all smaller ones, unattributed blocks, miners without a name."""
_VALUE, _LOWER, _UPPER = range(3)
_KINDS: Final = 3


def share_curves(
    groups: Sequence[PointRange],
    grid: Grid,
    intervals: PointIntervals,
    *,
    limit: int,
    wanted: Sequence[str] = (),
    go_on: Callable[[], None],
) -> Mapping[str, Curve]:
    """The share of each of the entities that are largest on average, or that are wanted, and of the rest together.

    Entities that may have blocks, but have none counted, follow the others.
    """
    possible = Counter[str]()
    bounds = []
    for counts, time in zip(point_counts(groups, grid.points), grid.times, strict=True):
        go_on()
        bounds.append(intervals.shares(counts, time))
        possible.update({entity: most for entity, (_, most) in bounds[-1].entities.items()})
    weights = Counter[str]()
    for group in groups:
        if isinstance(group.entity, str):
            weights[group.entity] += group.blocks * (group.leave - group.enter)
    found = sorted({**weights, **possible}, key=lambda entity: (-weights[entity], -possible[entity], entity))
    ranked = [entity for entity in wanted if entity in weights or entity in possible] if wanted else found[:limit]
    others = [entity for entity in found if entity not in ranked]
    rows = {name: row for row, name in enumerate((*ranked, OTHERS, UNKNOWN, ALONE))}
    blocks = np.zeros((_KINDS, len(rows), grid.points + 1), np.int64)
    for group in groups:
        name = group.entity
        if not isinstance(name, str):
            name = ALONE if isinstance(name, Alone) else UNKNOWN
        row = rows.get(name, rows[OTHERS])
        blocks[:, row, group.enter] += group.blocks
        blocks[:, row, group.leave] -= group.blocks
    blocks = blocks.cumsum(axis=2)[..., :-1]
    total = blocks[_VALUE].sum(axis=0)
    named = slice(rows[UNKNOWN] if others else rows[OTHERS])
    blocks[1:, named] = 0
    for at, (entities, free) in enumerate(bounds):
        for entity, (least, most) in entities.items():
            row = rows.get(entity, rows[OTHERS])
            blocks[_LOWER, row, at] += least
            blocks[_UPPER, row, at] += most - free
        blocks[_UPPER, named, at] += free
    return {name: _curve(blocks[:, row], total) for name, row in rows.items() if blocks[:, row].any()}


def _curve(blocks: Integers, total: Integers) -> Curve:
    """One share of the total, with its intervals; the same pair of numbers is computed once."""
    counted, least, most = (list(zip(each.tolist(), total.tolist(), strict=True)) for each in blocks)
    known = sorted({(x, n) for x, n in (*counted, *least, *most) if n})
    found = dict(zip(known, share_intervals([x for x, _ in known], [n for _, n in known]), strict=True))
    none = (None, None)
    return Curve(
        [x / n if n else None for x, n in counted],
        lower=[found.get(pair, none)[0] for pair in least],
        upper=[found.get(pair, none)[1] for pair in most],
        sampling_lower=[found.get(pair, none)[0] for pair in counted],
        sampling_upper=[found.get(pair, none)[1] for pair in counted],
    )
