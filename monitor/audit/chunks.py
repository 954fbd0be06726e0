"""Chunk fee rates: what a transaction is worth to a miner, together with what has to be mined with it.

Transactions that spend each other form a cluster. A list in which parents come before children, such as a template or a
block, orders each cluster; consecutive transactions join into chunks until no chunk pays a higher fee rate than the one
before it. These are the groups in which a miner who maximises fees takes them. (P. Wuille, S. Daftuar: Bitcoin Core's
cluster mempool; the chunks of a given linearisation.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class _Chunk:
    fee: int
    weight: int
    members: list[int]


def chunk_rates(fees: Sequence[int], weights: Sequence[int], parents: Sequence[Iterable[int]]) -> list[float]:
    """The chunk fee rate of each transaction in satoshi per virtual byte.

    Args:
        fees: satoshi.
        weights: weight units, not 0.
        parents: positions of the transactions that each one spends; all are lower than its own.
    """
    root = list(range(len(fees)))

    def find(one: int) -> int:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for child, its_parents in enumerate(parents):
        for parent in its_parents:
            root[find(parent)] = find(child)
    clusters: dict[int, list[_Chunk]] = {}
    for at, (fee, weight) in enumerate(zip(fees, weights, strict=True)):
        chunks = clusters.setdefault(find(at), [])
        chunk = _Chunk(fee, weight, [at])
        while chunks and chunk.fee * chunks[-1].weight > chunks[-1].fee * chunk.weight:
            before = chunks.pop()
            chunk = _Chunk(before.fee + chunk.fee, before.weight + chunk.weight, before.members + chunk.members)
        chunks.append(chunk)
    rates = [0.0] * len(fees)
    for chunks in clusters.values():
        for chunk in chunks:
            for at in chunk.members:
                rates[at] = 4 * chunk.fee / chunk.weight
    return rates


def rate_below(rates: Sequence[float], weights: Sequence[int], share: float) -> float:
    """The highest rate such that at most `share` of the weight pays less; 0 of nothing."""
    left = share * sum(weights)
    for rate, weight in sorted(zip(rates, weights, strict=True)):
        left -= weight
        if left < 0:
            return rate
    return 0.0
