"""Writes log lines without waiting for whatever reads them.

A thread writes the lines to a file descriptor. Where that is blocked (a pipe that is not read), lines are kept up to a
limit, and later ones are dropped and counted. Where it fails (closed, or the disk is full), lines are dropped and
counted too. So the log neither stops nor ends the process.
"""

from __future__ import annotations

import atexit
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from functools import cache

_MOST_BYTES = 1 << 20
"""Of lines that wait: some thousands."""
_EXIT_SECONDS = 1.0
"""Time that waiting lines have at the end of the process."""


class LogWriter:
    """A stream of lines on a file descriptor; `write` returns at once.

    Args:
        descriptor: where the lines go.
        most_bytes: of lines that wait.
    """

    def __init__(self, descriptor: int, *, most_bytes: int = _MOST_BYTES) -> None:
        self.on_drop: Callable[[], None] = lambda: None
        """Called for each line that is dropped, on any thread."""
        self.on_resume: Callable[[int], None] = lambda _lines: None
        """Called with the number of lines dropped since the last call, once no line waits any more."""
        self._descriptor = descriptor
        self._most_bytes = most_bytes
        self._lines: deque[bytes] = deque()
        """The first one is being written."""
        self._bytes = 0
        self._dropped = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> None:
        """Queue text, which should end with a newline."""
        line = text.encode("utf-8", "backslashreplace")
        with self._changed:
            if fits := self._bytes + len(line) <= self._most_bytes:
                self._bytes += len(line)
                self._lines.append(line)
                self._changed.notify_all()
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                    self._thread.start()
        if not fits:
            self._drop()

    def flush(self) -> None:
        """Nothing: lines are written as soon as the descriptor takes them."""

    def drain(self, seconds: float) -> None:
        """Wait until all lines are written, or for as long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._lines, seconds)

    def _drop(self) -> None:
        with self._changed:
            self._dropped += 1
        self.on_drop()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                line = self._lines[0]
            written = self._written(line)
            with self._changed:
                self._lines.popleft()
                self._bytes -= len(line)
                resumed = self._dropped if written and not self._lines else 0
                self._dropped -= resumed
                self._changed.notify_all()
            if not written:
                self._drop()
            if resumed:
                self.on_resume(resumed)

    def _written(self, line: bytes) -> bool:
        while line:
            try:
                line = line[os.write(self._descriptor, line) :]
            except BlockingIOError:
                select.select([], [self._descriptor], [])
            except OSError:
                return False
        return True


@cache
def writer_of(descriptor: int) -> LogWriter:
    """The one writer to a descriptor; its waiting lines are written at the end of the process."""
    writer = LogWriter(descriptor)
    atexit.register(writer.drain, _EXIT_SECONDS)
    return writer
