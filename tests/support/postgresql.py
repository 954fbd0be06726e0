"""A real PostgreSQL server, and databases of their own for tests."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Self

import psycopg

from support.services import free_port, program, tail, wait_until

_FAST = ("fsync=off", "full_page_writes=off", "max_connections=100", "shared_buffers=64MB")
"""No test cuts the power of the machine, and a killed server loses nothing that the system has."""
_numbers = count()


class Postgresql:
    """A server on 127.0.0.1, with a port and data that survive `stop` and `kill`.

    It refuses to run as root. As root, it is started as another user, who may read the folders of root.
    """

    def __init__(
        self, folder: Path, *settings: str, file_bytes: int | None = None, of: Postgresql | None = None
    ) -> None:
        """Make its data.

        Args:
            folder: where.
            settings: such as `max_connections=5`.
            file_bytes: the largest size of a file, as on a full disk.
            of: the running server that it is a read replica of.
        """
        self.port = free_port()
        self.data = folder / "data"
        self._file_bytes = file_bytes
        self._settings = (*_FAST, *settings)
        self._folder = folder
        self._free: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        if of:
            source = f"host=127.0.0.1 port={of.port} user=monitor"
            how = ("--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--wal-method=stream")
            self.run("pg_basebackup", f"--pgdata={self.data}", f"--dbname={source}", *how)
        elif not self.data.exists():
            options = ("--auth=trust", "--username=monitor", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
            self.run("initdb", "--pgdata", str(self.data), *options)

    def url(self, database: str = "postgres") -> str:
        """For `store.url`."""
        return f"postgresql+psycopg://monitor@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, which is used again afterwards: each costs 300 files."""
        if not self._free:
            self._free.append(f"test_{next(_numbers)}")
            self.execute(f"CREATE DATABASE {self._free[0]}")
        name = self._free.pop()
        yield self.url(name)
        self.disconnect(name)
        self.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public", name)
        self._free.append(name)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Execute a statement outside of a transaction; return its rows."""
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user="monitor", dbname=database, autocommit=True
        ) as connection:
            done = connection.execute(statement.encode())
            return done.fetchall() if done.description else []

    def disconnect(self, database: str) -> None:
        """End all connections to a database, as the server or the network does."""
        self.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")  # noqa: S608

    def start(self) -> None:
        """Start, and return when it accepts connections."""
        settings = (f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *self._settings)
        command = [
            str(program("postgres")),
            "-D",
            str(self.data),
            *(part for each in settings for part in ("-c", each)),
        ]
        if self._file_bytes:
            command = ["prlimit", f"--fsize={self._file_bytes}", *command]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*_as_user(), *command], cwd=self._folder, stdout=log, stderr=log)
        wait_until(self._answers, seconds=20, what="PostgreSQL to accept connections")

    def stop(self) -> None:
        """Stop, and end the connections of all clients."""
        process, self._process = self._running, None
        process.send_signal(signal.SIGINT)
        process.wait(60)

    def kill(self) -> None:
        """End it as a power cut would."""
        process, self._process = self._running, None
        process.send_signal(signal.SIGQUIT)  # its children end too, without writing anything
        process.wait(60)

    def run(self, name: str, *arguments: str) -> None:
        """Run a program of PostgreSQL to its end, as the user of the server."""
        subprocess.run([*_as_user(), str(program(name)), *arguments], check=True, cwd=self._folder, capture_output=True)

    @property
    def pid(self) -> int:
        """Its first process."""
        return self._running.pid

    @property
    def runs(self) -> bool:
        """Whether it was started, and did not end by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """The end of its log."""
        return tail(self._folder / "log")

    def _answers(self) -> bool:
        assert self._running.poll() is None, self.log
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server is not running"
        return self._process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()


def _as_user() -> Sequence[str]:
    """The beginning of a command that gives up root, but not the right to read root's folders."""
    if os.geteuid() != 0:
        return ()
    capabilities = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    return ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *capabilities)
