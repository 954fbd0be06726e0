"""Rows on their way into `blocks`: on top of the best chain, below it, beside it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from monitor.errors import StoreError
from monitor.model import BlockRef
from monitor.store.attribution_ids import AttributionIds
from monitor.store.dialects import insert, insert_rows
from monitor.store.queries import LOWEST
from monitor.store.rows import COLUMNS, Row, RowBatch, block_hash
from monitor.store.schema import blocks

_HASH, _HEIGHT, _PARENT = (COLUMNS.index(name) for name in ("hash", "height", "parent"))
_LOWEST = LOWEST.add_columns(blocks.c.parent)


def upsert(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert blocks; one that is stored already is put back on the best chain with its new attribution."""
    statement = insert(connection, blocks)
    new = {name: statement.excluded[name] for name in ("stale", "attribution", "miner")}
    _execute(connection, statement.on_conflict_do_update(index_elements=["hash"], set_=new), rows)


def insert_missing(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert blocks; one that is stored already is left as it is."""
    _execute(connection, insert(connection, blocks).on_conflict_do_nothing(index_elements=["hash"]), rows)


def extend(connection: Connection, batch: RowBatch, ids: AttributionIds) -> bool:
    """Insert a batch below the lowest block, if it ends in the parent of that block.

    Raises:
        StoreError: the batch is not a chain.
    """
    chain = batch.chain
    if any(above[_PARENT] != below[_HASH] or above[_HEIGHT] != below[_HEIGHT] + 1 for below, above in pairwise(chain)):
        raise StoreError(
            f"the blocks from {chain[0][_HEIGHT]} to {chain[-1][_HEIGHT]} are not a chain", remedy="start again"
        )
    if next_below(connection) not in (None, BlockRef(chain[-1][_HEIGHT], block_hash(chain[-1][_HASH]))):
        return False
    row_ids = [ids.id_of(connection, each) for each in batch.attributions]
    upsert(connection, [(*row[:-2], row_ids[row[-2]], row[-1]) for row in chain])
    insert_missing(connection, [(*row[:-2], row_ids[row[-2]], row[-1]) for row in batch.stale])
    return True


def next_below(connection: Connection) -> BlockRef | None:
    """The parent of the lowest block on the best chain."""
    lowest = connection.execute(_LOWEST).first()
    return BlockRef(lowest.height - 1, block_hash(lowest.parent)) if lowest else None


def _execute(connection: Connection, statement: Any, rows: Sequence[Row]) -> None:  # noqa: ANN401
    insert_rows(connection, statement, [dict(zip(COLUMNS, row, strict=True)) for row in rows])
