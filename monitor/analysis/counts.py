"""How many blocks each entity mined, without the names: all that an index looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """At least one block, grouped by how many of them an entity has.

    Entities with the same number of blocks form one group, so a thousand unknown miners of one block each cost no more
    than one miner of a thousand.
    """

    groups: tuple[tuple[int, int], ...]
    """(blocks an entity has, entities that have so many), most blocks first."""
    blocks: int
    entities: int

    @classmethod
    def of(cls, sizes: Iterable[int], *, singles: int = 0) -> Counts | None:
        """Group what each entity has; None if that is nothing.

        Args:
            sizes: blocks of each entity, in any order; an entity without blocks does not count.
            singles: how many more entities have one block each.
        """
        many = Counter(sizes)
        many[1] += singles
        groups = tuple(sorted(((size, n) for size, n in many.items() if size and n), reverse=True))
        if not groups:
            return None
        if groups[-1][0] < 0 or singles < 0:
            raise ValueError("an entity cannot have fewer than no blocks")
        return cls(groups, sum(size * n for size, n in groups), sum(n for _, n in groups))
