"""How concentration went: what the counts of each of many points in time say.

In go groups of blocks, each with the first point that counts them and the first one after it that does so no more: as
many groups as there are changes, however many blocks. From one point to the next, some come and some go.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from math import isnan
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis import indices
from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.levels import Alone, Entity, Nameless
from monitor.analysis.uncertainty.intervals import share_intervals
from monitor.analysis.uncertainty.posterior import index_intervals
from monitor.model import Curve, IndexIntervals, Interval

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
OTHERS, UNKNOWN, ALONE = "others", "unknown", "alone"
"""Series beside those of the largest entities: all smaller ones, unattributed blocks, miners without a name."""

_Numbers = NDArray[np.int64]
_Values = list[float | None]
_INTERVALS: Final[Mapping[str, Callable[[IndexIntervals], Interval]]] = {
    "hhi": lambda found: found.hhi,
    "hhi_unbiased": lambda found: found.hhi,
    "nakamoto": lambda found: found.nakamoto,
}
"""For the indices that have one."""
_DRAWS = 500
"""For the intervals of one point: a quarter of what the present gets."""
_MOST_DRAWN = 20_000
"""Entities, added up over all points, whose shares are drawn: what would take a second or more is left out."""


class PointRange(NamedTuple):
    """Blocks of one entity that the same points count."""

    enter: int
    """The first of the points."""
    leave: int
    """The one after the last of them; the points' number where none is."""
    entity: Entity
    blocks: int


def curves(
    stays: Sequence[PointRange], points: int, metric: str, *, limit: int, go_on: Callable[[], None] = lambda: None
) -> Mapping[str, Curve]:
    """A metric at each of a number of points.

    Args:
        stays: the blocks.
        points: how many there are.
        metric: one of `METRICS`. An index has a curve for the unknown blocks `split` and one for them `merged`; shares
            have one for each of the entities that are largest on average, and for the rest together.
        limit: how many entities have a curve of their own.
        go_on: called now and then; raises what ends the work.
    """
    if metric == SHARES:
        return _shares(stays, points, limit)
    index, sure = INDICES[metric], _Sure(metric)
    split: _Values = []
    merged: _Values = []
    for standing in _standings(stays, points):
        go_on()
        for values, counts in ((split, standing.split), (merged, standing.merged)):
            values.append(_value(index, counts))
        sure.learn(standing)
    return sure.curves(split, merged, go_on)


class _Standing:
    """The counts of one point, and then of the next."""

    def __init__(self) -> None:
        self._known: dict[str | Nameless, int] = {}
        self._unknown = 0
        self.alone = 0

    def change(self, entity: Entity, blocks: int) -> None:
        """So many more; or fewer, below zero."""
        if entity is None:
            self._unknown += blocks
        elif isinstance(entity, Alone):
            self.alone += blocks
        else:
            left = self._known.pop(entity, 0) + blocks
            if left:
                self._known[entity] = left

    @property
    def sizes(self) -> list[int]:
        """Blocks of each entity with a name, most first."""
        return sorted((blocks for entity, blocks in self._known.items() if isinstance(entity, str)), reverse=True)

    @property
    def nameless(self) -> list[int]:
        """Blocks of each pool with an unknown entity, most first."""
        return sorted((blocks for entity, blocks in self._known.items() if isinstance(entity, Nameless)), reverse=True)

    @property
    def unknown(self) -> int:
        """Unknown blocks, those of nameless entities included."""
        return self._unknown + sum(self.nameless)

    @property
    def split(self) -> Counts:
        """Each unknown block being its own miner's."""
        return Counts.of(self._known.values(), singles=self._unknown + self.alone)

    @property
    def merged(self) -> Counts:
        """All unknown blocks being one miner's."""
        return Counts.of([*self.sizes, self.unknown], singles=self.alone)


def _value(index: Callable[[Counts], NDArray[Any]], counts: Counts) -> float | None:
    if not counts.blocks:
        return None
    with np.errstate(invalid="ignore"):
        value: float = index(counts).item()
    return None if isnan(value) else value


