"""Copies of a history: from one engine to the other, and of a SQLite file in use."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, func, select

from monitor.errors import InputError, StoreError, StoreInUse, StoreRefused
from monitor.store.database import Database
from monitor.store.dialects import insert, insert_rows, renumber, set_bulk_cache
from monitor.store.engines import open_database
from monitor.store.migrations import demand_newest
from monitor.store.queries import PAGE
from monitor.store.schema import blocks, tables, writer

_COPIED = [table for table in tables.sorted_tables if table is not writer]


def copy(source: str, target: str, progress: Callable[[int, int], None]) -> dict[str, int]:
    """Copy everything into an empty database, as it was at one moment; a daemon may use the source.

    The copy is one transaction, which is committed once every row was read back and compared.

    Args:
        source: URL of the database that is copied.
        target: URL of the new one, which is created if it is a file.
        progress: called with the number of blocks copied, and of all.

    Returns:
        The number of rows by table.

    Raises:
        StoreRefused: one cannot be opened, the target is in use, or has blocks already.
        StoreError: a database failed, or the copy differs.
    """
    origin, copy = open_database(source), open_database(target)
    try:
        origin.demand()
        _prepare(copy)
        with (
            origin.explained(),
            origin.readers.connect() as reading,
            copy.explained(),
            copy.writers.connect() as connection,
        ):
            demand_newest(reading)
            with connection.begin():
                copy.lock(connection, fenced=True)
                return _copy(reading, connection, progress)
    finally:
        origin.close()
        copy.close()


def backup(url: str, file: Path) -> int:
    """Copy a SQLite database to a file, which appears only once it is complete; a daemon may be writing.

    Returns:
        Its size in bytes.

    Raises:
        InputError: the file exists, or cannot be written.
        StoreRefused: the database is not a file of SQLite.
    """
    database = open_database(url)
    if database.shared:
        raise StoreRefused("only a SQLite database is backed up to a file", remedy="use pg_dump or db copy")
    database.demand()
    if file.exists():
        raise InputError(f"{file} exists", remedy="name a file that does not")
    part = file.with_name(file.name + ".part")
    try:
        with (
            database.explained(),
            closing(database.readers.raw_connection()) as origin,
            closing(sqlite3.connect(part)) as copied,
        ):
            driver: Any = origin.driver_connection
            driver.backup(copied)
            copied.execute("PRAGMA journal_mode = DELETE")  # nothing but this one file
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.replace(file)
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
        database.close()
    return file.stat().st_size


def _prepare(database: Database) -> None:
    """Make this process the writer of a database without blocks."""
    database.migrate()
    with database.explained(), database.readers.connect() as connection:
        if connection.execute(select(blocks.c.id).limit(1)).first():
            raise StoreRefused("the database to copy to has blocks already", remedy="name an empty one")
    if not database.take():
        raise StoreInUse("another pool-monitor writes the database to copy to", remedy="stop it")


def _copy(reading: Connection, writing: Connection, progress: Callable[[int, int], None]) -> dict[str, int]:
    total = reading.execute(select(func.count()).select_from(blocks)).scalar_one()
    set_bulk_cache(writing, on=True)
    rows = {}
    for table in _COPIED:
        done = read = 0
        writing.execute(table.delete())
        for page in _pages(reading, table):
            insert_rows(writing, insert(writing, table), page)
            done, read = done + len(page), read + sum(map(_digest, page))
            if table is blocks:
                progress(done, total)
        written = [(len(page), sum(map(_digest, page))) for page in _pages(writing, table)]
        if (done, read) != (sum(many for many, _ in written), sum(digest for _, digest in written)):
            raise StoreError(f"the copy of {table.name} differs from what was read", remedy="check both databases")
        renumber(writing, table)
        rows[table.name] = done
    return rows


def _pages(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=PAGE)
    for page in connection.execute(query).mappings().partitions():
        yield [dict(row) for row in page]


def _digest(row: dict[str, Any]) -> int:
    """Hash of a row. Hashes are summed, as engines order texts differently."""
    written = json.dumps([*row.values()], default=bytes.hex).encode()
    return int.from_bytes(blake2b(written, digest_size=16).digest())
