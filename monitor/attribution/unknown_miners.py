"""Unattributed blocks as they are connected, and the pseudonyms of recurring unidentified miners."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

from monitor.attribution.clusters import clusters
from monitor.attribution.fingerprint import Fingerprint, fingerprint
from monitor.model import Cluster, Coinbase
from monitor.registry.address import script_of
from monitor.registry.registry import PoolRegistry

MEMORY = 10_000
"""So many unattributed blocks are known, the newest: those of a decade, since the first miners who used no pool. It
bounds what a start and an unattributed block wait for; a name may change when its first block is forgotten."""


class UnknownMiners:
    """Knows the unattributed blocks of the best chain, and which of them are one miner's."""

    def __init__(self, registry: PoolRegistry, memory: int = MEMORY) -> None:
        self._memory = memory
        self._network = registry.network
        self._custodians = {
            script_of(address, registry.network) for each in registry.custodians for address in each.addresses
        }
        self._seen: dict[int, Fingerprint] = {}
        self._clusters: Mapping[int, Cluster] = {}
        self.known: tuple[Cluster, ...] = ()
        """Every miner with a pseudonym, most blocks first."""

    def learn(self, blocks: Iterable[tuple[int, Coinbase]]) -> bool:
        """Take in more unattributed blocks, by height; whether that changed the pseudonym of one that came before."""
        coming = {height: _shared(fingerprint(coinbase)) for height, coinbase in blocks}
        if not coming:
            return False
        before = self._clusters
        self._seen.update(coming)
        for height in sorted(self._seen)[: -self._memory]:
            del self._seen[height]
        self._clusters = clusters(self._seen, network=self._network, custodians=self._custodians)
        heights: defaultdict[Cluster, list[int]] = defaultdict(list)
        for height, cluster in self._clusters.items():
            heights[cluster].append(height)
        found = [replace(cluster, heights=tuple(sorted(own, reverse=True))) for cluster, own in heights.items()]
        self.known = tuple(sorted(found, key=lambda cluster: (-cluster.blocks, cluster.name)))
        old = self._seen.keys() - coming.keys()
        return _names(before, old) != _names(self._clusters, old)

    def name(self, height: int) -> str | None:
        """The pseudonym of the miner of a block; None where nothing ties it to another."""
        return self.names()(height)

    def names(self) -> Callable[[int], str | None]:
        """The same as it is now, whatever is learned later."""
        clusters = self._clusters

        def name(height: int) -> str | None:
            cluster = clusters.get(height)
            return cluster.name if cluster else None

        return name


@lru_cache(maxsize=MEMORY)
def _shared(found: Fingerprint) -> Fingerprint:
    """The first one that is equal, which all blocks of a miner share."""
    return found


def _names(found: Mapping[int, Cluster], heights: Collection[int]) -> dict[int, str]:
    return {height: cluster.name for height, cluster in found.items() if height in heights}
