"""The joint posterior of all hashrate shares in a window, for the intervals of the indices.

With a prior of 1/2 for each entity that found a block, and for one more, which stands for all the rest, the shares are
Dirichlet(x + 1/2). The order of the entities is drawn from it; the interval of the HHI has a prior of its own, and a
closed form. docs/adr/0016-posterior.md has the reasons, docs/accuracy.md how often the intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.time_index import Integers
from monitor.analysis.uncertainty.closed_form import IndexBounds, Sizes, index_bounds
from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.model import Concentration, Estimate, IndexIntervals, Indices, Interval

_Draws = NDArray[np.float32]
"""Shares; rows are entities, columns are draws. Seven digits are more than a thousand draws know, at half the time."""

_DRAWS = 2000
"""The chance beyond each end of an interval is then 2.5 % to within 0.35 (one standard deviation)."""
_NORMAL = 1.959964
"""Standard deviations from the middle to either end of 95 %."""
_TOPS = (1, 2, 3)


def estimate(found: Concentration, *, seed: Sequence[int]) -> Estimate:
    """The intervals of one level and window, for either reading of the unknown blocks; each holds what was counted.

    The same seed, of whole numbers, gives the same draws, and so the same estimate.
    """
    return estimate_all([found], seeds=[seed])[0]


def estimate_all(several: Sequence[Concentration], *, seeds: Sequence[Sequence[int]]) -> list[Estimate]:
    """`estimate` of each, with its seed: at once, the closed forms take a tenth of the time."""
    readings = [_readings(one) for one in several if one.blocks > 1]
    bounds = iter(index_bounds([(each, each) for pair in readings for each in pair]))
    pairs = iter(readings)
    return [
        _estimate(one, next(pairs), (next(bounds), next(bounds)), seed=seed)
        if one.blocks > 1
        else Estimate(one.level, one.window.name, split=None, merged=None)
        for one, seed in zip(several, seeds, strict=True)
    ]


def _readings(found: Concentration) -> tuple[Sizes, Sizes]:
    """The blocks with the unknown ones split, and merged."""
    sizes, nameless = [share.blocks for share in found.shares], list(found.nameless.values())
    split = Sizes.of([*sizes, *nameless], found.alone + found.unknown - sum(nameless))
    return split, Sizes.of([*sizes, found.unknown], found.alone) if found.unknown else split


def _estimate(
    found: Concentration,
    readings: tuple[Sizes, Sizes],
    bounds: tuple[IndexBounds, IndexBounds],
    *,
    seed: Sequence[int],
) -> Estimate:
    # Where pools are nameless, the memberships decide how wide the published interval is.
    draws = _DRAWS // 2 if found.nameless else _DRAWS
    draw = partial(_draws, np.random.Generator(np.random.PCG64(seed)), draws=draws)
    sizes, unknown, nameless = [share.blocks for share in found.shares], found.unknown, list(found.nameless.values())
    known, rest, whole = draw(sizes), draw([found.alone]), draw([unknown] * bool(unknown))
    # Else both readings are of the same draws, so that merged never comes out less concentrated.
    left = unknown - sum(nameless)
    parts = draw([*nameless, *([left] * bool(left))]) if nameless else whole
    rates = ((known, parts, rest), (known, whole, rest))
    intervals = [
        _intervals(_shares(each)[: one.sizes.size], one.sizes[0], closed)
        for each, one, closed in zip(rates[: 1 + bool(unknown)], readings, bounds, strict=False)
    ]
    split, merged = (
        _holding(one, counted) if counted else one
        for one, counted in zip((intervals[0], intervals[-1]), (found.split, found.merged), strict=True)
    )
    return Estimate(found.level, found.window.name, split=split, merged=merged)


def _holding(likely: IndexIntervals, counted: Indices) -> IndexIntervals:
    """The intervals, widened to hold what was counted.

    Draws of a few blocks may all lie on one side of it: luck puts some of miners that are all as large ahead, and a
    miner with every block has less than everything in each draw.
    """
    return replace(
        likely,
        hhi=_with(likely.hhi, counted.headline_hhi),
        nakamoto=_with(likely.nakamoto, counted.nakamoto),
        effective_entities=_with(likely.effective_entities, counted.effective_entities),
        entropy_bits=_with(likely.entropy_bits, counted.entropy_bits),
        top_share={n: _with(each, counted.top_share[n]) for n, each in likely.top_share.items()},
    )


def _with(interval: Interval, value: float) -> Interval:
    return Interval(min(interval.lower, value), max(interval.upper, value))


def _draws(chance: np.random.Generator, counts: Sequence[int], *, draws: int) -> _Draws:
    """Of the rate behind each count, in blocks per window."""
    drawn = [chance.standard_gamma(count + PRIOR, draws, np.float32) for count in counts]
    return np.array(drawn, np.float32).reshape(-1, draws)


def _shares(rates: Sequence[_Draws]) -> _Draws:
    shares = np.concatenate(rates)
    shares /= shares.sum(axis=0)
    return shares


def _intervals(draws: _Draws, sizes: Integers, bounds: IndexBounds) -> IndexIntervals:
    """Intervals from draws of the shares of entities with so many blocks, and those that have a closed form."""
    blocks = bounds.blocks
    # Entities that are not among the draws, or smaller than one block, count as miners of one block each.
    ranked = np.where(draws * blocks < 1, np.float32(0), draws)
    ranked.sort(axis=0)
    ranked = ranked[::-1]
    covered = _running_sums(ranked)
    nothing = np.zeros(draws.shape[1], np.float32)
    largest = np.sort([covered[min(n, len(covered)) - 1] if len(covered) else nothing for n in _TOPS])
    least, most = (largest[:, round(tail * (draws.shape[1] - 1))].tolist() for tail in TAILS)
    values, many = np.unique(_nakamoto(ranked, covered, blocks), return_counts=True)
    reached = many.cumsum() / many.sum()
    low, high = (int(values[np.searchsorted(reached, tail)]) for tail in TAILS)
    beyond = [max(0, n - len(covered)) / blocks for n in _TOPS]
    return IndexIntervals(
        hhi=bounds.hhi,
        nakamoto=Interval(low, high),
        nakamoto_probability=dict(zip(values.tolist(), (many / many.sum()).tolist(), strict=True)),
        effective_entities=bounds.effective_entities,
        entropy_bits=_entropy(sizes, blocks),
        top_share={
            n: Interval(min(1, first + more), min(1, last + more))
            for n, first, last, more in zip(_TOPS, least, most, beyond, strict=True)
        },
    )


def _running_sums(rows: _Draws) -> _Draws:
    """Each row with those before it: `cumsum` goes along columns, which takes seven times as long."""
    sums = rows.copy()
    for before, row in pairwise(sums):
        np.add(row, before, out=row)
    return sums


def _entropy(sizes: Integers, blocks: int) -> Interval:
    """Of the Shannon entropy in bits; blocks beyond `sizes` are miners of one block each.

    The middle is the estimator of A. Chao, T.-J. Shen, Nonparametric Estimation of Shannon's Index of Diversity When
    There Are Unseen Species, Environmental and Ecological Statistics 10, 2003. The variance is that of G. P. Basharin,
    On a Statistical Estimate for the Entropy, Theory of Probability and Its Applications 4, 1959; the term of second
    order, which is all that is left among equals; and that of the number of entities with a single block, by which the
    unseen ones are estimated.
    """
    found = sizes[sizes > 0].astype(np.float64)
    single, rest = int((found == 1).sum()), blocks - found.sum()
    p, bits = found / blocks, np.log2(blocks)
    seen = p * (1 - min(single, blocks - 1) / blocks)
    middle = -(seen * np.log2(seen) / (1 - (1 - seen) ** blocks)).sum() + rest / blocks * bits
    surprise = -np.log2(p)
    mean = (p * surprise).sum() + rest / blocks * bits
    variance = ((p * surprise**2).sum() + rest / blocks * bits**2 - mean**2) / blocks
    variance += len(p) / 2 / (blocks * np.log(2)) ** 2 + single * (bits / blocks) ** 2
    margin = _NORMAL * np.sqrt(max(0.0, variance))
    return Interval(max(0.0, float(middle - margin)), float(middle + margin))


def _nakamoto(ranked: _Draws, covered: _Draws, blocks: int) -> NDArray[np.int64]:
    """The fewest entities with more than half, draw by draw; the rest are as many miners of one block as it takes.

    Args:
        ranked: shares, largest first.
        covered: those of the largest one, two, three entities together, and so on.
        blocks: all of the window.
    """
    needed: NDArray[np.int64] = (covered <= 1 / 2).sum(axis=0) + 1
    missing = 1 / 2 - covered[-1:].sum(axis=0)  # of no entities at all, too
    singles = (ranked > 0).sum(axis=0) + np.floor(missing * blocks).astype(np.int64) + 1
    return np.where(missing >= 0, singles, needed)
