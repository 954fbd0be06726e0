"""Share now: an estimate of each entity's present share of the hashrate, which lasts for the coming fortnight.

Shares drift, so old blocks say less than new ones. A discounted Dirichlet forgets them: a block counts for exp(-age /
lifetime), and the counts so weighted are taken for those of a constant share (M. West, J. Harrison, Bayesian
Forecasting and Dynamic Models, 1997, section 10.8). It is the steady state of a local-level model with drift in
proportion to the noise of sampling: as variances a block, p (1 - p) / lifetime² beside p (1 - p). The drift that was
measured on mainnet is of this kind (docs/adr/0029-share-now.md).

How fast a pool drifts differs from year to year and from pool to pool. So there are several lifetimes, and each has the
weight that it earned: by how well it would have forecast the shares of each past fortnight from the blocks before it
(dynamic model averaging: A. E. Raftery, M. Kárný, P. Ettler, Online Prediction Under Model Uncertainty via Dynamic
Model Averaging, Technometrics 52, 2010). An entity begins with the weights of its level, and its own past decides. The
mixture is taken for the beta distribution with its mean and variance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.rows import FIRST
from monitor.analysis.counting.windows import reached
from monitor.analysis.distributions import Floats
from monitor.analysis.uncertainty.intervals import PRIOR, TAILS
from monitor.model import CurrentShare, Interval, Window

BIN: Final = 504
"""Blocks that are as old as each other, half a week's: counted back from the tip."""
AHEAD: Final = 4
"""Bins that the estimate lasts for, and each forecast reaches."""
FORTNIGHT: Final = BIN * AHEAD
"""Blocks."""
MOST_BINS: Final = 52
"""How far back is looked: half a year."""
LIFETIMES: Final = 144 * np.array([4, 8, 16, 32, 64])
"""Blocks: as many days' worth."""
_MEMORY: Final = 90 * 144
"""Blocks: the lifetime of what a forecast earned."""
_NORMAL: Final = NormalDist().inv_cdf(TAILS[1])


class Posterior(NamedTuple):
    """The share of each entity over the coming fortnight: Beta(p n, (1 - p) n)."""

    share: Floats
    """p, its mean."""
    blocks: Floats
    """n: the blocks of a constant share that would tell as much."""
    drift: Floats
    """Variance that a block adds to it as the share drifts, in units of p (1 - p): mean of 1 / lifetime²."""


class LevelPosterior(NamedTuple):
    """The posterior of all entities of a level."""

    entities: list[str]
    known: Posterior

    def of(self, entity: str) -> tuple[float, float]:
        """The share of one of its entities, and the blocks that it is worth."""
        at = self.entities.index(entity)
        return float(self.known.share[at]), float(self.known.blocks[at])

    def drift(self, entities: Sequence[str]) -> Floats:
        """The drift of each of some entities; where it is not known, the mean by share."""
        usual = float(self.known.drift @ self.known.share / self.known.share.sum())
        own = dict(zip(self.entities, self.known.drift.tolist(), strict=True))
        return np.array([own.get(entity, usual) for entity in entities])


def posteriors(table: BlockTable, windows: Sequence[Window]) -> dict[str, LevelPosterior]:
    """The posterior of each level with entities, by its name, over the longest window or half a year."""
    rows = reached(table.rows, windows)[-BIN * MOST_BINS :]
    found = {}
    for number, level in enumerate(table.levels):
        names = table.entities(number)
        counts = binned(rows["entity"][:, number], FIRST + len(names))
        blocks = np.flatnonzero(counts[:, FIRST:].any(axis=0)).tolist()
        seen = sorted((code for code in blocks if names[code]), key=lambda code: names[code])  # the others are nameless
        if seen:
            known = posterior(counts[:, [FIRST + code for code in seen]], counts.sum(axis=1))
            found[level.name] = LevelPosterior([names[code] for code in seen], known)
    return found


def current_shares(posteriors: Mapping[str, LevelPosterior]) -> tuple[CurrentShare, ...]:
    """The share now of every entity with a block: at each level, largest first."""
    return tuple(each for level, found in posteriors.items() for each in _ranked(level, *found))


