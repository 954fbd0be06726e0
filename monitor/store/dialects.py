"""Statements that SQLite and PostgreSQL write differently, as functions of a connection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Table, select
from sqlalchemy import column as sql_column
from sqlalchemy import table as sql_table

CACHE_KIB: Final = 500
"""SQLite: pages that a connection keeps. With the usual 2,000 a daemon with many readers holds 10 MB more, and is no
faster: the system has the file in memory, too."""
_BULK_CACHE_KIB = 32_768
"""The same while much is written: hashes arrive in random order, and unless the index of a million of them is in
memory, each row costs a page read and a page write. Given back at the end."""
_PARAMETERS: Final = 500
"""Values in a statement; databases limit them."""
_COPIED: Final = 100
"""PostgreSQL: so many rows and more are copied into a temporary table first, which is several times as fast."""


_T = TypeVar("_T")


def in_parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """The values, as many at a time as a statement may have."""
    return (values[at : at + _PARAMETERS] for at in range(0, len(values), _PARAMETERS))


def insert(connection: Connection, table: Table) -> Any:  # noqa: ANN401 -- the dialects' classes share no base with these methods
    """An INSERT that knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return _insert(connection.dialect.name, table)


@cache
def _insert(dialect: str, table: Table) -> Any:  # noqa: ANN401 -- as above
    """Kept, because making its `excluded` columns takes as long as storing a block."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)  # only this one is loaded


def insert_rows(connection: Connection, statement: Any, rows: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401
    """Execute an INSERT for each of the rows, which have the same columns."""
    if connection.dialect.name == "postgresql" and len(rows) >= _COPIED:
        _copy(connection, statement, rows)
    elif rows:
        connection.execute(statement, rows)


def set_bulk_cache(connection: Connection, *, on: bool) -> None:
    """Hold more pages in memory while much is written, or as few as usual."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{_BULK_CACHE_KIB if on else CACHE_KIB}")
        if not on:
            connection.exec_driver_sql("PRAGMA shrink_memory")


def renumber(connection: Connection, table: Table) -> None:
    """Continue the numbers of new rows after the highest, once rows were inserted with numbers of their own."""
    key = table.primary_key.columns[0]
    if connection.dialect.name == "postgresql" and table.autoincrement_column is not None:
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key.name}'), max({key.name})) FROM {table.name}"  # noqa: S608
        )


def damage(connection: Connection) -> list[str]:
    """What the database itself finds wrong with its pages and references."""
    if connection.dialect.name != "sqlite":
        return []  # the server checks each page that it reads, and each reference that is written
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(20)") if row[0] != "ok"]
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(20)
    return found + [f"row {row[1]} of {row[0]} refers to a row of {row[2]} that does not exist" for row in dangling]


def space(connection: Connection) -> tuple[int, int]:
    """Bytes of the database, and how many of them are free for new rows (of a server: not known, 0)."""
    if connection.dialect.name == "postgresql":
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()), 0
    pages, free, size = (
        int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())
        for name in ("page_count", "freelist_count", "page_size")
    )
    return pages * size, free * size


def _copy(connection: Connection, statement: Any, rows: Sequence[dict[str, Any]]) -> None:  # noqa: ANN401
    """COPY into a temporary table, and INSERT from there as the statement says."""
    target: Table = statement.table
    columns = [target.c[name] for name in rows[0]]
    names = ", ".join(f'"{column.name}"' for column in columns)
    incoming = f"incoming_{target.name}_{len(columns)}"
    empty = f"SELECT {names} FROM {target.name} WITH NO DATA"  # noqa: S608 -- names of our own tables
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE IF NOT EXISTS {incoming} AS {empty}")
    encoders = [column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns]
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {incoming} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(
                [encode(value) if encode else value for encode, value in zip(encoders, row.values(), strict=True)]
            )
    copied: Any = select(*(sql_column(column.name) for column in columns)).select_from(sql_table(incoming))
    connection.execute(statement.from_select([column.name for column in columns], copied))
    connection.exec_driver_sql(f"TRUNCATE {incoming}")  # more may follow in this transaction
