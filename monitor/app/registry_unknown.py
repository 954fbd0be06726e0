"""What the stored blocks of unknown miners have in common."""

from __future__ import annotations

from monitor.app.registry import network_of
from monitor.attribution.frequent import Frequent, most_frequent
from monitor.attribution.strangers import MEMORY
from monitor.config import Config
from monitor.store.store import Store


async def frequent(config: Config) -> Frequent:
    """The texts and payouts that several unattributed blocks of the store share.

    Raises:
        StoreRefused: there is no database, or it is not of this version.
    """
    async with await Store.open(config.store.url, beside=True) as store:
        found = await store.unattributed(MEMORY)
        network = await store.network() or network_of(config)
    return most_frequent(((str(height), coinbase) for height, coinbase in found), network=network)
