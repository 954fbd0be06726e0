"""Simulated blocks: with the shares of a real year, constant or drifting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.model import BlockRow

DRIFT: Final = (0.007, 0.007, 0.011, 0.011, 0.018)
"""Daily standard deviations of the logarithm of shares, largest first; all others have the last. Measured on mainnet in
2025 and 2026."""
STEP: Final = 72
"""Blocks: how often drifting shares move, twice a day."""
RETURN_DAYS: Final = 365
"""Time constant with which a drifting share returns to its mean: a free random walk ends at a monopoly."""
YEAR_SECONDS: Final = 365.25 * 86_400
BLOCK_SECONDS: Final = 600
BLOCKS_A_YEAR: Final = 52_560
_DAY: Final = 144
_DRAWN_AT_ONCE: Final = 10_000


def simulated(past: Sequence[BlockRow], blocks: int, *, seed: int, drift: float = 0.0) -> Iterator[BlockRow]:
    """Blocks of a Poisson process after `past`, drawn at random from the blocks of its last year.

    Args:
        past: real blocks, lowest first.
        blocks: how many to draw.
        seed: of the random numbers.
        drift: how fast the pools' shares drift around those of that year, as a multiple of `DRIFT`; 0: constant.
    """
    end = past[-1]
    year = list(takewhile(lambda row: row.time >= end.time - YEAR_SECONDS, reversed(past)))
    chance = np.random.default_rng(seed)
    drawn = _drifting(year, blocks, drift=drift, chance=chance) if drift else _constant(year, blocks, chance)
    height, now = end.height, float(end.time)
    for rows in drawn:
        for row, pause in zip(rows, chance.exponential(BLOCK_SECONDS, size=len(rows)).tolist(), strict=True):
            height, now = height + 1, now + pause
            yield replace(row, height=height, time=int(now))


def walk(steps: int, daily: NDArray[np.float64], chance: np.random.Generator) -> NDArray[np.float64]:
    """(steps, entities) logarithms of drifting shares over their means: autoregressive, begun in their steady state."""
    kept = np.exp(-STEP / (_DAY * RETURN_DAYS))
    moved = chance.normal(0, daily * (STEP / _DAY) ** 0.5, (steps, len(daily)))
    moved[:1] = chance.normal(0, daily * (RETURN_DAYS / 2) ** 0.5)
    for at in range(1, steps):
        moved[at] += kept * moved[at - 1]
    return moved


def _constant(year: Sequence[BlockRow], blocks: int, chance: np.random.Generator) -> Iterator[list[BlockRow]]:
    for done in range(0, blocks, _DRAWN_AT_ONCE):
        size = min(_DRAWN_AT_ONCE, blocks - done)
        yield [year[at] for at in chance.integers(len(year), size=size).tolist()]


def _drifting(
    year: Sequence[BlockRow], blocks: int, *, drift: float, chance: np.random.Generator
) -> Iterator[list[BlockRow]]:
    """A step of blocks at a time."""
    of_pool = defaultdict(list)
    for row in year:
        of_pool[row.pool].append(row)
    pools = sorted(of_pool.values(), key=len, reverse=True)
    daily = np.array([DRIFT[min(rank, len(DRIFT) - 1)] for rank in range(len(pools))])
    sizes = np.array([len(rows) for rows in pools])
    for logarithm in walk(-(-blocks // STEP), drift * daily, chance):
        shares = sizes * np.exp(logarithm)
        drawn = chance.choice(len(pools), size=STEP, p=shares / shares.sum())
        within = chance.random(STEP)
        yield [pools[at][int(part * sizes[at])] for at, part in zip(drawn.tolist(), within.tolist(), strict=True)]
