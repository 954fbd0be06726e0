"""Processes of the program, forked from one that has imported it.

Importing, and reading what comes with the program, is nine tenths of what a start costs, and the tests start the
program some hundred times. Everything else is as in a process that starts from nothing: arguments, environment, folder,
streams, signals and exit status. Tests of the command itself, of its imports and of what a service manager starts use
such processes.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import context, forkserver, get_context
from pathlib import Path
from subprocess import CompletedProcess
from types import TracebackType
from typing import Protocol, Self
from unittest import mock

from support.clock import follow
from support.stacks import tell_on

POOL_MONITOR = [sys.executable, "-m", "monitor"]


class Process(Protocol):
    """What tests use of `subprocess.Popen`."""

    @property
    def pid(self) -> int:
        """The number of the process."""

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended.

        Raises:
            TimeoutExpired: it has not, after so many seconds.
        """

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it as a power cut would."""

    def __enter__(self) -> Self:
        """Nothing happens."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Wait until it has ended."""


def start(
    *arguments: str,
    environment: Mapping[str, str],
    folder: Path,
    output: Path,
    command: Sequence[str] = (),
    clock: Path | None = None,
) -> Process:
    """`pool-monitor` with these arguments, with nothing to read; what it prints is added to the file `output`.

    A `command` that becomes the program, such as one that takes rights away first, is run from nothing. The file of a
    `support.clock.Clock` sets the time of a process that is not.
    """
    output.touch()
    if not command and "COVERAGE_PROCESS_START" not in os.environ:
        return _Forked(arguments, {**environment}, folder, (output, output), clock)
    with output.open("ab") as log:
        return subprocess.Popen(
            [*(command or POOL_MONITOR), *arguments], env=environment, cwd=folder,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip


def run(*arguments: object, environment: Mapping[str, str], folder: Path | None = None) -> CompletedProcess[str]:
    """`pool-monitor` with these arguments, to its end."""
    given = [*map(str, arguments)]
    with tempfile.TemporaryDirectory(prefix="pool-monitor-test-") as place:
        output, errors = Path(place, "output"), Path(place, "errors")
        output.touch()
        errors.touch()
        status = _Forked(given, {**environment}, folder or Path(place), (output, errors)).wait()
        return CompletedProcess(given, status, output.read_text("utf-8"), errors.read_text("utf-8"))


class _Forked:
    """See `Process`."""

    def __init__(self, *how: object) -> None:
        self._process = _forks().Process(target=_run, args=how)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("pool-monitor", timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wait()


@cache
def _forks() -> context.ForkServerContext:
    forks = get_context("forkserver")
    forks.set_forkserver_preload(["support.prepared"])
    with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):  # else it would not find `support`
        forkserver.ensure_running()
    return forks


def _run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    streams: tuple[Path, Path],
    clock: Path | None = None,
) -> None:
    """Become the program."""
    from monitor.__main__ import main  # noqa: PLC0415 -- imported already

    for number, path in enumerate(streams, start=1):
        opened = os.open(path, os.O_WRONLY | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    if clock:
        follow(clock)
    tell_on(signal.SIGUSR2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.stdout.reconfigure(write_through="PYTHONUNBUFFERED" in environment)  # type: ignore[union-attr]
    sys.argv = ["pool-monitor", *arguments]
    try:
        main()
    finally:  # what the end of the interpreter does, which processes of `multiprocessing` do not come to
        threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001
        atexit._run_exitfuncs()  # noqa: SLF001
