"""Queries over blocks and attributions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, delete, func, insert, not_, or_, select, union_all, update

from monitor.errors import StoreRefused
from monitor.model import (
    BlockFilter,
    BlockHash,
    BlockRecord,
    BlockRef,
    BlockRow,
    Coinbase,
    Confidence,
    Method,
    Moment,
    PoolSlug,
    StoredCoinbase,
)
from monitor.store.dialects import in_parts
from monitor.store.rows import COUNTED, block_hash, confidence_of, counted_row, record
from monitor.store.schema import attributions, blocks, metadata
from monitor.wire import decode_outputs

PAGE = 1_000
"""Rows fetched at a time where not all may be held in memory."""
ON_BEST_CHAIN = not_(blocks.c.stale)
JOINED = select(blocks, *(column for column in attributions.c if column.name != "id")).join_from(blocks, attributions)

_ANY = select(blocks.c.height, blocks.c.hash).where(ON_BEST_CHAIN).limit(1)
HIGHEST, LOWEST = _ANY.order_by(blocks.c.height.desc()), _ANY.order_by(blocks.c.height)
"""The ends of the best chain. Built once: building a statement takes longer than executing it."""
_NEWEST_TIME = HIGHEST.with_only_columns(blocks.c.time)
_WANTED, _GAP, _GENESIS, _NETWORK, _REWRITTEN = "wanted_height", "gap", "genesis", "network", "rewritten"
_STALE_LIST = "stale_list_imported"
"""Names in `metadata`."""


class BlockAt(NamedTuple):
    """A block of the best chain, with its header time."""

    height: int
    hash: BlockHash
    time: int


def tip(connection: Connection) -> BlockRef | None:
    """The highest block of the best chain, where following continues; None if nothing is stored."""
    return _ref(connection, HIGHEST)


def first(connection: Connection) -> BlockRef | None:
    """The lowest block of the best chain; None if nothing is stored."""
    return _ref(connection, LOWEST)


def _ref(connection: Connection, query: Select[Any]) -> BlockRef | None:
    row = connection.execute(query).first()
    return BlockRef(row.height, block_hash(row.hash)) if row else None


def newest_time(connection: Connection) -> int:
    """Header time of the newest block of the best chain; 0 without any."""
    return connection.execute(_NEWEST_TIME).scalar() or 0


def has(connection: Connection, block: BlockHash) -> bool:
    """Whether a block is on the best chain."""
    query = select(blocks.c.height).where(ON_BEST_CHAIN, blocks.c.hash == bytes.fromhex(block))
    return connection.execute(query).first() is not None


def below(connection: Connection, block: BlockRef) -> BlockRef | None:
    """The parent of a block of the best chain; None where history begins."""
    above = blocks.alias()
    query = select(blocks.c.height, blocks.c.hash).join(above, above.c.parent == blocks.c.hash)
    return _ref(connection, query.where(ON_BEST_CHAIN, above.c.hash == bytes.fromhex(block.hash)))


def recent(connection: Connection, seconds: int, count: int) -> Iterator[BlockRow]:
    """The best chain's newest blocks, lowest first, and one more: it shows that history continues below.

    A few thousand at a time are in memory.
    """
    tip = newest_at(connection, Moment())
    if tip:
        yield from recent_below(connection, tip, seconds=seconds, count=count)


def newest_at(connection: Connection, moment: Moment) -> BlockAt | None:
    """The highest block of the best chain at a moment; of all, if it says nothing. None if none is stored."""
    query = select(blocks.c.height, blocks.c.hash, blocks.c.time).where(ON_BEST_CHAIN).order_by(blocks.c.height.desc())
    if moment.height is not None:
        query = query.where(blocks.c.height <= moment.height)
    if moment.time is not None:
        query = query.where(blocks.c.time <= moment.time)
    row = connection.execute(query.limit(1)).first()
    return BlockAt(row.height, block_hash(row.hash), row.time) if row else None


def recent_below(connection: Connection, tip: BlockAt, *, seconds: int, count: int) -> Iterator[BlockRow]:
    """The same as `recent` was, when a block was the tip."""
    lowest = reach(connection, tip.height, tip.time, seconds=seconds, count=count)
    who = pools(connection)
    within = blocks.c.height.between(lowest, tip.height)
    rows = connection.execution_options(yield_per=PAGE).execute(
        select(blocks.c.attribution, *COUNTED).where(ON_BEST_CHAIN, within).order_by(blocks.c.height)
    )
    for attribution, *counted in rows:
        yield counted_row(counted, *who[attribution])


def pools(connection: Connection) -> dict[int, tuple[PoolSlug | None, Confidence | None]]:
    """The pool of each attribution, and its confidence, by row id."""
    rows = connection.execute(select(attributions.c.id, attributions.c.pool, attributions.c.confidence))
    return {row.id: (row.pool, confidence_of(row.confidence)) for row in rows}


def reach(connection: Connection, height: int, time: int, *, seconds: int, count: int) -> int:
    """One height below the lowest block that is needed to look back `seconds` of header time, and `count` blocks."""
    # Header times are out of order by up to two hours, so the lowest block inside the span need not be its earliest.
    # For a plain `min(height)` SQLite scans the blocks from below until one is inside.
    inside = select(func.min(blocks.c.height + 0)).where(ON_BEST_CHAIN, blocks.c.time > time - seconds)
    by_time = connection.execute(inside).scalar()
    by_count = height + 1 - count
    return (by_count if by_time is None else min(by_time, by_count)) - 1


def unattributed(connection: Connection, most: int) -> list[tuple[int, Coinbase]]:
    """The best chain's newest unattributed blocks, at most `most`, lowest first."""
    unknown = select(attributions.c.id).where(attributions.c.pool.is_(None))
    rows = connection.execute(
        select(blocks.c.height, blocks.c.coinbase_script, blocks.c.coinbase_outputs)
        .where(ON_BEST_CHAIN, blocks.c.attribution.in_(unknown))
        .order_by(blocks.c.height.desc())
        .limit(most)
    ).all()
    return [(height, Coinbase(script, decode_outputs(outputs)[0])) for height, script, outputs in reversed(rows)]


