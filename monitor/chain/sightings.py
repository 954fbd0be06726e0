"""Which node had a block first, and how much later the others. Pure: the clocks are arguments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from monitor.model import BlockHash, BlockRef, Sighting

SETTLED_SECONDS = 60.0
"""After this time the sightings of a block are told; a node that has it later is told at once."""
_MOST = 144
"""Number of blocks for which the time of the first sighting is kept in memory: a day of them."""


@dataclass(slots=True)
class _Arrival:
    first: float
    """Monotonic clock, seconds."""
    waiting: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Monotonic and Unix time, by node; not told yet."""
    told: set[str] = field(default_factory=set)


class Arrivals:
    """Blocks that nodes have announced."""

    def __init__(self) -> None:
        self._known: dict[BlockHash, _Arrival] = {}

    def note(self, block: BlockHash, node: str, *, at: float, unix: float) -> None:
        """Record that a node has a block.

        Args:
            block: the block.
            node: name of the node.
            at: when it was noticed: monotonic clock, seconds.
            unix: the same as Unix time.
        """
        arrival = self._known.setdefault(block, _Arrival(at))
        if node in arrival.told:
            return
        arrival.first = min(arrival.first, at)
        earlier = arrival.waiting.get(node)
        if earlier is None or at < earlier[0]:
            arrival.waiting[node] = (at, unix)
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]

    def first_seen(self, block: BlockHash) -> float | None:
        """When the first node had a block, by the monotonic clock; None if that is not known."""
        arrival = self._known.get(block)
        return arrival.first if arrival else None

    def settled(self, nodes: Collection[str], now: float, heights: dict[BlockHash, int]) -> list[Sighting]:
        """The sightings that are complete: of all nodes, or old enough.

        Args:
            nodes: the nodes that are up.
            now: monotonic clock, seconds.
            heights: of the blocks, as far as they are known; others wait.
        """
        found = []
        for block, arrival in self._known.items():
            complete = now - arrival.first >= SETTLED_SECONDS or {*nodes} <= arrival.told | arrival.waiting.keys()
            if not arrival.waiting or block not in heights or not complete:
                continue
            ref = BlockRef(heights[block], block)
            found += [
                Sighting(ref, node, unix, lag_seconds=at - arrival.first)
                for node, (at, unix) in arrival.waiting.items()
            ]
            arrival.told |= arrival.waiting.keys()
            arrival.waiting.clear()
        return found
