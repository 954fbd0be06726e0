"""What the store needs of a database; `engines` has the two kinds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Final

from sqlalchemy import Connection, Engine, exc

from monitor.errors import StoreError
from monitor.store.migrations import migrate

KEEP_SECONDS: Final = 2.0
"""Between two calls of `Database.keep`."""


class Database(ABC):
    """A database, and the right to write it."""

    shared = False
    """Whether several processes may have it open, one of them as the writer."""

    def __init__(self, engine: Engine) -> None:
        self.readers = engine
        """Connections for one read transaction after another."""
        self.writers = engine
        """Connections for one write transaction after another."""
        self._where = engine.url.render_as_string(hide_password=True)

    @abstractmethod
    def demand(self) -> None:
        """Raise if there is no database to read."""

    @abstractmethod
    def take(self) -> bool:
        """Become the writer; False if another process is."""

    @abstractmethod
    def is_in_use(self) -> bool:
        """Whether another process is the writer; raise if there is none and this one could not be."""

    @abstractmethod
    def keep(self) -> None:
        """Renew the right to write; raise if it is lost."""

    @abstractmethod
    def release(self) -> None:
        """End the right to write, if this process has it."""

    @abstractmethod
    def lock(self, connection: Connection, *, fenced: bool) -> None:
        """Begin a write transaction, which is `fenced` if only the writer may do it."""

    def migrate(self) -> None:
        """Bring the schema up to date; of a database that cannot be shared, as its writer from then on."""
        if not self.shared:
            self.take()
        with self.explained(), self.writers.begin() as connection:
            self.lock(connection, fenced=False)
            migrate(connection)

    def announce(self, connection: Connection) -> None:  # noqa: B027 -- without other processes there is no one to wake
        """Wake those who `wait`, when the transaction is committed."""

    def wait(self, seconds: float, stop: Event) -> None:
        """Return when a process has announced a change, or after some seconds. A hint may be lost."""
        stop.wait(seconds)

    @abstractmethod
    def compact(self) -> None:
        """Give the space of deleted rows back, as far as that is possible."""

    def close(self) -> None:
        """Close all connections, then end the right to write."""
        self.readers.dispose()
        self.release()

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Translate the database's errors into ours, in one sentence."""
        try:
            yield
        except (exc.DBAPIError, self.readers.dialect.loaded_dbapi.Error) as error:
            cause = error.orig if isinstance(error, exc.DBAPIError) else error
            raise self._explanation(cause or error, str(cause).splitlines()[0]) from error

    @abstractmethod
    def _explanation(self, error: BaseException, reason: str) -> StoreError:
        """Our error for one of the driver's."""
