"""What is read from files, kept up to date while the daemon runs: on a change of its files, and on SIGHUP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path

_LOOK_SECONDS = 2.0


class ReloadSignal:
    """SIGHUP, for everyone who reads files."""

    def __init__(self) -> None:
        self._asked: list[asyncio.Event] = []
        with suppress(NotImplementedError, ValueError, RuntimeError):  # no signals outside the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self.ring)

    def ring(self) -> None:
        """Ask everyone to read again."""
        for asked in self._asked:
            asked.set()

    def listen(self) -> asyncio.Event:
        """An event that each signal sets."""
        self._asked.append(asyncio.Event())
        return self._asked[-1]


async def changes(paths: Callable[[], Sequence[Path]], hangups: ReloadSignal) -> AsyncIterator[None]:
    """Yield whenever one of the files is another than it was, and when asked to."""
    asked = hangups.listen()
    seen = _stamps(paths())
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await asked.wait()
        found = _stamps(paths())
        if found != seen or asked.is_set():
            seen = found
            asked.clear()
            yield


def _stamps(paths: Sequence[Path]) -> list[tuple[int, int] | None]:
    """When each file changed last, and how long it is; None for one that is not there."""
    stamps: list[tuple[int, int] | None] = []
    for path in paths:
        try:
            found = path.stat()
            stamps.append((found.st_mtime_ns, found.st_size))
        except OSError:
            stamps.append(None)
    return stamps
