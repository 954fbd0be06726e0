"""The two databases, in `sqlite` and `postgresql`: connections, locks, and the right to write.

`dialects` has the statements that differ.

The rest of the store does not know which of them it uses.

A write transaction locks the database before it reads anything, so that writers of several processes follow one
another: SQLite by BEGIN IMMEDIATE, PostgreSQL by an advisory lock. A read transaction sees one state to its end.

One process at a time is the writer of history. With SQLite it holds a lock on a file beside the database. With
PostgreSQL it has a lease, a row of the table `writer` that it renews, with a number (epoch) that is one higher for each
new writer. Every transaction of a writer compares the number, so that one whose lease another process has taken over,
as after a pause of its machine, changes nothing any more (fencing).
"""

from __future__ import annotations

from sqlalchemy import exc, make_url

from monitor.errors import ExtraMissing, StoreRefused
from monitor.store.database import Database
from monitor.store.postgresql import Postgresql
from monitor.store.sqlite import Sqlite


def open_database(url: str) -> Database:
    """The database of a URL.

    Raises:
        ExtraMissing: its driver is not installed.
        StoreRefused: there is no such kind of database.
    """
    try:
        kind = make_url(url).get_backend_name()
        if kind == "sqlite":
            return Sqlite(url)
        if kind == "postgresql":
            return Postgresql(url)
        raise StoreRefused(f"store.url does not name a usable database: {kind} is neither sqlite nor postgresql")
    except ModuleNotFoundError as error:
        if error.name == "psycopg":
            raise ExtraMissing("postgres", "store.url = postgresql+psycopg://...") from None
        raise StoreRefused(f"store.url does not name a usable database: {error}") from None
    except (exc.ArgumentError, ImportError, ValueError) as error:
        raise StoreRefused(f"store.url does not name a usable database: {error}") from None


def is_in_use(url: str) -> bool:
    """Whether a daemon writes the database of a URL. Nothing is written, and no database is made.

    Raises:
        StoreError: the server is unreachable, or a daemon of this user could not write.
    """
    database = open_database(url)
    try:
        return database.is_in_use()
    finally:
        database.close()
