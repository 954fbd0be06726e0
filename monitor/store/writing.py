"""Rows on their way into `blocks`: on top of the best chain, below it, beside it.

Written by the driver itself, many rows with one statement: what SQLAlchemy would do for each takes longer than SQLite.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from monitor.errors import StoreError
from monitor.model import BlockRef
from monitor.store.queries import LOWEST
from monitor.store.rows import COLUMNS, Row, RowBatch, block_hash
from monitor.store.schema import blocks
from monitor.store.verdicts import Verdicts

_HASH, _HEIGHT, _PARENT = (COLUMNS.index(name) for name in ("hash", "height", "parent"))
_BULK_CACHE_KIB = 32_768
"""Hashes come in no order: without the index of a million of them in memory, each row would be a page read and written
again. Given back at the end."""
_LOWEST = LOWEST.add_columns(blocks.c.parent)


def write(connection: Connection, rows: Sequence[Row], *, renew: bool = True) -> None:
    """Write blocks; one that is there already is put back on the best chain, judged anew, or left as it is."""
    if not rows:
        return
    compiled = _statement(connection.dialect, connection.dialect.name, renew=renew)
    given = rows if compiled.positional else [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    connection.connection.cursor().executemany(compiled.string, given)


def extend(connection: Connection, stretch: RowBatch, verdicts: Verdicts) -> bool:
    """Put a stretch of the past below the lowest block, if it is the one that the stretch leads to.

    Raises:
        StoreError: the stretch is no chain.
    """
    chain = stretch.chain
    if any(above[_PARENT] != below[_HASH] or above[_HEIGHT] != below[_HEIGHT] + 1 for below, above in pairwise(chain)):
        raise StoreError(f"the blocks from {chain[0][_HEIGHT]} to {chain[-1][_HEIGHT]} are no chain; start again")
    ours = next_below(connection)
    if ours not in (None, BlockRef(chain[-1][_HEIGHT], block_hash(chain[-1][_HASH]))):
        return False
    numbers = [verdicts.number(connection, each) for each in stretch.verdicts]
    for rows, renew in ((chain, True), (stretch.stale, False)):
        write(connection, [(*row[:-2], numbers[row[-2]], row[-1]) for row in rows], renew=renew)
    return True


def next_below(connection: Connection) -> BlockRef | None:
    """The block that the lowest one on the best chain stands on."""
    lowest = connection.execute(_LOWEST).first()
    return BlockRef(lowest.height - 1, block_hash(lowest.parent)) if lowest else None


def cache_more(connection: Connection, *, more: bool) -> None:
    """Hold more of the database in memory, or as little as usual."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_BULK_CACHE_KIB if more else 2000}")
        if not more:
            connection.exec_driver_sql("PRAGMA shrink_memory")


@cache
def _statement(dialect: Dialect, name: str, *, renew: bool) -> SQLCompiler:
    statement: Any = (postgresql if name == "postgresql" else sqlite).insert(blocks)
    if renew:
        new = {name: statement.excluded[name] for name in ("stale", "attribution", "miner")}
        statement = statement.on_conflict_do_update(index_elements=["hash"], set_=new)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=["hash"])
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=list(COLUMNS))
    return compiled
