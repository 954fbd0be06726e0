"""The audit of one block, read from the store beside a daemon."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from monitor.config import Config
from monitor.errors import InputError
from monitor.model import BlockHash, PoolSlug, StoredAudit
from monitor.registry.loading import load_registry, network_of
from monitor.store.store import Store


class AuditLookup(NamedTuple):
    """An audit, and the names of the pools."""

    stored: StoredAudit
    names: Mapping[PoolSlug, str]


async def stored_audit(config: Config, wanted: str) -> AuditLookup:
    """The audit of a block.

    Args:
        config: has the database.
        wanted: height of a block of the best chain, or hash of any block.

    Raises:
        InputError: it is neither, the block is not stored, or it was not audited.
        StoreRefused: there is no database, or it is from another version.
    """
    async with await Store.open(config.store.url, beside=True) as store:
        if re.fullmatch(r"[0-9a-fA-F]{64}", wanted):
            record = await store.block(BlockHash(wanted.lower()))
        elif re.fullmatch(r"\d{1,9}", wanted):
            near = await store.blocks(10, below=int(wanted) + 1)
            at_height = (each for each in near if each.judged.block.height == int(wanted) and not each.stale)
            record = next(at_height, None)
        else:
            raise InputError(f"{wanted[:80]!r} is neither a height nor a hash of 64 hexadecimal digits")
        if record is None:
            raise InputError(f"block {wanted} is not stored")
        audit = await store.audits.find(record.judged.block.hash)
        network = await store.network() or network_of(config)
    if audit is None:
        raise InputError(
            f"block {wanted} was not audited",
            remedy="the daemon audits blocks while it runs, if its node can do it; the page /audit has the reason",
        )
    names = load_registry(config.registry, network).pools.names
    return AuditLookup(StoredAudit(audit, record.judged.attribution.pool), names)
