"""The joint posterior of all hashrate shares in a window, for the intervals of the indices.

With a prior of the same weight for each entity that found a block, and for one more, which stands for all the rest, the
shares are Dirichlet(x + weight). Which weight serves which index has been found by simulation:
docs/adr/0016-posterior.md has the reasons, docs/accuracy.md how often the intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.model import Concentration, Estimate, IndexIntervals, Indices, Interval

_Draws = NDArray[np.float32]
"""Shares; rows are entities, columns are draws. Seven digits are more than a thousand draws know, at half the time."""

_DRAWS = 2000
"""The chance beyond each end of an interval is then 2.5 % to within 0.35 (one standard deviation)."""
_SCALE = 10_000
_NORMAL = 1.959964
"""Standard deviations from the middle to either end of 95 %."""
_TOPS = (1, 2, 3)


def estimate(found: Concentration, *, seed: Sequence[int]) -> Estimate:
    """The intervals of one level and window, for either reading of the unknown blocks; each holds what was counted.

    Args:
        found: what was counted.
        seed: whole numbers; the same ones give the same draws, and so the same estimate.
    """
    sizes = [share.blocks for share in found.shares]
    nameless = list(found.nameless.values())
    draws = _DRAWS // 2 if nameless else _DRAWS  # there the memberships decide how wide the published interval is
    readings = index_intervals(sizes, found.unknown, alone=found.alone, nameless=nameless, seed=seed, draws=draws)
    counted = (found.split, found.merged)
    split, merged = (
        _holding(one, indices) if one and indices else one
        for one, indices in zip(readings or (None, None), counted, strict=True)
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


def index_intervals(
    sizes: Sequence[int],
    unknown: int,
    *,
    alone: int,
    nameless: Sequence[int] = (),
    seed: Sequence[int],
    draws: int = _DRAWS,
) -> tuple[IndexIntervals, IndexIntervals] | None:
    """The same of bare numbers: the unknown blocks split, and merged; None of fewer than two blocks.

    Args:
        sizes: blocks of each entity.
        unknown: unattributed blocks.
        alone: blocks of miners each for himself.
        nameless: blocks of each pool with an unknown entity; part of `unknown`.
        seed: see `estimate`.
        draws: the chance beyond each end is 2.5 % to within the root of 0.024 / draws.
    """
    blocks = sum(sizes) + unknown + alone
    if blocks < 2:
        return None
    if nameless:
        rest = unknown - sum(nameless)
        apart = index_intervals([*sizes, *nameless], 0, alone=alone + rest, seed=seed, draws=draws)
        together = index_intervals([*sizes, unknown], 0, alone=alone, seed=seed, draws=draws)
        return (apart[0], together[0]) if apart and together else None
    named = len(sizes)
    counts = [*sizes, *([unknown] * bool(unknown)), alone]
    draw = partial(_shares, np.random.Generator(np.random.PCG64(seed)), counts, draws=draws)
    squares = _squares(draw, counts, blocks)
    shares = draw(PRIOR)
    hhi = squares[:named].sum(axis=0)
    split = _intervals(hhi, shares[:named], sizes=counts[:named], blocks=blocks)
    if not unknown:
        return split, split
    # To merge them only concentrates; but a square less its bias may come out below zero.
    merged = np.maximum(hhi, hhi + squares[named])
    return split, _intervals(merged, shares[: named + 1], sizes=counts[: named + 1], blocks=blocks)


def _shares(chance: np.random.Generator, counts: Sequence[int], prior: float, *, draws: int) -> _Draws:
    drawn = np.array([chance.standard_gamma(count + prior, draws, np.float32) for count in counts])
    drawn /= drawn.sum(axis=0)
    return drawn


def _squares(draw: Callable[[float], _Draws], counts: Sequence[int], blocks: int) -> _Draws:
    """Squares of shares, without the bias, by the prior that adds least: Perks', which weighs one block in all.

    The sample scatters around the truth and the draws around the sample, so the squares come out too large twice. Their
    mean is known, and so is the unbiased one, x (x - 1) / (n (n - 1)) (Simpson 1949): the draws are moved from one to
    the other.
    """
    prior = 1 / len(counts)
    x, total = np.array(counts), blocks + 1
    mean = (x + prior) * (x + prior + 1) / (total * (total + 1))
    unbiased = x * (x - 1) / (blocks * (blocks - 1))
    moved: _Draws = draw(prior) ** 2 + (unbiased - mean).astype(np.float32)[:, None]
    return moved


def _intervals(hhi: _Draws, draws: _Draws, *, sizes: Sequence[int], blocks: int) -> IndexIntervals:
    """Intervals from draws, and of the entropy from the sizes: blocks of the entities that are drawn."""
    # Entities that are not among the draws, or smaller than one block, count as miners of one block each.
    ranked = np.where(draws * blocks < 1, np.float32(0), draws)
    ranked.sort(axis=0)
    ranked = ranked[::-1]
    covered = _running_sums(ranked)
    largest = [covered[min(n, len(covered)) - 1] if len(covered) else np.zeros_like(hhi) for n in _TOPS]
    (lower, *least), (upper, *most) = np.quantile([hhi, *largest], TAILS, axis=1).clip(0, 1).tolist()
    values, many = np.unique(_nakamoto(ranked, covered, blocks), return_counts=True)
    reached = many.cumsum() / many.sum()
    low, high = (int(values[np.searchsorted(reached, tail)]) for tail in TAILS)
    singles = [max(0, n - len(covered)) / blocks for n in _TOPS]
    return IndexIntervals(
        hhi=Interval(_SCALE * lower, _SCALE * upper),
        nakamoto=Interval(low, high),
        nakamoto_probability=dict(zip(values.tolist(), (many / many.sum()).tolist(), strict=True)),
        effective_entities=Interval(*(1 / max(end, 1 / blocks) for end in (upper, lower))),
        entropy_bits=_entropy(sizes, blocks),
        top_share={
            n: Interval(min(1, first + more), min(1, last + more))
            for n, first, last, more in zip(_TOPS, least, most, singles, strict=True)
        },
    )


def _running_sums(rows: _Draws) -> _Draws:
    """Each row with those before it: `cumsum` goes along columns, which takes seven times as long."""
    sums = rows.copy()
    for before, row in pairwise(sums):
        np.add(row, before, out=row)
    return sums


def _entropy(sizes: Sequence[int], blocks: int) -> Interval:
    """Of the Shannon entropy in bits; blocks beyond `sizes` are miners of one block each.

    The middle is the estimator of A. Chao, T.-J. Shen, Nonparametric Estimation of Shannon's Index of Diversity When
    There Are Unseen Species, Environmental and Ecological Statistics 10, 2003. The variance is that of G. P. Basharin,
    On a Statistical Estimate for the Entropy, Theory of Probability and Its Applications 4, 1959; the term of second
    order, which is all that is left among equals; and that of the number of entities with a single block, by which the
    unseen ones are estimated.
    """
    found = np.array([size for size in sizes if size], np.float64)
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
