"""PostgreSQL: a server, and a lease for the one monitor that writes."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from threading import Event, Lock
from typing import Any, Final

from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from monitor.errors import StoreAway, StoreError, StoreLost, StoreMissing
from monitor.store.database import Database

LEASE_SECONDS: Final = 6.0
"""A writer that has not renewed its lease for this long is replaced."""
_LOCK: Final = {"key": 0x706F6F6C}
"""Key of the advisory lock of a transaction that writes. It belongs to one database of the server."""
_CHANNEL: Final = "pool_monitor"


class Postgresql(Database):
    """A server, which several monitors use."""

    shared = True

    def __init__(self, url: str) -> None:
        parts = make_url(url)
        if parts.drivername == "postgresql":
            parts = parts.set(drivername="postgresql+psycopg")
        connect = {
            "connect_timeout": 5, "application_name": "pool-monitor", "tcp_user_timeout": 10_000,
            "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
        }  # fmt: skip
        engine = create_engine(parts, connect_args=connect, pool_pre_ping=True)
        super().__init__(engine)
        self.readers = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self.writers = engine.execution_options(isolation_level="READ COMMITTED")
        self._lone = create_engine(parts, connect_args=connect, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        """For connections that serve the lease or listen, and never wait for a transaction of ours."""
        self._leasing = Lock()
        self._leased: Connection | None = None
        self._listening: Connection | None = None
        self._epoch: int | None = None

    def demand(self) -> None:
        """See `Database.demand`."""
        with self.explained(), self.readers.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                raise StoreMissing(
                    f"no history in {self._where}", remedy="start the daemon first, or correct store.url"
                )

    def take(self) -> bool:
        """See `Database.take`. A process that has died is replaced at once: the server has ended its session.

        The lease is for a process or machine that stands still, or that the network does not reach any more.
        """
        with self._leasing:
            return self._still_has_it() or self._take()

    def _still_has_it(self) -> bool:
        """Whether the lease is still ours: a server that was away meanwhile may have given it to another monitor."""
        if self._epoch is None:
            return False
        try:
            self._keep()
        except StoreError:
            return False  # and has none now, and no connection
        return True

    def _take(self) -> bool:
        try:
            with self.explained():
                self._leased = self._leased or self._lone.connect()
                session = self._leased.execute(text("SELECT pg_backend_pid()")).scalar_one()
                with self.writers.begin() as connection:
                    if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), _LOCK).scalar():
                        return False  # a transaction that writes goes on
                    found = connection.execute(text(_STATE)).first()
                    if found and found.connected and found.age < LEASE_SECONDS:
                        return False
                    epoch = found.epoch + 1 if found else 1
                    connection.execute(text("DELETE FROM writer"))
                    row = {"epoch": epoch, "holder": f"{socket.gethostname()}/{os.getpid()}", "session": session}
                    connection.execute(text(f"INSERT INTO writer VALUES (:epoch, :holder, :session, {_NOW})"), row)  # noqa: S608
        except StoreError:
            self._forget()
            raise
        self._epoch = epoch
        return True

    def is_in_use(self) -> bool:
        """See `Database.is_in_use`."""
        with self.explained(), self.readers.connect() as connection:
            if not inspect(connection).has_table("writer"):
                return False
            found = connection.execute(text(_STATE)).first()
        return bool(found and found.connected and found.age < LEASE_SECONDS)

    def keep(self) -> None:
        """See `Database.keep`."""
        with self._leasing:
            self._keep()

    def _keep(self) -> None:
        if self._epoch is None:
            raise _lost()
        try:
            with self.explained():
                assert self._leased
                self._renew(self._leased, _NOW)
        except StoreError:
            self._forget()
            raise

    def release(self) -> None:
        """See `Database.release`."""
        with self._leasing:
            if self._epoch is not None and self._leased is not None:
                with suppress(StoreError), self.explained():
                    self._renew(self._leased, "0")
            self._forget()

    def _forget(self) -> None:
        """Be no writer any more."""
        self._epoch = None
        if self._leased:
            self._leased.invalidate()
            self._leased.close()
            self._leased = None

    def _renew(self, connection: Connection, until: str) -> None:
        statement = text(f"UPDATE writer SET renewed_at = {until} WHERE epoch = :epoch")  # noqa: S608
        if connection.execute(statement, {"epoch": self._epoch}).rowcount == 0:
            raise _lost()

    def lock(self, connection: Connection, *, fenced: bool) -> None:
        """See `Database.lock`."""
        # A writer that stands still in a transaction, as on a paused machine, is thrown out by the server.
        connection.exec_driver_sql(f"SET LOCAL idle_in_transaction_session_timeout = {1000 * LEASE_SECONDS:.0f}")
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), _LOCK)
        if fenced:
            epoch = connection.execute(text("SELECT epoch FROM writer")).scalar()
            if self._epoch is None or epoch != self._epoch:
                self._forget()
                raise _lost()

    def announce(self, connection: Connection) -> None:
        """See `Database.announce`."""
        connection.exec_driver_sql(f"NOTIFY {_CHANNEL}")

    def wait(self, seconds: float, stop: Event) -> None:
        """See `Database.wait`."""
        until = time.monotonic() + seconds
        with self.explained():
            try:
                if self._listening is None:
                    self._listening = self._lone.connect()
                    self._listening.exec_driver_sql(f"LISTEN {_CHANNEL}")
                    return  # what was announced before is not
                while not stop.is_set() and time.monotonic() < until:
                    driver: Any = self._listening.connection.driver_connection
                    if [*driver.notifies(timeout=min(0.5, max(0.0, until - time.monotonic())), stop_after=1)]:
                        return
            except BaseException:
                if self._listening:
                    self._listening.invalidate()
                    self._listening.close()
                    self._listening = None
                raise

    def compact(self) -> None:
        """See `Database.compact`. Space at the end of a table is given back, the rest is marked as free."""
        with self.explained(), self._lone.connect() as connection:
            connection.exec_driver_sql("VACUUM")

    def close(self) -> None:
        """See `Database.close`."""
        super().close()
        if self._listening:
            self._listening.close()
        self._lone.dispose()

    def _explanation(self, error: BaseException, reason: str) -> StoreError:
        where = f"the database {self._where}"
        state = getattr(error, "sqlstate", None) or ""
        if type(error).__name__ in {"OperationalError", "InterfaceError"} or state.startswith(("08", "57P")):
            return StoreAway(f"{where} is unreachable: {reason}", remedy="look at the database server")
        return StoreError(f"{where} failed: {reason}", remedy="look at the log of the database server")


_NOW: Final = "extract(epoch FROM clock_timestamp())"
"""One clock for all monitors: the server's."""
_CONNECTED: Final = "EXISTS (SELECT FROM pg_stat_activity WHERE pid = session)"
_STATE: Final = f"SELECT epoch, {_NOW} - renewed_at AS age, {_CONNECTED} AS connected FROM writer"  # noqa: S608


def _lost() -> StoreLost:
    return StoreLost("another pool-monitor writes the database now")
