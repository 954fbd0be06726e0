"""The questions, in SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from heapq import merge
from typing import Any

from sqlalchemy import Connection, Dialect, Select, delete, func, insert, not_, or_, select, union_all, update

from monitor.errors import StoreRefused
from monitor.model import BlockHash, BlockRecord, BlockRef, BlockRow, Coinbase, Method, PoolSlug, StaleRow, StoredBlock
from monitor.store.rows import block_hash, record
from monitor.store.schema import attributions, blocks, facts
from monitor.wire import decode_outputs

_PARAMETERS = 500
"""In one statement; databases have limits."""
_PAGE = 5_000
"""Rows asked of the database at a time, where nobody may hold them all."""
_COUNTED = (
    "height", "time", "bits", "attribution", "miner", "version", "tx_count", "coinbase_value", "coinbase_sequence",
    "coinbase_locktime",
)  # fmt: skip
"""The columns that counting needs, in the order of `BlockRow`."""
ON_BEST_CHAIN = not_(blocks.c.stale)
_JOINED = select(blocks, *(column for column in attributions.c if column.name != "id")).join_from(blocks, attributions)

_ANY = select(blocks.c.height, blocks.c.hash).where(ON_BEST_CHAIN).limit(1)
HIGHEST, LOWEST = _ANY.order_by(blocks.c.height.desc()), _ANY.order_by(blocks.c.height)
"""The ends of the best chain. Made once: to make a statement takes longer than to ask it."""


def end(connection: Connection, which: Select[int, bytes]) -> BlockRef | None:
    """The block at one end of the best chain."""
    row = connection.execute(which).first()
    return BlockRef(row.height, block_hash(row.hash)) if row else None


def tip(connection: Connection) -> BlockRef | None:
    """The highest block, within a transaction that has begun.

    Asked of the driver itself, with each new block: SQLAlchemy would take five times as long as SQLite.
    """
    assert connection.in_transaction()
    cursor = connection.connection.cursor()
    cursor.execute(_highest(connection.dialect))
    row = cursor.fetchone()
    return BlockRef(row[0], block_hash(row[1])) if row else None


@cache
def _highest(dialect: Dialect) -> str:
    return str(HIGHEST.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def below(connection: Connection, block: BlockRef) -> BlockRef | None:
    """The block on the best chain that this one stands on."""
    above = blocks.alias()
    query = select(blocks.c.height, blocks.c.hash).join(above, above.c.parent == blocks.c.hash)
    row = connection.execute(query.where(ON_BEST_CHAIN, above.c.hash == bytes.fromhex(block.hash))).first()
    return BlockRef(row.height, block_hash(row.hash)) if row else None


def recent(connection: Connection, seconds: int, count: int) -> list[BlockRow]:
    """The best chain's newest blocks, lowest first; the lowest shows that the history goes on below the others."""
    tip = connection.execute(
        select(blocks.c.height, blocks.c.time).where(ON_BEST_CHAIN).order_by(blocks.c.height.desc()).limit(1)
    ).first()
    if tip is None:
        return []
    lowest = reach(connection, tip.height, tip.time, seconds=seconds, count=count)
    pools = {row.id: row.pool for row in connection.execute(select(attributions.c.id, attributions.c.pool))}
    rows = connection.execute(
        select(*(blocks.c[name] for name in _COUNTED))
        .where(ON_BEST_CHAIN, blocks.c.height >= lowest)
        .order_by(blocks.c.height)
    )
    return [
        BlockRow(height, time, bits, pools[verdict], miner, None, version, tx_count, value, sequence, locktime)
        for height, time, bits, verdict, miner, version, tx_count, value, sequence, locktime in rows
    ]


def reach(connection: Connection, height: int, time: int, *, seconds: int, count: int) -> int:
    """One height below the lowest that is needed to look back from a block: so much header time, or so many blocks."""
    # Header times are out of order by up to two hours, so the lowest block inside the span need not be its earliest.
    # For a plain `min(height)` SQLite looks at one block after the other from below, until one is inside.
    inside = select(func.min(blocks.c.height + 0)).where(ON_BEST_CHAIN, blocks.c.time > time - seconds)
    by_time = connection.execute(inside).scalar()
    by_count = height + 1 - count
    return (by_count if by_time is None else min(by_time, by_count)) - 1


