"""What the blocks of a window tell of the hashrate behind them, all shares at once: the intervals of the indices.

With Jeffreys' prior over each entity that found a block, and one more for the rest, which has no names, the shares are
Dirichlet(x + 1/2). docs/adr/0030-posterior.md has the reasons and how often the intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.intervals import PRIOR, TAILS
from monitor.model import Concentration, Estimate, Interval, Likely

_Draws = NDArray[np.float64]
"""A row for each entity, a column for each draw: its share there."""

_DRAWS = 2000
"""The chance beyond each end of an interval is then 2.5 % to within 0.35 (one standard deviation)."""
_SCALE = 10_000


def estimate(found: Concentration, *, seed: Sequence[int]) -> Estimate:
    """The intervals of one level and window, for either reading of the unknown blocks.

    Args:
        found: what was counted.
        seed: whole numbers; the same ones give the same draws, and so the same estimate.
    """
    if found.blocks < 2:
        return Estimate(found.level, found.window.name, None, None)
    named = len(found.shares)
    counts = [*(share.blocks for share in found.shares), found.unknown, found.alone]
    if not found.unknown:
        del counts[named]
    chance = np.random.Generator(np.random.PCG64(seed))
    draws = np.array([chance.standard_gamma(count + PRIOR, _DRAWS) for count in counts])
    draws /= draws.sum(axis=0)
    squares = _squares(draws, found.blocks)
    hhi = squares[:named].sum(axis=0)
    split = _likely(hhi, draws[:named], found.blocks)
    if not found.unknown:
        return Estimate(found.level, found.window.name, split, split)
    # One entity more only concentrates; its square without the bias may still come out below zero.
    merged = _likely(np.maximum(hhi, hhi + squares[named]), draws[: named + 1], found.blocks)
    return Estimate(found.level, found.window.name, split, merged)


def _squares(draws: _Draws, blocks: int) -> _Draws:
    """The squares of the shares, without the bias.

    As the sample scatters around the truth, so the draws scatter around the sample: squares come out too large twice.
    A polynomial in the share p takes both off. With a the prior, x blocks of n, p ~ Beta(x + a, N - x - a),

        (N (N + 1) p² - 2 (1 + a) N p + a (1 + a)) / (n (n - 1))

    has the expectation x (x - 1) / (n (n - 1)), which is that of the unbiased index (Simpson 1949).
    """
    n, total, a = blocks, blocks + PRIOR * len(draws), PRIOR
    result: _Draws = ((total + 1) * total * draws**2 - 2 * (1 + a) * total * draws + a * (1 + a)) / (n * (n - 1))
    return result


def _likely(hhi: _Draws, draws: _Draws, blocks: int) -> Likely:
    """Intervals from draws."""
    lower, upper = (_SCALE * np.clip(np.quantile(hhi, TAILS), 0, 1)).tolist()
    values, many = np.unique(_nakamoto(draws, blocks), return_counts=True)
    reached = many.cumsum() / many.sum()
    low, high = (int(values[np.searchsorted(reached, tail)]) for tail in TAILS)
    return Likely(
        hhi=Interval(lower, upper),
        nakamoto=Interval(low, high),
        nakamoto_probability=dict(zip(values.tolist(), (many / many.sum()).tolist(), strict=True)),
    )


def _nakamoto(draws: _Draws, blocks: int) -> NDArray[np.int64]:
    """The fewest entities with more than half, draw by draw.

    Who is not among `draws`, or is smaller than one block, counts as miners of one block each: as many as it takes.
    """
    ranked = -np.sort(-np.where(draws * blocks < 1, 0, draws), axis=0)
    covered = ranked.cumsum(axis=0)
    needed: NDArray[np.int64] = (covered <= 1 / 2).sum(axis=0) + 1
    missing = 1 / 2 - covered[-1:].sum(axis=0)  # of no entities at all, too
    singles = (ranked > 0).sum(axis=0) + np.floor(missing * blocks).astype(np.int64) + 1
    return np.where(missing >= 0, singles, needed)
