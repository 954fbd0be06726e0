"""Deletes details of blocks that are older than they are kept, once a day."""

from __future__ import annotations

import asyncio
from typing import Final, NoReturn

import structlog

from monitor.config import Config
from monitor.store.pruning import Retention
from monitor.store.store import Store

_DAY_SECONDS: Final = 86_400

log = structlog.get_logger()


def retention(config: Config) -> Retention:
    """How long details are kept."""
    return Retention(
        audit_transactions=config.audit.keep_days,
        stratum_rounds=config.stratum.keep_days,
        blocks=config.store.keep_days,
    )


async def prune_daily(config: Config, store: Store) -> NoReturn:
    """Delete what is too old now, and once a day, for ever."""
    while True:
        rows = await store.prune(retention(config))
        if deleted := {table: many for table, many in rows.items() if many}:
            log.info("old details deleted", **deleted)
        await asyncio.sleep(_DAY_SECONDS)
