"""Finding the real programs that tests run against, and running them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

import pytest

from support.forked import Process

CHECKOUT = Path(__file__).resolve().parents[2]


def program(name: str) -> Path:
    """The path of a service's program; where there is none the test skips, and with CI=true it fails.

    Looked for in the environment variable of its name (`$BITCOIND`), on PATH, then where `make services` puts it.
    """
    named = os.environ.get(name.upper().replace("-", "_"))
    if found := named or shutil.which(name) or shutil.which(name, path=CHECKOUT / ".services" / "bin"):
        return Path(found)
    reason = f"there is no {name}: `make services` fetches it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(port: int, path: str) -> bytes:
    """GET from a server on 127.0.0.1.

    Raises:
        OSError: nobody listens, or the answer is not 200; the message has the status and the body.
    """
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    if answer.status != 200:
        raise OSError(f"{path}: {answer.status} {answer.reason}: {body.decode(errors='replace')}")
    return body


PATIENCE = 6
"""How much longer than on a quiet machine anything may take. It costs no time where what is awaited comes."""


def pauses(first: float = 0.01) -> Iterator[float]:
    """Seconds between questions that are asked until something happens: longer and longer, up to a tenth of a second.

    Asked without a pause, a daemon would be kept from what is waited for.
    """
    while True:
        yield first
        first = min(1.1 * first, 0.1)


def wait_until(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Return as soon as `ready` says so.

    Args:
        ready: asked again and again.
        seconds: how long it may take on a quiet machine; on a busy one, `PATIENCE` times as long.
        what: what is waited for, for the message.

    Raises:
        AssertionError: it did not happen.
    """
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    for pause in pauses():
        if ready():
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain: {what}")
        time.sleep(pause)


def end(process: Process, *, seconds: float = 60) -> None:
    """Ask a process to stop, and make it when it does not."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def tail(path: Path, lines: int = 30) -> str:
    """The last lines of a log, as far as there is one."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else ""


class Service(ABC):
    """A program that runs in the background, with a log in its folder."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.folder = folder
        self._program = program
        self._arguments: Sequence[str] = ()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def log(self) -> str:
        """The end of what it has to say."""
        return tail(self.folder / "log")

    @property
    def pid(self) -> int:
        """The running process."""
        return self._running.pid

    def start(self) -> None:
        """Start, and return when it answers."""
        assert self._process is None, f"{self._program.name} is running already"
        with (self.folder / "log").open("ab") as log:
            command = [str(self._program), *self._arguments]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            wait_until(self._answers, seconds=60, what=f"{self._program.name} to answer")
        except AssertionError as error:
            self.kill()
            raise AssertionError(f"{error}\n{self.log}") from None

    def stop(self) -> None:
        """Let it end in order, if it runs."""
        if self._process is not None:
            end(self._process)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @abstractmethod
    def _probe(self) -> None:
        """Ask it something.

        Raises:
            OSError: it does not answer yet.
        """

    def _answers(self) -> bool:
        status = self._running.poll()
        assert status is None, f"{self._program.name} ended with status {status}"
        with suppress(OSError):
            self._probe()
            return True
        return False

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, f"{self._program.name} is not running"
        return self._process

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
