"""How many blocks each entity mined, without the names: all that an index looks at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from monitor.analysis.counting.time_index import Integers


@dataclass(frozen=True, eq=False)
class Counts:
    """Of one set of blocks, or of many at once: then all arrays begin with the same axes, and so does each index.

    It is a handful of operations for all windows at all levels; one by one, a new block would wait for hundreds.
    """

    sizes: Integers
    """(..., places): the blocks of each entity with several, most first; unused places are 0."""
    singles: Integers
    """(...): how many more entities have one block each. A thousand unknown miners take no thousand places."""

    @classmethod
    def of(cls, sizes: Iterable[int], *, singles: int = 0) -> Counts:
        """Of one set.

        Args:
            sizes: blocks of each entity, in any order; an entity without blocks does not count.
            singles: how many more entities have one block each.
        """
        return cls.ranked(np.fromiter(sizes, np.int64), np.int64(singles))

    @classmethod
    def ranked(cls, sizes: Integers, singles: Integers | np.int64) -> Counts:
        """The same of arrays that have everything but the order.

        An entity of one block becomes one of the singles: an index then has the same digits in either form.
        """
        ones = sizes == 1
        largest = np.sort(np.where(ones, 0, sizes))[..., ::-1]
        places = max(1, np.count_nonzero(largest.any(axis=tuple(range(sizes.ndim - 1)))))
        unused = np.zeros((*sizes.shape[:-1], 1), np.int64)
        return cls(np.concatenate((largest, unused), axis=-1)[..., :places], np.asarray(singles + ones.sum(axis=-1)))

    @cached_property
    def covered(self) -> Integers:
        """(..., places): the blocks of the n largest entities together, for each n."""
        return self.sizes.cumsum(axis=-1)

    @cached_property
    def blocks(self) -> Integers:
        """(...): all of them."""
        blocks: Integers = self.covered[..., -1] + self.singles
        return blocks

    @cached_property
    def entities(self) -> Integers:
        """(...): how many there are."""
        entities: Integers = (self.sizes > 0).sum(axis=-1) + self.singles
        return entities

    @cached_property
    def squares(self) -> Integers:
        """(...): the sum of the squares of each entity's blocks."""
        squares: Integers = (self.sizes**2).sum(axis=-1) + self.singles
        return squares
