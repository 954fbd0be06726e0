"""How shares and indices went, counted the slow way: block by block, anew for each point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from monitor.analysis import Alone, Level, concentration
from monitor.analysis.counting.levels import Nameless
from monitor.model import BlockRow, Concentration, Grid, PoolSlug, Window


def by_hand(rows: Sequence[BlockRow], level: Level, grid: Grid) -> list[Concentration]:
    """The concentration at each point of the grid."""
    return [_at(moment, rows, level, grid.window) for moment in grid.times]


def index(found: Concentration, metric: str, reading: str) -> float | None:
    """One number of it, by the name that a history has for it."""
    indices = found.split if reading == "split" else found.merged
    if indices is None:
        return None
    if metric.startswith("top_share_"):
        return indices.top_share[int(metric[-1])]
    value: float | None = getattr(indices, metric)
    return value


def _at(moment: int, rows: Sequence[BlockRow], level: Level, window: int) -> Concentration:
    known: Counter[str] = Counter()
    nameless: Counter[PoolSlug] = Counter()
    unknown = alone = 0
    for row in rows:
        if moment - window < row.time <= moment:
            entity = level.entity_of(row)
            if entity is None:
                unknown += 1
            elif isinstance(entity, Alone):
                alone += 1
            elif isinstance(entity, Nameless):
                unknown += 1
                nameless[entity.pool] += 1
            else:
                known[entity] += 1
    return concentration(
        known, unknown, alone=alone, nameless=nameless, level=level.name, window=Window("by hand", window)
    )
