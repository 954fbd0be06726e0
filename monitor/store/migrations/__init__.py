"""How the schema of the database came about, one step a file. A released step is never changed.

A new database gets the newest schema at once. Only an older one needs Alembic, which takes 10 MB of memory.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, inspect, select

from monitor.errors import StoreOutdated, StoreRefused
from monitor.store.schema import tables

NEWEST: Final = "0013"
"""The revision that `schema` describes. Revisions are numbers of four digits."""
_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Alembic's own table."""


def migrate(connection: Connection) -> None:
    """Bring the database to the newest schema; one that has it stays as it is.

    Raises:
        StoreRefused: it comes from a newer version of this program.
    """
    found = _revision(connection)
    if found is None:
        tables.create_all(connection, checkfirst=False)
        _version.create(connection)
        connection.execute(_version.insert().values(version_num=NEWEST))
    elif found != NEWEST:
        from monitor.store.migrations.upgrade import upgrade  # noqa: PLC0415 -- large, and hardly ever needed

        upgrade(connection)


def demand_newest(connection: Connection) -> None:
    """Check that the database has the newest schema, without changing it.

    Raises:
        StoreOutdated: it has an older one.
        StoreRefused: it has a newer one.
    """
    if _revision(connection) != NEWEST:
        raise StoreOutdated("the database comes from an older version of pool-monitor", remedy="start the daemon once")


def _revision(connection: Connection) -> str | None:
    """The revision of the schema; None of an empty database."""
    if not inspect(connection).has_table(_version.name):
        return None
    found = connection.execute(select(_version.c.version_num)).scalar()
    if found is not None and found > NEWEST:
        raise StoreRefused(
            f"the database comes from a newer version of pool-monitor (revision {found})",
            remedy="upgrade pool-monitor, or choose another store.url",
        )
    return found