def _ranked(level: str, entities: Sequence[str], known: Posterior) -> list[CurrentShare]:
    share, blocks, _ = known
    lower, upper = intervals(share, blocks)
    least, most = intervals(share, 1 / (1 / blocks + 1 / FORTNIGHT))
    half = 1 / (2 * FORTNIGHT)  # a block: counts are whole numbers
    coming = map(Interval, np.maximum(least - half, 0).tolist(), np.minimum(most + half, 1).tolist())
    columns = (entities, share.tolist(), lower.tolist(), upper.tolist(), coming, blocks.tolist())
    return sorted(
        (CurrentShare(level, *each) for each in zip(*columns, strict=True)), key=lambda one: (-one.share, one.entity)
    )


def posterior(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> Posterior:
    """What is known of each entity's share.

    Args:
        counts: (bins, entities) blocks, oldest bin first.
        totals: (bins) blocks of all, with those of no entity.
    """
    weight = _weights(len(counts))
    n = weight @ totals.astype(np.float64)  # (lifetimes, bins + 1)
    share = (weight @ counts.astype(np.float64) + PRIOR) / (n + 2 * PRIOR)[..., None]  # (lifetimes, bins + 1, entities)
    blocks = n / (1 + FORTNIGHT / (3 * LIFETIMES[:, None]))  # the drift of the fortnight makes them worth less
    earned = _earned(share, blocks, counts=counts, totals=totals)
    share, blocks = share[:, -1], blocks[:, -1:]
    own = np.exp(earned - earned.max(axis=0))
    own /= own.sum(axis=0)
    own *= (own @ share.mean(axis=0))[:, None]  # the level's weights: large entities say more
    own /= own.sum(axis=0)
    mean = (own * share).sum(axis=0)
    variance = (own * (share * (1 - share) / (blocks + 1) + (share - mean) ** 2)).sum(axis=0)
    return Posterior(mean, mean * (1 - mean) / variance - 1, 1 / LIFETIMES**2 @ own)


def intervals(share: Floats, blocks: Floats) -> tuple[Floats, Floats]:
    """Lower and upper ends of the 95 % interval of each posterior.

    The arcsine of the root of a share is close to normal, with a variance of 1 / 4n whatever the share is (F. J.
    Anscombe, The Transformation of Poisson, Binomial and Negative-Binomial Data, Biometrika 35, 1948).
    """
    middle, width = np.arcsin(np.sqrt(share)), _NORMAL / (2 * np.sqrt(blocks))
    return np.sin(np.maximum(middle - width, 0)) ** 2, np.sin(np.minimum(middle + width, np.pi / 2)) ** 2


@lru_cache(maxsize=4)
def _weights(bins: int) -> Floats:
    """(lifetimes, bins + 1, bins) what is left of each bin as each bin begins, and at the end."""
    age = (np.arange(bins + 1)[:, None] - np.arange(bins) - 1 / 2) * BIN
    return np.asarray(np.exp(-np.maximum(age, 0) / LIFETIMES[:, None, None]) * (age > 0))


def _earned(share: Floats, blocks: Floats, *, counts: NDArray[np.int64], totals: NDArray[np.int64]) -> Floats:
    """The log likelihood of each fortnight forecast from before it, by lifetime and entity; older ones count less.

    On the scale of `intervals`. A fortnight begins with every bin, so each counts for one in `AHEAD`.
    """
    starts = len(counts) - AHEAD + 1
    if starts <= AHEAD:
        return np.zeros((len(LIFETIMES), counts.shape[1]))
    until = (np.insert(each, 0, 0, axis=0).cumsum(axis=0) for each in (counts, totals[:, None]))
    came, of = (each[2 * AHEAD :] - each[AHEAD:-AHEAD] for each in until)
    share, blocks = share[:, AHEAD:starts], blocks[:, AHEAD:starts, None]
    missed = np.arcsin(np.sqrt((came + 3 / 8) / (of + 3 / 4))) - np.arcsin(np.sqrt(share))
    variance = (1 / blocks + 1 / of) / 4
    age = np.arange(starts - AHEAD)[::-1, None] * BIN
    likely: Floats = -((np.log(variance) + missed**2 / variance) * np.exp(-age / _MEMORY)).sum(axis=1) / (2 * AHEAD)
    return likely


def binned(codes: NDArray[np.signedinteger[Any]], size: int) -> NDArray[np.int64]:
    """The blocks of each code in bins up to the tip, oldest first; the first one may have fewer blocks."""
    bins = -(-len(codes) // BIN)
    number = bins - 1 - np.arange(len(codes))[::-1] // BIN
    return np.bincount(number * size + codes, minlength=bins * size).reshape(bins, size)
