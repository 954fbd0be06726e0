"""Pools with nodes of their own, as simulated: what templates they have, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

from monitor.model import BlockHash, BlockRef, PoolTurn, StratumRound

BLOCK = 600.0


def rounds_of(
    groups: Callable[[int], Mapping[str, str]],
    blocks: int,
    *,
    seed: int = 1,
    arrivals: float = 5.0,
    refresh: float = 30.0,
    lag: float | Mapping[str, float] = 1.0,
) -> list[StratumRound]:
    """Blocks at random times, and templates between them.

    A transaction reaches each node after a random delay, and each node makes templates at times of its own: two
    templates are equal where both nodes have received the same transactions. Pools of one group have one node.

    Args:
        groups: by number of the block, the node of each pool.
        blocks: how many.
        seed: of the generator.
        arrivals: transactions per second.
        refresh: seconds between the templates of a node.
        lag: mean seconds until a transaction has reached a node; or by node, 1 for those that are not named.
    """
    chance = np.random.default_rng(seed)
    found, at = list[StratumRound](), 1_700_000_000.0
    for number in range(blocks):
        lasts = float(chance.exponential(BLOCK))
        pools = groups(number)
        sent = chance.uniform(0, lasts, int(arrivals * lasts))
        names = chance.integers(1, 2**62, len(sent))
        templates: dict[str, set[int]] = {}
        for node in sorted({*pools.values()}):
            mean = lag.get(node, 1.0) if isinstance(lag, Mapping) else lag
            arrived = sent + chance.exponential(mean, len(sent))
            order = np.argsort(arrived)
            known = np.concatenate(([0], np.bitwise_xor.accumulate(names[order])))
            times = np.arange(chance.uniform(0, refresh), lasts, refresh)
            templates[node] = {*known[np.searchsorted(arrived[order], times)].tolist()}
        turns = {
            pool: PoolTurn(len(templates[node]), len(templates[node]), float(chance.uniform(0, 2)), empty_first=False)
            for pool, node in sorted(pools.items())
        }
        shared = {
            (one, other): len(both)
            for one, other in combinations(turns, 2)
            if (both := templates[pools[one]] & templates[pools[other]])
        }
        found.append(StratumRound(BlockRef(number, BlockHash(f"{number:064x}")), at, turns, shared, len(sent)))
        at += lasts
    return found
