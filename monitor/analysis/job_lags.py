"""How quick each pool is with jobs on a new block.

The lag is the time from the first pool's job to its own, by one clock, and so the delay between pools and this machine
as well: a server on another continent is a tenth of a second later. Of a block that only one pool announced, or was
connected for, there is no lag.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from monitor.analysis.audit.rates import ratios
from monitor.model import PoolPace, PoolTurn, Ratio, StratumRound


def paces(rounds: Sequence[StratumRound]) -> dict[str, PoolPace]:
    """By pool, lag, first jobs, empty first jobs and faults."""
    turns: dict[str, list[tuple[float, PoolTurn]]] = {}
    for each in rounds:
        timed = [(turn.lag_seconds, pool) for pool, turn in each.pools.items() if turn.lag_seconds is not None]
        for lag, pool in timed if len(timed) > 1 else ():
            turns.setdefault(pool, []).append((lag, each.pools[pool]))
    empty = ratios([
        ([float(turn.empty_first) for _, turn in found], [1.0] * len(found)) for found in turns.values()
    ])  # fmt: skip
    return {
        pool: PoolPace(
            len(found),
            median([lag for lag, _ in found]),
            first=sum(lag == 0 for lag, _ in found),
            empty_first=share,
            faults=sum(turn.faults for _, turn in found),
        )
        for (pool, found), share in zip(turns.items(), empty, strict=True)
    }


def median(values: Sequence[float]) -> Ratio:
    """The median with its 95 % interval.

    The number of values below the true median is binomial, whatever the distribution; its quantiles, by the normal
    approximation with a continuity correction, are the places of the ends: W. J. Conover, Practical Nonparametric
    Statistics (1999), section 3.2.
    """
    ordered, n = sorted(values), len(values)
    reach = 1.96 * sqrt(n) / 2
    lower = max(0, int(n / 2 - reach - 0.5))
    upper = min(n - 1, int(n / 2 + reach + 0.5))
    return Ratio((ordered[(n - 1) // 2] + ordered[n // 2]) / 2, ordered[lower], ordered[upper])
