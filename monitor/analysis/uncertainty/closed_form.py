"""95 % intervals of HHI and Nakamoto coefficient in closed form: of many sets of counts at once, without random draws.

- HHI: mean and variance of a sum of squares under the Dirichlet posterior, the mean moved to the unbiased index
  (`posterior` has the reasons), the quantiles of a gamma distribution with these moments (E. B. Wilson, M. M. Hilferty,
  The Distribution of Chi-Square, PNAS 17, 1931);
- Nakamoto coefficient: lower end, the fewest entities that may have a majority with their largest numbers of blocks;
  upper end, the fewest that have one even with their smallest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.indices import hhi, hhi_unbiased, nakamoto
from monitor.analysis.uncertainty.intervals import PRIOR
from monitor.model import Interval

_SCALE: Final = 10_000
_NORMAL: Final = 1.959964
"""Standard deviations from the middle to either end of 95 %."""
_CELLS: Final = 2**18
"""Counts that are computed at once: larger arrays are slower, and need memory."""

_Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sizes:
    """Sets of counts that are alternatives to each other."""

    sizes: Integers
    """(alternatives, entities): blocks of each."""
    singles: Integers
    """(alternatives): miners of one block each."""

    @classmethod
    def of(cls, sizes: Sequence[int], singles: int) -> Sizes:
        """One set, without an alternative."""
        return cls(np.array([sizes], np.int64).reshape(1, -1), np.array([singles], np.int64))


@dataclass(frozen=True, slots=True)
class IndexBounds:
    """The union of the 95 % intervals over alternatives, and the numbers that these give."""

    hhi: Interval
    nakamoto: Interval
    blocks: int

    @property
    def effective_entities(self) -> Interval:
        """Of 10,000 / HHI, of which there are no more than blocks."""
        return Interval(*(_SCALE / max(end, _SCALE / self.blocks) for end in (self.hhi.upper, self.hhi.lower)))

    @classmethod
    def union(cls, several: Sequence[IndexBounds]) -> IndexBounds:
        """The narrowest that holds all of them, which are of the same blocks."""
        return cls(union([each.hhi for each in several]), union([each.nakamoto for each in several]), several[0].blocks)


def union(intervals: Sequence[Interval]) -> Interval:
    """The narrowest interval that holds all of them."""
    return Interval(min(each.lower for each in intervals), max(each.upper for each in intervals))


def index_bounds(several: Sequence[tuple[Sizes, Sizes]]) -> list[IndexBounds]:
    """Of each pair, both of the same two blocks or more: alternatives as little concentrated as may be, and as much."""
    found: list[IndexBounds] = []
    for part in _parts([max(each.sizes.size for each in pair) for pair in several]):
        least, most = ([pair[end] for pair in several[part]] for end in (0, 1))
        found += _bounds(_Stack.of(least), _Stack.of(most))
    return found


@dataclass(frozen=True, eq=False)
class _Stack:
    """Alternatives of many sets in one array."""

    counts: Counts
    starts: Integers
    """The first alternative of each set."""

    @classmethod
    def of(cls, several: Sequence[Sizes]) -> _Stack:
        ends = np.cumsum([0, *(len(each.sizes) for each in several)])
        rows = np.zeros((ends[-1], max(each.sizes.shape[1] for each in several)), np.int64)
        for (begin, end), each in zip(pairwise(ends.tolist()), several, strict=True):
            rows[begin:end, : each.sizes.shape[1]] = each.sizes
        return cls(Counts.ranked(rows, np.concatenate([each.singles for each in several])), ends[:-1])

    @property
    def places(self) -> Integers:
        """How many entities have several blocks, in the alternative with the most of them; one at least."""
        places: Integers = np.maximum.reduceat((self.counts.sizes > 0).sum(axis=1), self.starts).clip(min=1)
        return places


def _bounds(least: _Stack, most: _Stack) -> list[IndexBounds]:
    blocks = least.counts.blocks[least.starts]
    # The numbers of each alternative are within, too: the raw index is the largest of them.
    lower = np.minimum(_hhi_ends(least.counts)[0], hhi_unbiased(least.counts))
    upper = np.maximum(_hhi_ends(most.counts)[1], hhi(most.counts))
    few = _fewest(np.maximum.reduceat(most.counts.covered, most.starts), most.places, blocks, z=-_NORMAL)
    many = _fewest(np.minimum.reduceat(least.counts.covered, least.starts), least.places, blocks, z=_NORMAL)
    columns = (
        blocks,
        np.minimum.reduceat(lower, least.starts),
        np.maximum.reduceat(upper, most.starts),
        np.minimum(few, np.minimum.reduceat(nakamoto(most.counts), most.starts)),
        np.maximum(many, np.maximum.reduceat(nakamoto(least.counts), least.starts)),
    )
    return [
        IndexBounds(Interval(a, b), Interval(c, d), n)
        for n, a, b, c, d in zip(*(column.tolist() for column in columns), strict=True)
    ]


def _hhi_ends(counts: Counts) -> tuple[_Values, _Values]:
    """The 95 % interval of the HHI behind each set of counts."""
    x, n = counts.sizes.astype(np.float64), counts.blocks.astype(np.float64)
    prior = 1 / ((x > 0).sum(axis=-1) + 1)
    alpha = np.where(x > 0, x + prior[:, None], 0)
    total = n + 1
    second = alpha * (alpha + 1)
    fourth = (second * (alpha + 2) * (alpha + 3)).sum(axis=-1)
    squares, norm = second.sum(axis=-1), total * (total + 1)
    mean = squares / norm
    variance = (fourth + squares**2 - (second**2).sum(axis=-1)) / (norm * (total + 2) * (total + 3)) - mean**2
    unbiased = (x * (x - 1)).sum(axis=-1) / (n * (n - 1))
    ninth = np.maximum(variance, 0) / np.maximum(9 * unbiased**2, 1e-300)  # 1 / (9 shape) of the gamma distribution
    lower, upper = (unbiased * np.maximum(1 - ninth + z * np.sqrt(ninth), 0) ** 3 for z in (-_NORMAL, _NORMAL))
    return _SCALE * lower, _SCALE * np.minimum(upper, 1)


def _fewest(covered: Integers, places: Integers, blocks: Integers, *, z: float) -> Integers:
    """The fewest entities that have a majority of the hashrate with the probability of a normal quantile `z` or more.

    Args:
        covered: (sets, entities): the blocks of the largest one, two, three entities together, and so on.
        places: (sets): how many entities of each set have several blocks.
        blocks: (sets): all of them. Those in no entity are miners of one block each.
        z: standard deviations. Beta(a, b) exceeds 1/2 with that probability where a - b is so many roots of a + b.
    """
    k = np.arange(1, covered.shape[1] + 1)
    ahead = 2 * covered - blocks[:, None] + PRIOR * (2 * k - places[:, None] - 1)
    margin = z * np.sqrt(blocks + PRIOR * (places + 1))
    enough = (ahead >= margin[:, None]) & (k <= places[:, None])
    last = np.take_along_axis(ahead, places[:, None] - 1, axis=1)[:, 0]
    missing = places + np.maximum(1, np.ceil((margin - last) / 2)).astype(np.int64)
    fewest: Integers = np.where(enough.any(axis=1), enough.argmax(axis=1) + 1, missing)
    return fewest


def _parts(cells: Sequence[int]) -> list[slice]:
    """Neighbours that have so many cells together that one array takes them."""
    begins, filled = [0], 0
    for at, each in enumerate(cells):
        if filled and filled + each > _CELLS:
            begins.append(at)
            filled = 0
        filled += each
    return [slice(begin, end) for begin, end in pairwise([*begins, len(cells)])] if cells else []
