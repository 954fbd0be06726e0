"""The two databases: connections, locks, and the right to write. `dialects` has the statements that differ.

The rest of the store does not know which of them it uses.

A write transaction locks the database before it reads anything, so that writers of several processes follow one
another: SQLite by BEGIN IMMEDIATE, PostgreSQL by an advisory lock. A read transaction sees one state to its end.

One process at a time is the writer of history. With SQLite it holds a lock on a file beside the database. With
PostgreSQL it has a lease, a row of the table `writer` that it renews, with a number (epoch) that is one higher for each
new writer. Every transaction of a writer compares the number, so that one whose lease another process has taken over,
as after a pause of its machine, changes nothing any more (fencing).
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.pool import NullPool

from monitor.errors import ExtraMissing, StoreAway, StoreError, StoreInUse, StoreLost, StoreRefused
from monitor.store.database import Database

LEASE_SECONDS: Final = 6.0
"""A writer that has not renewed its lease for this long is replaced."""
_LOCK: Final = {"key": 0x706F6F6C}
"""Key of the advisory lock of a transaction that writes. It belongs to one database of the server."""
_CHANNEL: Final = "pool_monitor"


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


class Sqlite(Database):
    """A file, and a lock beside it."""

    def __init__(self, url: str) -> None:
        engine = create_engine(url)
        super().__init__(engine)
        self.writers = engine.execution_options(writes=True)
        self._path = Path(engine.url.database or "")
        self._guarded: dict[Path, os.stat_result] = {}
        """The files that must stay the same while this process is the writer, as they were at the start."""
        self._lock: int | None = None
        if engine.url.database in {None, "", ":memory:"}:
            raise StoreRefused(
                "store.url does not name a file, so nothing would be kept", remedy="write sqlite:////path/to/a/file"
            )
        event.listen(engine, "do_connect", self._choose_mode)
        event.listen(engine, "connect", self._prepare)
        event.listen(engine, "begin", self._begin)

    def demand(self) -> None:
        """See `Database.demand`."""
        if not self._path.is_file():
            raise StoreRefused(f"no database at {self._path}", remedy="start the daemon first, or correct store.url")

    def take(self) -> bool:
        """See `Database.take`. The system releases the lock when the process dies."""
        if self._lock is not None:
            return True
        path = self._path.with_name(self._path.name + ".lock")
        with ExitStack() as undone:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
                undone.callback(os.close, lock)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StoreInUse(
                    f"another pool-monitor uses {self._path}",
                    remedy="stop it, or choose another store.url for this one",
                ) from None
            except OSError as error:
                raise StoreError(
                    f"{path} cannot be written ({error.strerror})", remedy="choose another store.url"
                ) from None
            undone.pop_all()
        self._lock = lock
        self._guarded = {path: os.fstat(lock)}
        return True

    def keep(self) -> None:
        """See `Database.keep`: the lock and the database must be the files that were opened."""
        if self._lock is None:
            return
        if self._path not in self._guarded:
            self._guarded[self._path] = self._path.stat()
        for path, opened in self._guarded.items():
            try:
                same = os.path.samestat(path.stat(follow_symlinks=path == self._path), opened)
            except FileNotFoundError:
                same = False
            if not same:
                raise StoreError(
                    f"{path} was deleted or replaced while it was in use", remedy="restore it, then start again"
                )

    def release(self) -> None:
        """See `Database.release`."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def lock(self, connection: Connection, *, fenced: bool) -> None:  # noqa: ARG002 -- `_begin` did
        """See `Database.lock`."""
        self.keep()

    def _choose_mode(self, _dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
        """Open a database that cannot be written as such, which creates no file beside it.

        SQLite needs files beside one in WAL mode. Where there are none and none can be made, it is a copy that nothing
        writes, and is read as immutable.
        """
        if self._lock is None and self._path.exists() and not self._is_writable():
            mode = "mode=ro" if self._wal.exists() else "mode=ro&immutable=1"
            arguments[0] = f"{self._path.absolute().as_uri()}?{mode}"
            options["uri"] = True

    def _is_writable(self) -> bool:
        return all(os.access(each, os.W_OK, effective_ids=True) for each in (self._path, self._path.absolute().parent))

    @property
    def _wal(self) -> Path:
        return self._path.with_name(self._path.name + "-wal")

    def _prepare(self, connection: Any, _record: object) -> None:  # noqa: ANN401 -- the driver's own type
        """WAL: readers never wait for the writer, which turns it on. FULL: what is committed outlasts a power cut.

        The driver would begin a transaction only before it changes rows: not for a migration, nor for several queries
        that must see the same state. So it is told to begin none, and `_begin` does.
        """
        connection.isolation_level = None
        pragmas = ("journal_mode = WAL",) if self._lock is not None else ()
        for pragma in (*pragmas, "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000"):
            connection.execute(f"PRAGMA {pragma}")

    @staticmethod
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    def compact(self) -> None:
        """See `Database.compact`. The file is written anew, and the log beside it is emptied."""
        with self.explained(), closing(self.readers.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _explanation(self, error: BaseException, reason: str) -> StoreError:  # noqa: ARG002 -- the text says more
        if "not a database" in reason:
            return StoreRefused(f"{self._where} is not a database", remedy="choose another store.url")
        if "malformed" in reason or "corrupt" in reason:
            return StoreRefused(
                f"the database {self._where} is damaged: {reason}",
                remedy="run `pool-monitor db check`, and restore a backup",
            )
        if "readonly database" in reason:
            return StoreError(
                f"the database {self._where} can only be read", remedy="run as a user that may write file and folder"
            )
        return StoreError(
            f"the database {self._where} failed: {reason}", remedy="look at the disk's space and the file's owner"
        )


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
                raise StoreRefused(
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
        with self.explained():
            if self._listening is None:
                self._listening = self._lone.connect()
                self._listening.exec_driver_sql(f"LISTEN {_CHANNEL}")
                return  # what was announced before is not
            until = time.monotonic() + seconds
            try:
                while not stop.is_set() and time.monotonic() < until:
                    driver: Any = self._listening.connection.driver_connection
                    if [*driver.notifies(timeout=min(0.5, max(0.0, until - time.monotonic())), stop_after=1)]:
                        return
            except BaseException:
                self._listening.invalidate()
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
