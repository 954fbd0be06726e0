"""SQLite: a file, and a lock beside it for its only writer."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, create_engine, event

from monitor.errors import StoreError, StoreInUse, StoreMissing, StoreRefused
from monitor.store.database import Database
from monitor.store.dialects import CACHE_KIB

_ELSEWHERE: Final = "choose another store.url"
_LOG_BYTES: Final = 8_388_608
"""Of the log beside the file, after what made it longer, such as a backfill or a long reading, is over: two times what
it usually reaches."""


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
            raise StoreMissing(f"no database at {self._path}", remedy="start the daemon first, or correct store.url")

    def take(self) -> bool:
        """See `Database.take`. The system releases the lock when the process dies."""
        if self._lock is not None:
            return True
        path = self._lock_path
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
                raise StoreError(f"{path} cannot be written ({error.strerror})", remedy=_ELSEWHERE) from None
            undone.pop_all()
        self._lock = lock
        self._guarded = {path: os.fstat(lock)}
        return True

    @property
    def _lock_path(self) -> Path:
        return self._path.with_name(self._path.name + ".lock")

    def is_in_use(self) -> bool:
        """See `Database.is_in_use`."""
        try:
            lock = os.open(self._lock_path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            pass  # there is none, or it cannot be opened for writing either
        else:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(lock)
        folder = next(each for each in self._path.absolute().parents if each.exists())
        for path in (folder, self._path, self._lock_path):
            if path.exists() and not os.access(path, os.W_OK, effective_ids=True):
                raise StoreError(f"{path} cannot be written (permission denied)", remedy=_ELSEWHERE)
        if not folder.is_dir():
            raise StoreError(f"{folder} cannot be written (not a folder)", remedy=_ELSEWHERE)
        return False

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

    def _choose_mode(self, *event: Any) -> None:  # noqa: ANN401 -- the types of SQLAlchemy and of the driver
        """Open a database that cannot be written as such, which creates no file beside it.

        SQLite needs files beside one in WAL mode. Where there are none and none can be made, it is a copy that nothing
        writes, and is read as immutable.
        """
        if self._lock is None and self._path.exists() and not self._is_writable():
            mode = "mode=ro" if self._wal.exists() else "mode=ro&immutable=1"
            _, _, arguments, options = event
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
        wal = ("journal_mode = WAL", f"journal_size_limit = {_LOG_BYTES}") if self._lock is not None else ()
        always = ("synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000", f"cache_size = -{CACHE_KIB}")
        for pragma in (*wal, *always):
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
