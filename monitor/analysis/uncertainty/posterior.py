"""The joint posterior of all hashrate shares in a window, for the intervals of the indices.

With a prior of the same weight for each entity that found a block, and for one more, which stands for all the rest, the
shares are Dirichlet(x + weight). Which weight serves which index has been found by simulation:
docs/adr/0016-posterior.md has the reasons, docs/accuracy.md how often the intervals hold the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.model import Concentration, Estimate, Interval, Likely

_Draws = NDArray[np.float64]
"""Shares; rows are entities, columns are draws."""

_DRAWS = 2000
"""The chance beyond each end of an interval is then 2.5 % to within 0.35 (one standard deviation)."""
_SCALE = 10_000


def estimate(found: Concentration, *, seed: Sequence[int]) -> Estimate:
    """The intervals of one level and window, for either reading of the unknown blocks.

    Args:
        found: what was counted.
        seed: whole numbers; the same ones give the same draws, and so the same estimate.
    """
    sizes = [share.blocks for share in found.shares]
    readings = likely(sizes, found.unknown, alone=found.alone, seed=seed) or (None, None)
    return Estimate(found.level, found.window.name, *readings)


def likely(
    sizes: Sequence[int], unknown: int, *, alone: int, seed: Sequence[int], draws: int = _DRAWS
) -> tuple[Likely, Likely] | None:
    """The same of bare numbers: the unknown blocks split, and merged; None of fewer than two blocks.

    Args:
        sizes: blocks of each entity.
        unknown: unattributed blocks.
        alone: blocks of miners each for himself.
        seed: see `estimate`.
        draws: the chance beyond each end is 2.5 % to within the root of 0.024 / draws.
    """
    blocks = sum(sizes) + unknown + alone
    if blocks < 2:
        return None
    named = len(sizes)
    counts = [*sizes, *([unknown] * bool(unknown)), alone]
    draw = partial(_shares, np.random.Generator(np.random.PCG64(seed)), counts, draws=draws)
    squares = _squares(draw, counts, blocks)
    shares = draw(PRIOR)
    hhi = squares[:named].sum(axis=0)
    split = _likely(hhi, shares[:named], blocks)
    if not unknown:
        return split, split
    # To merge them only concentrates; but a square less its bias may come out below zero.
    return split, _likely(np.maximum(hhi, hhi + squares[named]), shares[: named + 1], blocks)


def _shares(chance: np.random.Generator, counts: Sequence[int], prior: float, *, draws: int) -> _Draws:
    drawn = np.array([chance.standard_gamma(count + prior, draws) for count in counts])
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
    moved: _Draws = draw(prior) ** 2 + (unbiased - mean)[:, None]
    return moved


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
