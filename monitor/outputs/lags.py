"""How much later than the first of our nodes the others had a block, by node and by pool.

This is the latency between our own nodes: where they are, and how well they are connected. Of the network it says
little. A pool with blocks that reach the second node late may be connected badly, or near to the first node.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from monitor.model import BlockHash, PoolSlug, Sighting

SIGHTINGS = 1000
"""Newest sightings that lags are computed from."""


@dataclass(frozen=True, slots=True)
class Lag:
    """Seconds after the first node, over the blocks that several nodes announced."""

    blocks: int
    median: float
    p90: float
    """90 % of the lags are at most this."""
    first: int = 0
    """Blocks that the node had first; 0 for a pool."""

    @classmethod
    def of(cls, seconds: list[float], *, blocks: int, first: int = 0) -> Lag:
        """Summarise lags, of which there is at least one."""
        median, p90 = np.quantile(seconds, (0.5, 0.9)).tolist()
        return cls(blocks, median, p90, first=first)


def lags_by_node(sightings: Iterable[Sighting]) -> dict[str, Lag]:
    """Of each node, by name. The lag of the first node is 0."""
    found: dict[str, list[float]] = {}
    for several in _compared(sightings):
        for each, lag in several:
            found.setdefault(each.node, []).append(lag)
    return {
        name: Lag.of(lags, blocks=len(lags), first=sum(lag == 0 for lag in lags))
        for name, lags in sorted(found.items())
    }


def lags_by_pool(sightings: Iterable[Sighting]) -> dict[PoolSlug | None, Lag]:
    """Of the blocks of each pool, most blocks first; None is unknown. The zero of the first node is left out."""
    found: dict[PoolSlug | None, list[float]] = {}
    blocks: dict[PoolSlug | None, int] = {}
    for several in _compared(sightings):
        pool = several[0][0].pool
        if later := [lag for _, lag in several if lag]:
            found.setdefault(pool, []).extend(later)
            blocks[pool] = blocks.get(pool, 0) + 1
    ranked = sorted(found, key=lambda pool: (-blocks[pool], pool or ""))
    return {pool: Lag.of(found[pool], blocks=blocks[pool]) for pool in ranked}


def _compared(sightings: Iterable[Sighting]) -> Iterator[list[tuple[Sighting, float]]]:
    """The sightings with a lag of each block that more than one node announced."""
    of_block: dict[BlockHash, list[tuple[Sighting, float]]] = {}
    for each in sightings:
        if each.lag_seconds is not None:
            of_block.setdefault(each.block.hash, []).append((each, each.lag_seconds))
    return (several for several in of_block.values() if len(several) > 1)
