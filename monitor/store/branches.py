"""Stored blocks of branches that are not counted, and when each node had which block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select

from monitor.model import BlockHash, BlockRef, BranchBlock, Judged, PoolSlug, Sighting
from monitor.store import queries, writing
from monitor.store.attribution_ids import AttributionIds
from monitor.store.dialects import in_parts, insert
from monitor.store.queries import ON_BEST_CHAIN
from monitor.store.rows import block_hash, block_row
from monitor.store.schema import attributions, blocks, sightings, stale_headers
from monitor.store.stale_blocks import followed_blocks, followed_tips, note_followed_tips
from monitor.store.transactions import StorePart, reads, writes


class StaleHeader(NamedTuple):
    """A stale block of which we have no coinbase."""

    ref: BlockRef
    header: bytes | None
    """As serialised; None where a list has only the hash."""
    pool: PoolSlug | None
    source: str
    """Name of the node or list."""


_OF_TREE = (
    blocks.c.height, blocks.c.hash, blocks.c.parent, blocks.c.time, blocks.c.bits, blocks.c.version, blocks.c.stale,
    attributions.c.pool,
)  # fmt: skip


def _find(connection: Connection, block: BlockHash) -> BranchBlock | None:
    """A stored block; None if it is not stored."""
    query = select(*_OF_TREE)
    row = connection.execute(query.join_from(blocks, attributions).where(blocks.c.hash == bytes.fromhex(block))).first()
    return _branch_block(row) if row else None


def _best_at(connection: Connection, height: int) -> BlockHash | None:
    """The counted block at a height; None if history does not have it."""
    found = connection.execute(select(blocks.c.hash).where(ON_BEST_CHAIN, blocks.c.height == height)).scalar()
    return block_hash(found) if found else None


def _lowest(connection: Connection) -> int:
    """The height at which history begins; 0 without history."""
    first = queries.first(connection)
    return first.height if first else 0


def _above(connection: Connection, height: int) -> list[BranchBlock]:
    """The stored blocks of every branch above a height, lowest first."""
    query = select(*_OF_TREE).join_from(blocks, attributions)
    of_either = or_(ON_BEST_CHAIN & (blocks.c.height > height), blocks.c.stale & (blocks.c.height > height))
    rows = connection.execute(query.where(of_either).order_by(blocks.c.height, blocks.c.stale, blocks.c.id))
    return [_branch_block(row) for row in rows]


def _bits_at(connection: Connection, heights: Iterable[int]) -> dict[int, int]:
    """The compact targets of the counted blocks at these heights, as far as history has them."""
    found = {}
    for some in in_parts(sorted(set(heights))):
        query = select(blocks.c.height, blocks.c.bits).where(ON_BEST_CHAIN, blocks.c.height.in_(some))
        found.update({row.height: row.bits for row in connection.execute(query)})
    return found


def _note_sightings(connection: Connection, seen: Iterable[Sighting]) -> None:
    """Store sightings. The first time of a block and node stays; a later status replaces an earlier one."""
    statement = insert(connection, sightings)
    changed = {"status": func.coalesce(statement.excluded.status, sightings.c.status)}
    statement = statement.on_conflict_do_update(index_elements=["hash", "node"], set_=changed)
    rows = [
        {
            "hash": bytes.fromhex(each.block.hash), "node": each.node, "height": each.block.height,
            "seen_at": each.seen_at, "lag_seconds": each.lag_seconds, "status": each.status,
        }
        for each in seen
    ]  # fmt: skip
    if rows:
        connection.execute(statement, rows)


def _sightings(connection: Connection, *, lowest: int = 0, limit: int = 10_000) -> list[Sighting]:
    """The newest sightings, highest blocks first."""
    query = select(sightings, attributions.c.pool).where(sightings.c.height >= lowest)
    query = query.outerjoin(blocks, blocks.c.hash == sightings.c.hash).outerjoin(attributions)
    rows = connection.execute(query.order_by(sightings.c.height.desc(), sightings.c.lag_seconds).limit(limit))
    return [
        Sighting(
            BlockRef(row.height, block_hash(row.hash)),
            row.node,
            row.seen_at,
            lag_seconds=row.lag_seconds,
            status=row.status,
            pool=PoolSlug(row.pool) if row.pool else None,
        )
        for row in rows
    ]


def _first_seen(connection: Connection, block: BlockHash) -> float | None:
    """When the first node had a block, Unix time; None if no node announced it."""
    query = select(func.min(sightings.c.seen_at)).where(sightings.c.hash == bytes.fromhex(block))
    found: float | None = connection.execute(query).scalar()
    return found


def _note_headers(connection: Connection, headers: Sequence[StaleHeader]) -> int:
    """Store stale blocks without a coinbase; return how many are new. One whose block is stored is left out.

    What is stored already stays, but for a pool or header that it lacks.
    """
    statement = insert(connection, stale_headers)
    filled = {name: func.coalesce(stale_headers.c[name], statement.excluded[name]) for name in ("header", "pool")}
    statement = statement.on_conflict_do_update(index_elements=["hash"], set_=filled)
    before = connection.execute(select(func.count()).select_from(stale_headers)).scalar() or 0
    rows = [
        {
            "hash": bytes.fromhex(each.ref.hash), "height": each.ref.height, "header": each.header, "pool": each.pool,
            "source": each.source,
        }
        for each in headers
    ]  # fmt: skip
    known: set[bytes] = set()
    for some in in_parts([row["hash"] for row in rows]):
        known.update(connection.execute(select(blocks.c.hash).where(blocks.c.hash.in_(some))).scalars())
    if missing := [row for row in rows if row["hash"] not in known]:
        connection.execute(statement, missing)
    return (connection.execute(select(func.count()).select_from(stale_headers)).scalar() or 0) - before


def _headers(connection: Connection) -> list[StaleHeader]:
    """All stale blocks without a coinbase, lowest first."""
    rows = connection.execute(select(stale_headers).order_by(stale_headers.c.height, stale_headers.c.hash))
    return [
        StaleHeader(
            BlockRef(row.height, block_hash(row.hash)),
            row.header,
            pool=PoolSlug(row.pool) if row.pool else None,
            source=row.source,
        )
        for row in rows
    ]


class StoredBranches(StorePart):
    """The branches' part of the store."""

    def __init__(self, write: Callable[..., Any], read: Callable[..., Any], ids: AttributionIds) -> None:
        super().__init__(write, read)
        self._ids = ids

    find = reads(_find)
    above = reads(_above)
    best_at = reads(_best_at)
    lowest = reads(_lowest)
    tip = reads(queries.tip)
    bits_at = reads(_bits_at)
    sightings = reads(_sightings)
    first_seen = reads(_first_seen)
    followed_tips = reads(followed_tips)
    followed_blocks = reads(followed_blocks)
    note_followed_tips = writes(note_followed_tips)
    note_sightings = writes(_note_sightings)
    note_headers = writes(_note_headers)
    headers = reads(_headers)

    async def add_header(self, ref: BlockRef, header: bytes | None, source: str) -> None:
        """Store a stale block of which only a node's header is known."""
        await self.note_headers([StaleHeader(ref, header, pool=None, source=source)])

    async def add(self, judged: Sequence[Judged]) -> None:
        """Store blocks that are not on the counted chain. One that is stored already stays as it is."""
        if not judged:
            return
        await self._write(lambda connection: self._add(connection, judged))

    def _add(self, connection: Connection, judged: Sequence[Judged]) -> None:
        rows = [
            block_row(each.block, self._ids.id_of(connection, each.attribution), each.attribution.miner, stale=True)
            for each in judged
        ]
        writing.insert_missing(connection, rows)
        hashes = [row[0] for row in rows]
        connection.execute(stale_headers.delete().where(stale_headers.c.hash.in_(hashes)))


def _branch_block(row: Any) -> BranchBlock:  # noqa: ANN401 -- a row of `_OF_TREE`
    return BranchBlock(
        BlockRef(row.height, block_hash(row.hash)),
        block_hash(row.parent),
        time=row.time,
        bits=row.bits,
        version=row.version,
        pool=None if row.pool is None else PoolSlug(row.pool),
        attributed=True,
        counted=not row.stale,
    )
