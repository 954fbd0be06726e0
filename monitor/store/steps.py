"""Steps along the chain as another process has stored them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from monitor.model import BlockRef, Judged, Plan, PoolSlug
from monitor.store import queries
from monitor.store.queries import JOINED, ON_BEST_CHAIN
from monitor.store.rows import block_hash, record
from monitor.store.schema import attributions, blocks

_MOST = 1_000
"""Blocks in a step; a reader that has missed more counts anew."""


class StoredStep(NamedTuple):
    """How the best chain has changed."""

    plan: Plan
    judged: tuple[Judged, ...]
    """Its new blocks, with their attributions."""
    losers: Sequence[PoolSlug | None]
    """Pools of the blocks that went stale."""


def step_from(connection: Connection, tip: BlockRef) -> StoredStep | None:
    """The step from a block that was the tip to the present one; None if it is too long, or the block is not stored."""
    end = queries.tip(connection)
    if end is None:
        return None
    of_block = select(blocks.c.stale, blocks.c.parent, attributions.c.pool).join_from(blocks, attributions)
    common, disconnects, losers = tip, list[BlockRef](), list[PoolSlug | None]()
    while True:
        row = connection.execute(of_block.where(blocks.c.hash == bytes.fromhex(common.hash))).first()
        if row is None or len(disconnects) > _MOST:
            return None
        if not row.stale:
            break
        disconnects.append(common)
        losers.append(row.pool)
        common = BlockRef(common.height - 1, block_hash(row.parent))
    if end.height - common.height > _MOST:
        return None
    above = JOINED.where(ON_BEST_CHAIN, blocks.c.height > common.height).order_by(blocks.c.height)
    judged = tuple([record(dict(row)).judged for row in connection.execute(above).mappings()])
    plan = Plan(common, end.hash, tuple(disconnects), connects=tuple(each.block for each in judged))
    return StoredStep(plan, judged, losers)
