"""The blocks that nobody could attribute, as they come, and the pseudonyms of the miners behind them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from monitor.attribution.address import script_of
from monitor.attribution.fingerprint import Fingerprint, fingerprint
from monitor.attribution.registry import Registry
from monitor.attribution.unknown import clusters
from monitor.model import Cluster, Coinbase


class Strangers:
    """Knows every unattributed block of the best chain, and which of them are one miner's."""

    def __init__(self, registry: Registry) -> None:
        self._network = registry.network
        self._custodians = {
            script_of(address, registry.network) for each in registry.custodians for address in each.addresses
        }
        self._seen: dict[int, Fingerprint] = {}
        self._clusters: Mapping[int, Cluster] = {}

    def learn(self, blocks: Iterable[tuple[int, Coinbase]]) -> bool:
        """Take in more unattributed blocks, by height; whether that changed the pseudonym of one that came before."""
        coming = {height: fingerprint(coinbase) for height, coinbase in blocks}
        if not coming:
            return False
        before = self._clusters
        self._seen.update(coming)
        self._clusters = clusters(self._seen, network=self._network, custodians=self._custodians)
        return _names(before) != _names(self._clusters, without=coming)

    def name(self, height: int) -> str | None:
        """The pseudonym of the miner of a block; None where nothing ties it to another."""
        cluster = self._clusters.get(height)
        return cluster.name if cluster else None

    @property
    def known(self) -> list[Cluster]:
        """Every miner with a pseudonym, most blocks first."""
        return sorted(set(self._clusters.values()), key=lambda cluster: (-cluster.blocks, cluster.name))


def _names(found: Mapping[int, Cluster], *, without: Collection[int] = ()) -> dict[int, str]:
    return {height: cluster.name for height, cluster in found.items() if height not in without}
