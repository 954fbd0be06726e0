"""What `pool-monitor db prune` does."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from monitor.config import Config
from monitor.errors import StoreInUse
from monitor.processing.pruning import retention
from monitor.store.store import Store


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted, or would be."""

    rows: dict[str, int]
    """By table."""
    before: int = 0
    """Bytes of the database."""
    after: int = 0
    free: int = 0
    """Of those, how many are for new rows; 0 if that is not known."""


async def pruned(config: Config, *, delete: bool) -> Pruned:
    """Delete what is older than it is kept, or only count it.

    Raises:
        StoreRefused: there is no database, or it is from another version.
    """
    async with await Store.open(config.store.url, beside=True) as store:
        if not delete:
            return Pruned(await store.expired(retention(config)))
        before, _ = await store.space()
        rows = await store.prune(retention(config))
    with suppress(StoreInUse):
        async with await Store.open(config.store.url) as store:  # the only one to use it
            await store.compact()
    async with await Store.open(config.store.url, beside=True) as store:
        after, free = await store.space()
    return Pruned(rows, before, after, free=free)
