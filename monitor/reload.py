"""When to reload files while the daemon runs: when they change, and on SIGHUP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path

_POLL_SECONDS = 2.0


class ReloadSignal:
    """SIGHUP, passed on to everything that reads files."""

    def __init__(self) -> None:
        self._events: list[asyncio.Event] = []
        with suppress(NotImplementedError, ValueError, RuntimeError):  # no signals outside the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.set)

    def set(self) -> None:
        """Request a reload, as SIGHUP does."""
        for event in self._events:
            event.set()

    def listen(self) -> asyncio.Event:
        """An event that is set at each signal."""
        self._events.append(asyncio.Event())
        return self._events[-1]


async def changes(paths: Callable[[], Sequence[Path]], reload: ReloadSignal) -> AsyncIterator[None]:
    """Yield each time that one of the files has changed or the signal has come."""
    requested = reload.listen()
    seen = _stamps(paths())
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_POLL_SECONDS):
                await requested.wait()
        found = _stamps(paths())
        if found != seen or requested.is_set():
            seen = found
            requested.clear()
            yield


def _stamps(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """Modification time and size of each file; None for a missing one."""
    stamps: list[tuple[int, int] | None] = []
    for path in paths:
        try:
            found = path.stat()
            stamps.append((found.st_mtime_ns, found.st_size))
        except OSError:
            stamps.append(None)
    return stamps