def through(connection: Connection, lowest: int, highest: int, *, stale: bool) -> Iterator[StoredBlock]:
    """The blocks between two heights, both included, lowest first, in constant memory.

    Stale ones, if they are wanted, follow the one in their place. They are few, and have no index by height.
    """
    verdicts = {
        row.id: (row.pool, Method(row.method) if row.method else None, row.evidence, row.conflict)
        for row in connection.execute(select(attributions))
    }
    columns = (*(blocks.c[name] for name in _COUNTED), blocks.c.hash)
    within = select(*columns).where(blocks.c.height.between(lowest, highest))
    in_pages = connection.execution_options(yield_per=_PAGE)

    def found(of_them: Select[Any], *, gone: bool) -> Iterator[StoredBlock]:
        for (
            height, time, bits, verdict, miner, version, tx_count, value, sequence, locktime, own,
        ) in in_pages.execute(of_them):  # fmt: skip
            pool, *how = verdicts[verdict]
            row = BlockRow(height, time, bits, pool, miner, None, version, tx_count, value, sequence, locktime)
            yield StoredBlock(row, block_hash(own), gone, *how)

    chain = found(within.where(ON_BEST_CHAIN).order_by(blocks.c.height), gone=False)
    if not stale:
        return chain
    left = found(within.where(blocks.c.stale).order_by(blocks.c.height, blocks.c.id), gone=True)
    return merge(chain, left, key=lambda block: block.row.height)


def unattributed(connection: Connection, most: int) -> list[tuple[int, Coinbase]]:
    """The best chain's newest blocks that nobody could attribute, by height."""
    unknown = select(attributions.c.id).where(attributions.c.pool.is_(None))
    rows = connection.execute(
        select(blocks.c.height, blocks.c.coinbase_script, blocks.c.coinbase_outputs)
        .where(ON_BEST_CHAIN, blocks.c.attribution.in_(unknown))
        .order_by(blocks.c.height.desc())
        .limit(most)
    ).all()
    return [(height, Coinbase(script, decode_outputs(outputs)[0])) for height, script, outputs in reversed(rows)]


def stale(connection: Connection, seconds: int) -> list[StaleRow]:
    """Blocks that left the best chain in so much header time before its tip, each beside the one in its place."""
    lost, won = blocks.alias(), blocks.alias()
    lost_by, won_by = attributions.alias(), attributions.alias()
    newest_time = select(blocks.c.time).where(ON_BEST_CHAIN).order_by(blocks.c.height.desc()).limit(1)
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
    """Blocks of every kind, highest first; of the lowest height all there are, so that a next page misses none."""
    height = blocks.c.height
    below = height < (2**31 if under is None else under)
    # Either kind has an index of its own by height, which is asked only where the question says which kind.
    highest = [
        select(select(height).where(kind, below).order_by(height.desc()).limit(limit).subquery())
        for kind in (ON_BEST_CHAIN, blocks.c.stale)
    ]
    both = union_all(*highest).subquery().c.height
    lowest = connection.execute(select(both).order_by(both.desc()).offset(limit - 1).limit(1)).scalar() or 0
    of_either = or_(ON_BEST_CHAIN & (height >= lowest), blocks.c.stale & (height >= lowest))
    query = _JOINED.where(below, of_either).order_by(height.desc(), blocks.c.stale, blocks.c.id.desc())
    return [record(dict(row)) for row in connection.execute(query).mappings()]


def of_pool(connection: Connection, pool: PoolSlug, limit: int) -> list[BlockRecord]:
    """A pool's blocks of every kind, highest first."""
    # By the index on `attribution`: along that on the height, a pool without blocks would be looked for in all of them.
    theirs = [row.id for row in connection.execute(select(attributions.c.id).where(attributions.c.pool == pool))]
    newest_ids: list[tuple[int, int]] = []
    for at in range(0, len(theirs), _PARAMETERS):
        chosen = select(blocks.c.height, blocks.c.id).where(blocks.c.attribution.in_(theirs[at : at + _PARAMETERS]))
        rows = connection.execute(chosen.order_by(blocks.c.height.desc(), blocks.c.id.desc()).limit(limit))
        newest_ids += [(row.height, row.id) for row in rows]
    ids = [number for _, number in sorted(newest_ids, reverse=True)[:limit]]
    query = _JOINED.where(blocks.c.id.in_(ids)).order_by(blocks.c.height.desc(), blocks.c.stale, blocks.c.id.desc())
    return [record(dict(row)) for row in connection.execute(query).mappings()]


def one(connection: Connection, wanted: BlockHash) -> BlockRecord | None:
    """The block with this hash."""
    row = connection.execute(_JOINED.where(blocks.c.hash == bytes.fromhex(wanted))).mappings().first()
    return record(dict(row)) if row else None


def claim(connection: Connection, genesis: BlockHash) -> None:
    """Remember which chain this is the history of."""
    found = fact(connection, "genesis")
    if found is None:
        note(connection, "genesis", genesis)
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
        chosen = ON_BEST_CHAIN & blocks.c.hash.in_(hashes)
        losers += connection.execute(
            select(attributions.c.pool).join_from(blocks, attributions).where(chosen)
        ).scalars()
        connection.execute(update(blocks).where(chosen).values(stale=True))
    return losers


def fact(connection: Connection, name: str) -> str | None:
    """Something that is remembered of the database as a whole."""
    found: str | None = connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar()
    return found


def note(connection: Connection, name: str, value: str) -> None:
    """Remember it."""
    connection.execute(delete(facts).where(facts.c.name == name))
    connection.execute(insert(facts), {"name": name, "value": value})