def named_by_tag(connection: Connection) -> Iterator[StoredCoinbase]:
    """The best chain's blocks that were attributed by a tag, lowest first, in constant memory."""
    by_tag = select(attributions.c.id).where(attributions.c.method == Method.TAG)
    rows = connection.execution_options(yield_per=PAGE).execute(
        select(blocks.c.height, blocks.c.time, blocks.c.coinbase_script, blocks.c.coinbase_outputs)
        .where(ON_BEST_CHAIN, blocks.c.attribution.in_(by_tag))
        .order_by(blocks.c.height)
    )
    for height, time, script, outputs in rows:
        yield StoredCoinbase(height, time, Coinbase(script, decode_outputs(outputs)[0]))


def newest(connection: Connection, limit: int, *, below: int | None = None) -> list[BlockRecord]:
    """Blocks with their attributions, highest first, stale ones included; only those lower than `below`.

    At most `limit`, and the others of the lowest height, so that the next page misses none.
    """
    height = blocks.c.height
    lower = height < (2**31 - 1 if below is None else below)
    # Each kind has a partial index by height, used only where the condition names the kind.
    highest = [
        select(select(height).where(kind, lower).order_by(height.desc()).limit(limit).subquery())
        for kind in (ON_BEST_CHAIN, blocks.c.stale)
    ]
    both = union_all(*highest).subquery().c.height
    lowest = connection.execute(select(both).order_by(both.desc()).offset(limit - 1).limit(1)).scalar() or 0
    of_either = or_(ON_BEST_CHAIN & (height >= lowest), blocks.c.stale & (height >= lowest))
    return _records(connection, lower, of_either)


def selected(connection: Connection, wanted: BlockFilter, limit: int) -> list[BlockRecord]:
    """The blocks that a filter wants, highest first; at most `limit`, and the others of the lowest height."""
    conditions = list(_conditions(wanted))
    height = blocks.c.height
    highest = select(height).where(*conditions).order_by(height.desc()).offset(limit - 1).limit(1)
    lowest = connection.execute(highest).scalar() or 0
    return _records(connection, *conditions, height >= lowest)


