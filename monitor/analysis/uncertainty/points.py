"""The published intervals, and their sampling part, at each of many points in time.

They are those of `combined`, in closed form alone: random draws for thousands of points would take minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.levels import Alone
from monitor.analysis.counting.points import PointCounts
from monitor.analysis.uncertainty.alternatives import Alternatives, Claims, UncertainMembership, combinations
from monitor.analysis.uncertainty.closed_form import IndexBounds, Sizes, index_bounds
from monitor.analysis.uncertainty.combined import index_unions
from monitor.model import Concentration, Window

_BATCH: Final = 32
"""Points that are computed together; the alternatives of one may take a megabyte."""
_POINT: Final = Window("")

Published: TypeAlias = tuple[IndexBounds | None, IndexBounds | None, IndexBounds | None]
"""The published intervals, and the sampling ones with unknown blocks split, and merged; None with one block or none."""


class ShareBounds(NamedTuple):
    """The smallest and the largest number of blocks of each entity that may have any, at one point."""

    entities: Mapping[str, tuple[int, int]]
    free: int
    """Blocks that are in each of the largest numbers."""


class PointIntervals:
    """Intervals of one level."""

    def __init__(self, level: str, questions: Iterable[UncertainMembership]) -> None:
        self._level = level
        self._questions = [each for each in questions if each.level == level]
        self._waiting: list[tuple[Alternatives, tuple[Sizes, Sizes]] | None] = []
        self._found: list[Published] = []

    def add(self, counts: PointCounts, time: int, readings: tuple[Counts, Counts]) -> None:
        """Add a point with the counts of its readings, for `indices`."""
        split, merged = (Sizes(each.sizes[None], each.singles[None]) for each in readings)
        several = readings[0].blocks > 1
        self._waiting.append((self._alternatives(counts, time), (split, merged)) if several else None)
        if len(self._waiting) == _BATCH:
            self._compute()

    def indices(self) -> list[Published]:
        """Those of the points that were added."""
        self._compute()
        return self._found

    def shares(self, counts: PointCounts, time: int) -> ShareBounds:
        """The bounds at one point."""
        known = self._alternatives(counts, time)
        ends = zip(known.least.tolist(), known.most.tolist(), strict=True)
        return ShareBounds(dict(zip(known.entities, ends, strict=True)), known.free if known.anyones else 0)

    def _alternatives(self, counts: PointCounts, time: int) -> Alternatives:
        blocks, alone, unknown = counts.entities.total(), counts.alone, counts.unknown
        claims = Claims(Counter(counts.entities), Counter(counts.doubtful))
        del claims.counts[Alone.ALONE]
        found = Concentration(self._level, _POINT, blocks, unknown=unknown, alone=alone)
        return combinations(found, claims, [_eras(each, counts) for each in self._questions], tip=time)

    def _compute(self) -> None:
        several = [each for each in self._waiting if each]
        wider = iter(index_unions([known for known, _ in several]))
        sampled = iter(index_bounds([(each, each) for _, readings in several for each in readings]))
        for each in self._waiting:
            if each is None:
                self._found.append((None, None, None))
            else:
                wide, split, merged = next(wider), next(sampled), next(sampled)
                published = IndexBounds.union([bounds for bounds in (wide, split, merged) if bounds])
                self._found.append((published, split, merged))
        self._waiting.clear()


def _eras(
    question: UncertainMembership, counts: PointCounts
) -> tuple[UncertainMembership, Sequence[int], Sequence[int]]:
    """A pool's blocks in each era, and those of them with low confidence."""
    eras = range(len(question.edges) + 1)
    low = [counts.eras[question.pool, era, True] for era in eras]
    return question, [counts.eras[question.pool, era, False] + low[era] for era in eras], low
