"""The questions, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Select, func, insert, not_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from monitor.errors import StoreRefused
from monitor.model import BlockHash, BlockRecord, BlockRef, BlockRow, Coinbase, PoolSlug, StaleRow
from monitor.store.rows import block_hash, record
from monitor.store.schema import attributions, blocks, facts
from monitor.wire import decode_outputs

_PARAMETERS = 500
"""In one statement; databases have limits."""
_COUNTED = (
    "height", "time", "bits", "attribution", "miner", "version", "tx_count", "coinbase_value", "coinbase_sequence",
    "coinbase_locktime",
)  # fmt: skip
"""The columns that counting needs, in the order of `BlockRow`."""
_ON_BEST_CHAIN = not_(blocks.c.stale)
_JOINED = select(blocks, *(column for column in attributions.c if column.name != "id")).join_from(blocks, attributions)

_ANY = select(blocks.c.height, blocks.c.hash).where(_ON_BEST_CHAIN).limit(1)
HIGHEST, LOWEST = _ANY.order_by(blocks.c.height.desc()), _ANY.order_by(blocks.c.height)
"""The ends of the best chain. Made once: to make a statement takes longer than to ask it."""


def end(connection: Connection, which: Select[int, bytes]) -> BlockRef | None:
    """The block at one end of the best chain."""
    row = connection.execute(which).first()
    return BlockRef(row.height, block_hash(row.hash)) if row else None


def below(connection: Connection, block: BlockRef) -> BlockRef | None:
    """The block on the best chain that this one stands on."""
    above = blocks.alias()
    query = select(blocks.c.height, blocks.c.hash).join(above, above.c.parent == blocks.c.hash)
    row = connection.execute(query.where(_ON_BEST_CHAIN, above.c.hash == bytes.fromhex(block.hash))).first()
    return BlockRef(row.height, block_hash(row.hash)) if row else None


def recent(connection: Connection, seconds: int, count: int) -> list[BlockRow]:
    """The best chain's newest blocks, lowest first; the lowest shows that the history goes on below the others."""
    tip = connection.execute(
        select(blocks.c.height, blocks.c.time).where(_ON_BEST_CHAIN).order_by(blocks.c.height.desc()).limit(1)
    ).first()
    if tip is None:
        return []
    # Header times are out of order by up to two hours, so the lowest block inside the span need not be its earliest.
    inside = select(func.min(blocks.c.height)).where(_ON_BEST_CHAIN, blocks.c.time > tip.time - seconds)
    by_time = connection.execute(inside).scalar()
    by_count = tip.height + 1 - count
    lowest = by_count if by_time is None else min(by_time, by_count)
    pools = {row.id: row.pool for row in connection.execute(select(attributions.c.id, attributions.c.pool))}
    rows = connection.execute(
        select(*(blocks.c[name] for name in _COUNTED))
        .where(_ON_BEST_CHAIN, blocks.c.height >= lowest - 1)
        .order_by(blocks.c.height)
    )
    return [
        BlockRow(height, time, bits, pools[verdict], miner, None, version, tx_count, value, sequence, locktime)
        for height, time, bits, verdict, miner, version, tx_count, value, sequence, locktime in rows
    ]


def unattributed(connection: Connection) -> list[tuple[int, Coinbase]]:
    """The best chain's blocks that nobody could attribute, by height."""
    unknown = select(attributions.c.id).where(attributions.c.pool.is_(None))
    rows = connection.execute(
        select(blocks.c.height, blocks.c.coinbase_script, blocks.c.coinbase_outputs)
        .where(_ON_BEST_CHAIN, blocks.c.attribution.in_(unknown))
        .order_by(blocks.c.height)
    )
    return [(height, Coinbase(script, decode_outputs(outputs)[0])) for height, script, outputs in rows]


def stale(connection: Connection, seconds: int) -> list[StaleRow]:
    """Blocks that left the best chain in so much header time before its tip, each beside the one in its place."""
    lost, won = blocks.alias(), blocks.alias()
    lost_by, won_by = attributions.alias(), attributions.alias()
    newest_time = select(blocks.c.time).where(_ON_BEST_CHAIN).order_by(blocks.c.height.desc()).limit(1)
    rows = connection.execute(
        select(
            lost.c.height,
            lost.c.hash,
            lost.c.parent,
            lost.c.time,
            lost_by.c.pool,
            won.c.hash,
            won.c.time,
            won_by.c.pool,
        )
        .join(lost_by, lost.c.attribution == lost_by.c.id)
        .join(won, (won.c.height == lost.c.height) & not_(won.c.stale))
        .join(won_by, won.c.attribution == won_by.c.id)
        .where(lost.c.stale, lost.c.time > newest_time.scalar_subquery() - seconds)
        .order_by(lost.c.height, lost.c.id)
    )
    return [
        StaleRow(height, block_hash(own), block_hash(parent), time, pool, block_hash(winner), winner_time, winner_pool)
        for height, own, parent, time, pool, winner, winner_time, winner_pool in rows
    ]


def newest(connection: Connection, limit: int, under: int | None) -> list[BlockRecord]:
    """Blocks of every kind, highest first."""
    query = _JOINED.order_by(blocks.c.height.desc(), blocks.c.stale, blocks.c.id.desc()).limit(limit)
    if under is not None:
        query = query.where(blocks.c.height < under)
    return [record(dict(row)) for row in connection.execute(query).mappings()]


def one(connection: Connection, wanted: BlockHash) -> BlockRecord | None:
    """The block with this hash."""
    row = connection.execute(_JOINED.where(blocks.c.hash == bytes.fromhex(wanted))).mappings().first()
    return record(dict(row)) if row else None


def claim(connection: Connection, genesis: BlockHash) -> None:
    """Remember which chain this is the history of."""
    found = connection.execute(select(facts.c.value).where(facts.c.name == "genesis")).scalar()
    if found is None:
        connection.execute(insert(facts), {"name": "genesis", "value": genesis})
    elif found != genesis:
        raise StoreRefused(
            f"the database holds the history of the chain that begins with {found}, the node's begins with {genesis}; "
            "choose another store.url for this network"
        )


def leave(connection: Connection, leaving: Sequence[BlockRef]) -> list[PoolSlug | None]:
    """Take blocks off the best chain; tell who had mined them."""
    losers: list[PoolSlug | None] = []
    for at in range(0, len(leaving), _PARAMETERS):
        hashes = [bytes.fromhex(ref.hash) for ref in leaving[at : at + _PARAMETERS]]
        chosen = _ON_BEST_CHAIN & blocks.c.hash.in_(hashes)
        losers += connection.execute(
            select(attributions.c.pool).join_from(blocks, attributions).where(chosen)
        ).scalars()
        connection.execute(update(blocks).where(chosen).values(stale=True))
    return losers


@cache
def upsert(dialect_name: str) -> Insert:
    """Write a block, or put one that had gone stale back on the best chain, judged anew."""
    dialect = postgresql if dialect_name == "postgresql" else sqlite
    statement: Any = dialect.insert(blocks)
    renewed = {"stale": False, "attribution": statement.excluded.attribution, "miner": statement.excluded.miner}
    return statement.on_conflict_do_update(index_elements=["hash"], set_=renewed)  # type: ignore[no-any-return]