def _conditions(wanted: BlockFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.pool is not None or wanted.unknown:
        pool = attributions.c.pool
        yield blocks.c.attribution.in_(
            select(attributions.c.id).where(pool.is_(None) if wanted.unknown else pool == wanted.pool)
        )
    if wanted.heights is not None:
        yield blocks.c.height.in_(wanted.heights)
    if wanted.first is not None:
        yield blocks.c.time >= wanted.first
    if wanted.last is not None:
        yield blocks.c.time <= wanted.last
    if wanted.below is not None:
        yield blocks.c.height < wanted.below
    if wanted.above is not None:
        yield blocks.c.height > wanted.above
    if wanted.stale is not None:
        yield blocks.c.stale if wanted.stale else ON_BEST_CHAIN


def of_pool(connection: Connection, pool: PoolSlug, limit: int) -> list[BlockRecord]:
    """A pool's blocks with their attributions, highest first, stale ones included."""
    # By the index on `attribution`: along the index on height, the blocks of a small pool would be searched among all.
    theirs = [row.id for row in connection.execute(select(attributions.c.id).where(attributions.c.pool == pool))]
    newest_ids: list[tuple[int, int]] = []
    for some in in_parts(theirs):
        chosen = select(blocks.c.height, blocks.c.id).where(blocks.c.attribution.in_(some))
        rows = connection.execute(chosen.order_by(blocks.c.height.desc(), blocks.c.id.desc()).limit(limit))
        newest_ids += [(row.height, row.id) for row in rows]
    ids = [number for _, number in sorted(newest_ids, reverse=True)[:limit]]
    return _records(connection, blocks.c.id.in_(ids))


def _records(connection: Connection, *conditions: ColumnElement[bool]) -> list[BlockRecord]:
    """The blocks that fulfil the conditions, highest first; stale ones after the one that is counted."""
    query = JOINED.where(*conditions).order_by(blocks.c.height.desc(), blocks.c.stale, blocks.c.id.desc())
    return [record(dict(row)) for row in connection.execute(query).mappings()]


def one(connection: Connection, wanted: BlockHash) -> BlockRecord | None:
    """One block with its attribution; None if it is not stored."""
    row = connection.execute(JOINED.where(blocks.c.hash == bytes.fromhex(wanted))).mappings().first()
    return record(dict(row)) if row else None


def claim(connection: Connection, genesis: BlockHash) -> None:
    """Bind the database to the chain with this genesis block.

    Raises:
        StoreRefused: it is bound to another.
    """
    check_chain(connection, genesis)
    set_metadata(connection, _GENESIS, genesis)


def check_chain(connection: Connection, genesis: BlockHash) -> None:
    """Raise if the database is bound to a chain with another genesis block.

    Raises:
        StoreRefused: it is.
    """
    found = get_metadata(connection, _GENESIS)
    if found not in {None, genesis}:
        raise StoreRefused(
            f"the database holds the chain with genesis block {found}, the node is on the one with {genesis}",
            remedy="choose another store.url for this network",
        )


def network(connection: Connection) -> str | None:
    """The network of the blocks; None before the first contact with a node."""
    return get_metadata(connection, _NETWORK)


def note_network(connection: Connection, name: str) -> None:
    """Store which network the blocks are from."""
    set_metadata(connection, _NETWORK, name)


def wanted(connection: Connection) -> int | None:
    """From which height on history is wanted; None if not set."""
    found = get_metadata(connection, _WANTED)
    return int(found) if found else None


def want(connection: Connection, lowest: int) -> None:
    """Store from which height on history is wanted; the latest call wins. Any process may call it."""
    set_metadata(connection, _WANTED, str(lowest))
    set_metadata(connection, _GAP, "")


def gap(connection: Connection) -> str | None:
    """Why history does not go further back; None if no reason is known."""
    return get_metadata(connection, _GAP) or None


def note_gap(connection: Connection, reason: str | None) -> None:
    """Store why history does not go further back; None: for no reason."""
    set_metadata(connection, _GAP, reason or "")


def rewritten(connection: Connection) -> int:
    """How often more of history has changed than its newest blocks: it became longer below, or was reattributed."""
    return int(get_metadata(connection, _REWRITTEN) or 0)


def note_rewritten(connection: Connection) -> None:
    """Count such a change."""
    set_metadata(connection, _REWRITTEN, str(rewritten(connection) + 1))


def stale_list_imported(connection: Connection) -> float | None:
    """When a list of stale blocks was last imported, Unix time; None: never."""
    found = get_metadata(connection, _STALE_LIST)
    return float(found) if found else None


def note_stale_list(connection: Connection, at: float) -> None:
    """Store when that was."""
    set_metadata(connection, _STALE_LIST, str(at))


def mark_stale(connection: Connection, leaving: Sequence[BlockRef]) -> list[PoolSlug | None]:
    """Take blocks off the best chain; return their pools."""
    pools: list[PoolSlug | None] = []
    for some in in_parts([bytes.fromhex(ref.hash) for ref in leaving]):
        chosen = ON_BEST_CHAIN & blocks.c.hash.in_(some)
        pools += connection.execute(select(attributions.c.pool).join_from(blocks, attributions).where(chosen)).scalars()
        connection.execute(update(blocks).where(chosen).values(stale=True))
    return pools


def get_metadata(connection: Connection, name: str) -> str | None:
    """A value that is stored of the database as a whole."""
    found: str | None = connection.execute(select(metadata.c.value).where(metadata.c.name == name)).scalar()
    return found


def set_metadata(connection: Connection, name: str, value: str) -> None:
    """Store it."""
    connection.execute(delete(metadata).where(metadata.c.name == name))
    connection.execute(insert(metadata), {"name": name, "value": value})
