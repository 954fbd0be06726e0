"""Stale rate: which part of a pool's blocks went stale, beside what its size alone explains.

Only known stale blocks count, so a rate is a lower bound. Two of its kinds of error are not in the interval: a block
that no source has seen, and a source that sees the blocks of some pools better than others. Lists made from merge-mined
chains are of that kind: they have only blocks of pools that merge-mine.

The null model: all blocks travel equally fast, and no pool holds any back. T is the mean time between blocks, d the
time in which a block reaches the others. For a block of pool i, which has the share s of the hashrate, pool j finds a
competing block in the d before or after it with the probability 2 s_j d / T; a pool does not compete with itself. In a
race the two pools mine on their own blocks, and half of the others on either, so i loses with the probability
(1 - s_i + s_j) / 2, as in `races`. Summed over all j other than i, a block of i goes stale with the probability

    (d / T) (1 - 2 s_i + H),  with H the sum of all squared shares.

A part 1 - s_i is that a pool never races itself: C. Decker, R. Wattenhofer, Information Propagation in the Bitcoin
Network, IEEE P2P 2013, has it for the network as a whole. The rest is that a large pool decides its own races. With H
of 0.15, a pool of 1 % loses twice the part of its blocks that a pool of 30 % loses; by 1 - s alone it would be 1.4
times.

d is not known: the stale blocks of the window, all pools together, stand for it. Given their number S, those of pool i
are binomial, with the probability q_i, its part of the sum of s (1 - 2 s + H) over all pools. The p-value is twice the
smaller tail, corrected for the number of pools that are tested (Holm): those that expect a stale block at least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.distributions import Floats, beta_below
from monitor.analysis.signals.races import races
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.uncertainty.holm import holm
from monitor.analysis.uncertainty.intervals import share_intervals
from monitor.model import PoolSlug, StaleRate, StaleRow

_DEEPEST: Final = 6
"""Blocks of a branch: a longer one is a split of rules or of the network, not a race."""
_LEAST: Final = 1.0
"""Expected stale blocks of a pool that is tested. Its size decides, not the outcome."""


def stale_rates(past: SignalInput, stale: Iterable[StaleRow]) -> tuple[StaleRate, ...]:
    """The stale rate of every pool over every window that has known stale blocks."""
    lost = tuple(_of_races(stale))
    found: list[StaleRate] = []
    for window, where in past.where.items():
        first = int(past.height[where][0])
        gone = Counter(pool for height, pool in lost if height >= first)
        if gone.total():
            found += rates(past.pools, past.count(where).tolist(), [gone[pool] for pool in past.pools], window=window)
    return tuple(found)


def rates(
    pools: Sequence[PoolSlug | None], blocks: Sequence[int], stale: Sequence[int], *, window: str
) -> Iterator[StaleRate]:
    """The stale rates of pools with these counted and these stale blocks.

    Blocks of unknown pools, None, only count as found by a miner each, and their stale blocks for no pool: a counted
    block is unknown if its coinbase says nothing, a stale one already if nothing has kept its coinbase.
    """
    kept, gone = np.array(blocks, dtype=np.float64), np.array(stale, dtype=np.float64)
    found = kept + gone
    shares = found / max(found.sum(), 1)
    named = np.array([pool is not None for pool in pools])
    chance = stale_chances(shares, named)
    total = gone[named].sum()
    expected = total * chance
    tested = expected >= _LEAST
    p_values, adjusted = np.full(len(pools), np.nan), np.full(len(pools), np.nan)
    p_values[tested] = _two_sided(gone[tested], total, chance[tested])
    adjusted[tested] = holm(p_values[tested])
    ends = share_intervals(gone.tolist(), found.tolist())
    for number, (pool, interval) in enumerate(zip(pools, ends, strict=True)):
        if pool is not None and found[number]:
            yield StaleRate(
                pool,
                window,
                int(kept[number]),
                stale=int(gone[number]),
                share=float(shares[number]),
                rate=float(gone[number] / found[number]),
                lower=interval[0],
                upper=interval[1],
                expected=float(expected[number] / found[number]),
                p_value=float(p_values[number]) if tested[number] else None,
                adjusted=float(adjusted[number]) if tested[number] else None,
            )


def stale_chances(shares: Floats, named: NDArray[np.bool_]) -> Floats:
    """The chance that a stale block of a known pool is one of each: by s (1 - 2 s + H), 0 for unknown miners.

    Args:
        shares: of the pools.
        named: which of them are one miner. The others are many, each without a share to speak of.
    """
    concentration = float((shares[named] ** 2).sum())
    weights = np.where(named, shares * (1 - 2 * shares + concentration), 0.0)
    total = float(weights.sum())
    return np.asarray(weights / total if total else weights)


def _two_sided(found: Floats, total: float, chance: Floats) -> Floats:
    """Twice the smaller tail of a binomial, at most 1: by its identity with the beta distribution."""

    def at_least(many: Floats) -> Floats:
        inside = (many > 0) & (many <= total)
        a, b = np.where(inside, many, 1), np.where(inside, total - many + 1, 1)
        tail: Floats = np.where(many <= 0, 1.0, np.where(many > total, 0.0, beta_below(chance, a, b)))
        return tail

    return np.asarray(np.minimum(1.0, 2 * np.minimum(at_least(found), 1 - at_least(found + 1))))


def _of_races(stale: Iterable[StaleRow]) -> Iterator[tuple[int, PoolSlug | None]]:
    """Height and pool of each stale block of a short branch."""
    seen = set()
    for race in races(stale):
        for above, (block, pool) in enumerate(zip(race.stale, race.losers, strict=True)):
            if race.depth <= _DEEPEST and block not in seen:
                seen.add(block)
                yield race.height + above, pool
