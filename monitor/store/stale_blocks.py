"""Stale blocks as signals need them: beside the blocks of the best chain that won.

Some are stored whole, in `blocks`: those that left the best chain, and those of observers and block files. Of others
only header or hash are known, in `stale_headers`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, FromClause, Row, Select, bindparam, exists, not_, null, select

from monitor.model import BlockHash, StaleRow
from monitor.store.queries import get_metadata, newest_time, set_metadata
from monitor.store.rows import block_hash
from monitor.store.schema import attributions, blocks, sightings, stale_headers
from monitor.wire import decode_header

_FOLLOWED = "followed_tips"
"""Name in `metadata`."""


def stale(connection: Connection, *, seconds: int) -> list[StaleRow]:
    """Stale blocks of the last `seconds` of header time, with the pools of the best chain's blocks beside and above.

    Those of which only header or hash are known are among them, once the best chain's block at their height is stored.
    Without a header, time and parent are taken from that block. Tips that a node found invalid are not, nor are blocks
    of a branch that a node follows: they may be counted yet.
    """
    return stale_since(connection, newest_time(connection) - seconds)


def stale_since(connection: Connection, time: int) -> list[StaleRow]:
    """The same from a header time on."""
    since = {"since": time}
    found = [_stale_row(row, stored=True) for row in connection.execute(_STALE_BLOCKS, since)]
    found += [_stale_row(row, stored=False) for row in connection.execute(_STALE_HEADERS, since)]
    followed = followed_blocks(connection)
    return sorted((row for row in found if row.hash not in followed), key=lambda row: row.height)


def note_followed_tips(connection: Connection, tips: Iterable[BlockHash]) -> None:
    """Store the highest stored block of each branch that nodes follow beside the counted one."""
    set_metadata(connection, _FOLLOWED, " ".join(sorted(tips)))


def followed_tips(connection: Connection) -> frozenset[BlockHash]:
    """What was stored last."""
    return frozenset(map(BlockHash, (get_metadata(connection, _FOLLOWED) or "").split()))


def followed_blocks(connection: Connection) -> frozenset[BlockHash]:
    """The stored blocks of the branches that end there."""
    if not (tips := followed_tips(connection)):
        return frozenset()
    here = blocks.c.hash.in_([bytes.fromhex(tip) for tip in tips])
    branch = select(blocks.c.hash, blocks.c.parent).where(here, blocks.c.stale).cte(recursive=True)
    below = select(blocks.c.hash, blocks.c.parent).join(branch, blocks.c.hash == branch.c.parent)
    branch = branch.union(below.where(blocks.c.stale))
    return frozenset(map(block_hash, connection.execute(select(branch.c.hash)).scalars()))


def _stale_row(row: Row[Any], *, stored: bool) -> StaleRow:
    height, own, header, parent, time, pool, winner_pool, builder = tuple(row)
    known = decode_header(header) if header else None
    return StaleRow(
        height,
        block_hash(own),
        known.parent if known else block_hash(parent),
        time=known.time if known else time,
        pool=pool,
        winner_pool=winner_pool,
        builder=builder,
        stored=stored,
    )


def _stale_queries() -> tuple[Select[Any], Select[Any]]:
    """Stale blocks with a coinbase, and those without. Built once, as they run with every snapshot."""
    # SQLite begins with the table that a sum keeps it from looking up: stale blocks are few, counted ones are many.
    lost, won, above = blocks.alias(), blocks.alias(), blocks.alias()
    lost_by, won_by, built_by = attributions.alias(), attributions.alias(), attributions.alias()

    def query(table: FromClause, header: Any, pool: Any, *, own: Any = won) -> Select[Any]:  # noqa: ANN401
        columns = (table.c.height, table.c.hash, header, own.c.parent, own.c.time, pool, won_by.c.pool, built_by.c.pool)
        invalid = exists().where(sightings.c.hash == table.c.hash, sightings.c.status == "invalid")
        return (
            select(*columns)
            .select_from(table)
            .join(won, (won.c.height == table.c.height + 0) & not_(won.c.stale))
            .join(won_by, won.c.attribution == won_by.c.id)
            .outerjoin(above, (above.c.height == table.c.height + 1) & not_(above.c.stale))
            .outerjoin(built_by, above.c.attribution == built_by.c.id)
            .where(own.c.time + 0 > bindparam("since"), not_(invalid))
        )

    whole = query(lost, null(), lost_by.c.pool, own=lost).join(lost_by, lost.c.attribution == lost_by.c.id)
    known = exists().where(blocks.c.hash == stale_headers.c.hash)
    bare = query(stale_headers, stale_headers.c.header, stale_headers.c.pool).where(not_(known))
    return whole.where(lost.c.stale), bare


_STALE_BLOCKS, _STALE_HEADERS = _stale_queries()
