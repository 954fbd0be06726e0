"""Blocks found at the same time: who won, who lost, and whether chance does that.

A race is known where a node saw its stale branch: the counted node, which had it on its best chain first, an observer,
or a node or chain behind an imported list. The first of these favours no pool as long as all blocks travel equally
fast, and with the others both orders of arrival are seen. Merge-mined chains are a source of lists that favours: there,
only blocks of pools that merge-mine are seen, and each of them as a loser.

The null model of a race between a block of A's and one of B's, of shares a and b: both mine on their own block, all
others on the one that they heard of first, half of them on either, and whoever finds the next block decides. A wins
with the probability a + (1 - a - b) / 2 = (1 + a - b) / 2: gamma = 1/2 in the words of I. Eyal, E. G. Sirer, Majority
Is Not Enough: Bitcoin Mining Is Vulnerable, Financial Cryptography 2014. A pool that wins too often keeps blocks back,
or is heard first because it is connected better. Of unequal races the wins are a sum of yes-or-no's, whose distribution
is exact here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce

import numpy as np

from monitor.analysis.uncertainty.holm import holm
from monitor.model import BlockHash, PoolSlug, Race, RaceRecord, StaleRow


def races(stale: Iterable[StaleRow]) -> tuple[Race, ...]:
    """Put stale blocks that stand on each other together: one race each, newest first.

    A branch with several ends is reported as one branch per end.
    """
    rows = {row.hash: row for row in stale}
    below = {under.hash for row in rows.values() if (under := _under(row, rows))}
    branches = [_branch(row, rows) for row in rows.values() if row.hash not in below]
    found = [
        Race(
            height=branch[0].height,
            time=branch[0].time,
            stale=tuple(row.hash for row in branch),
            losers=tuple(row.pool for row in branch),
            winners=tuple(row.winner_pool for row in branch),
            builder=branch[-1].builder,
            stored=branch[0].stored,
        )
        for branch in branches
    ]
    return tuple(sorted(found, key=lambda race: (race.height, race.stale), reverse=True))


def records(run: Iterable[Race], shares: Mapping[PoolSlug, float]) -> tuple[RaceRecord, ...]:
    """How each pool did in its races against others, most races first.

    What counts are the lowest blocks of both branches. Pools without one of the `shares` have 0.
    """
    odds: dict[PoolSlug, list[float]] = {}
    won: dict[PoolSlug, int] = {}
    for race in run:
        winner, loser = race.winners[0], race.losers[0]
        if winner == loser:  # against itself, or unknown against unknown
            continue
        for pool, other in ((winner, loser), (loser, winner)):
            if pool is not None:
                rival = 0.0 if other is None else shares.get(other, 0.0)
                odds.setdefault(pool, []).append((1 + shares.get(pool, 0.0) - rival) / 2)
                won[pool] = won.get(pool, 0) + (pool == winner)
    p_values = np.array([at_least(won[pool], chances) for pool, chances in odds.items()])
    adjusted = holm(p_values)
    table = [
        RaceRecord(pool, won[pool], len(chances) - won[pool], expected=sum(chances), p_value=p_value, adjusted=raised)
        for (pool, chances), p_value, raised in zip(odds.items(), p_values.tolist(), adjusted.tolist(), strict=True)
    ]
    return tuple(sorted(table, key=lambda one: (-one.won - one.lost, one.pool)))


def at_least(wins: int, chances: Sequence[float]) -> float:
    """Probability of at least this many wins, in races with these chances."""
    exact = reduce(lambda so_far, chance: np.convolve(so_far, (1 - chance, chance)), chances, np.ones(1))
    return min(1.0, float(exact[wins:].sum()))


def _branch(top: StaleRow, rows: Mapping[BlockHash, StaleRow]) -> list[StaleRow]:
    """The stale blocks under one, and itself, lowest first."""
    branch = [top]
    while (under := _under(branch[-1], rows)) is not None:
        branch.append(under)
    return branch[::-1]


def _under(row: StaleRow, rows: Mapping[BlockHash, StaleRow]) -> StaleRow | None:
    """The stale block that another stands on. A list may claim any height for a block of which it has no header."""
    found = rows.get(row.parent)
    return found if found and found.height == row.height - 1 else None