def _standings(stays: Iterable[PointRange], points: int) -> Iterator[_Standing]:
    """The counts of each point: one object that changes."""
    changes: defaultdict[int, list[tuple[Entity, int]]] = defaultdict(list)
    for stay in stays:
        changes[stay.enter].append((stay.entity, stay.blocks))
        changes[stay.leave].append((stay.entity, -stay.blocks))
    standing = _Standing()
    for point in range(points):
        for entity, blocks in changes.pop(point, ()):
            standing.change(entity, blocks)
        yield standing


class _Sure:
    """The intervals of an index, point by point, for as long as that does not take too long."""

    def __init__(self, metric: str) -> None:
        self._interval = _INTERVALS.get(metric)
        self._points: list[tuple[tuple[int, ...], int, int, tuple[int, ...]]] = []
        self._drawn = 0

    def learn(self, standing: _Standing) -> None:
        """Take note of the next point."""
        if self._interval is None:
            return
        sizes, nameless = tuple(standing.sizes), tuple(standing.nameless)
        self._drawn += len(sizes) + len(nameless) + 2
        if self._drawn > _MOST_DRAWN:
            self._interval = None
            self._points.clear()
        else:
            self._points.append((sizes, standing.unknown, standing.alone, nameless))

    def curves(self, split: _Values, merged: _Values, go_on: Callable[[], None]) -> Mapping[str, Curve]:
        """The values of either reading of the unknown blocks, with their intervals where these are told."""
        if self._interval is None:
            return {"split": Curve(split), "merged": Curve(merged)}
        ends: tuple[tuple[_Values, _Values], ...] = (([], []), ([], []))
        for sizes, unknown, alone, nameless in self._points:
            go_on()
            sampled = _likely(sizes, unknown, alone=alone, nameless=nameless) or (None, None)
            for found, (lower, upper) in zip(sampled, ends, strict=True):
                interval = self._interval(found) if found else None
                lower.append(interval.lower if interval else None)
                upper.append(interval.upper if interval else None)
        return {"split": Curve(split, *ends[0]), "merged": Curve(merged, *ends[1])}


@lru_cache(maxsize=4 * 1024)
def _likely(
    sizes: tuple[int, ...], unknown: int, *, alone: int, nameless: tuple[int, ...]
) -> tuple[IndexIntervals, IndexIntervals] | None:
    """Cached: the next request is often the same, some blocks later."""
    return index_intervals(sizes, unknown, alone=alone, nameless=nameless, seed=(sum(sizes), unknown), draws=_DRAWS)


def _shares(stays: Sequence[PointRange], points: int, limit: int) -> Mapping[str, Curve]:
    weights: Counter[str] = Counter()
    for stay in stays:
        if isinstance(stay.entity, str):
            weights[stay.entity] += stay.blocks * (stay.leave - stay.enter)
    ranked = sorted(weights, key=lambda entity: (-weights[entity], entity))[:limit]
    names = {name: row for row, name in enumerate((*ranked, OTHERS, UNKNOWN, ALONE))}
    changes = np.zeros((len(names), points + 1), np.int64)
    for stay in stays:
        name = stay.entity
        if not isinstance(name, str):
            name = ALONE if isinstance(name, Alone) else UNKNOWN
        row = names.get(name, names[OTHERS])
        changes[row, stay.enter] += stay.blocks
        changes[row, stay.leave] -= stay.blocks
    blocks = changes.cumsum(axis=1)[:, :-1]
    return {name: _curve(blocks[row], blocks.sum(axis=0)) for name, row in names.items() if blocks[row].any()}


def _curve(blocks: _Numbers, total: _Numbers) -> Curve:
    """One entity's share of the total, and how sure it is; the same pair of numbers is worked out once."""
    pairs = list(zip(blocks.tolist(), total.tolist(), strict=True))
    known = sorted({(x, n) for x, n in pairs if n})
    ends = dict(zip(known, share_intervals([x for x, _ in known], [n for _, n in known]), strict=True))
    value, lower, upper = [], [], []
    for x, n in pairs:
        low, high = ends.get((x, n), (None, None))
        value.append(x / n if n else None)
        lower.append(low)
        upper.append(high)
    return Curve(value, lower, upper)
