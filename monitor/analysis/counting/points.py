"""Counts at each of many points in time, from groups of blocks.

Each group has the first point that counts its blocks and the first later one that no longer does: as many groups as
there are changes, however many blocks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.levels import Alone, Entity, Nameless
from monitor.model import PoolSlug

_Key = TypeVar("_Key")


class PointRange(NamedTuple):
    """Blocks of one entity that the same points count."""

    enter: int
    """The first of the points."""
    leave: int
    """The one after the last of them; the number of points where there is none."""
    entity: Entity
    blocks: int
    doubtful: bool = False
    """Whether they have an attribution of low confidence."""
    pool: PoolSlug | None = None
    """Their pool, if its membership is uncertain."""
    era: int = 0
    """The era of its membership."""


class PointCounts:
    """The counts at one point; they change from one to the next."""

    def __init__(self) -> None:
        self.entities: Counter[Entity] = Counter()
        self.doubtful: Counter[Entity] = Counter()
        """Those of them with an attribution of low confidence."""
        self.eras: Counter[tuple[PoolSlug, int, bool]] = Counter()
        """Blocks of each pool with an uncertain membership in each era, by whether they are doubtful."""

    def change(self, group: PointRange, sign: int) -> None:
        """Add the group's blocks, or take them away."""
        blocks = sign * group.blocks
        _add(self.entities, group.entity, blocks)
        if group.doubtful:
            _add(self.doubtful, group.entity, blocks)
        if group.pool is not None:
            _add(self.eras, (group.pool, group.era, group.doubtful), blocks)

    @property
    def alone(self) -> int:
        """Blocks of miners who each count for themselves."""
        return self.entities[Alone.ALONE]

    @property
    def sizes(self) -> list[int]:
        """Blocks of each entity with a name."""
        return [blocks for entity, blocks in self.entities.items() if isinstance(entity, str)]

    @property
    def nameless(self) -> list[int]:
        """Blocks of each pool with an unknown entity."""
        return [blocks for entity, blocks in self.entities.items() if isinstance(entity, Nameless)]

    @property
    def unknown(self) -> int:
        """Unknown blocks, including those of nameless entities."""
        return self.entities[None] + sum(self.nameless)

    @property
    def split(self) -> Counts:
        """With each unknown block as its own miner's."""
        return Counts.of([*self.sizes, *self.nameless], singles=self.entities[None] + self.alone)

    @property
    def merged(self) -> Counts:
        """With all unknown blocks as one miner's."""
        return Counts.of([*self.sizes, self.unknown], singles=self.alone)


def point_counts(groups: Iterable[PointRange], points: int) -> Iterator[PointCounts]:
    """The counts at each point: one object that changes."""
    changes: defaultdict[int, list[tuple[PointRange, int]]] = defaultdict(list)
    for group in groups:
        changes[group.enter].append((group, 1))
        changes[group.leave].append((group, -1))
    counts = PointCounts()
    for point in range(points):
        for group, sign in changes.pop(point, ()):
            counts.change(group, sign)
        yield counts


def _add(counter: Counter[_Key], key: _Key, blocks: int) -> None:
    left = counter[key] + blocks
    if left:
        counter[key] = left
    else:
        counter.pop(key, None)
