"""What the stored blocks of unknown miners share."""

from __future__ import annotations

from monitor.attribution.frequent import Frequent, most_frequent
from monitor.attribution.unknown_miners import MEMORY
from monitor.config import Config
from monitor.registry.loading import network_of
from monitor.store.store import Store


async def frequent(config: Config) -> Frequent:
    """The texts and payouts that several unattributed blocks of the store share.

    Raises:
        StoreRefused: there is no database, or it is from another version.
    """
    async with await Store.open(config.store.url, beside=True) as store:
        found = await store.unattributed(MEMORY)
        network = await store.network() or network_of(config)
    return most_frequent(((str(height), coinbase) for height, coinbase in found), network=network)
