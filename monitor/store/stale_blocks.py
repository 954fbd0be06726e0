"""Stale blocks as signals need them: beside the blocks of the best chain that won.

Some are stored whole, in `blocks`: those that left the best chain, and those of observers and block files. Of others
only header or hash are known, in `stale_headers`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, FromClause, Row, Select, bindparam, exists, not_, null, select

from monitor.model import StaleRow
from monitor.store.queries import ON_BEST_CHAIN
from monitor.store.rows import block_hash
from monitor.store.schema import attributions, blocks, sightings, stale_headers
from monitor.wire import decode_header


def stale(connection: Connection, *, seconds: int) -> list[StaleRow]:
    """Stale blocks of the last `seconds` of header time, with the pools of the best chain's blocks beside and above.

    Those of which only header or hash are known are among them, once the best chain's block at their height is stored.
    Without a header, time and parent are taken from that block. Tips that a node found invalid are not.
    """
    tip = connection.execute(_TIP_TIME).first()
    since = {"since": tip.time - seconds if tip else 0}
    found = [_stale_row(row, stored=True) for row in connection.execute(_STALE_BLOCKS, since)]
    found += [_stale_row(row, stored=False) for row in connection.execute(_STALE_HEADERS, since)]
    return sorted(found, key=lambda row: row.height)


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


_TIP_TIME = select(blocks.c.time).where(ON_BEST_CHAIN).order_by(blocks.c.height.desc()).limit(1)
_STALE_BLOCKS, _STALE_HEADERS = _stale_queries()
