"""Reloads files while the daemon runs: when they change, and on SIGHUP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import structlog

from monitor import process_signals
from monitor.errors import ConfigError
from monitor.vitals import Vitals

_POLL_SECONDS = 2.0
REJECTED: Final = {
    "registry": "registry rejected, previous registry kept",
    "rules": "alert rules rejected, previous rules kept",
    "tokens": "tokens rejected, previous tokens kept",
}
"""The log event for files that cannot be used, by kind of error."""

_T = TypeVar("_T")

log = structlog.get_logger()


class ReloadSignal:
    """SIGHUP, passed on to everything that reads files."""

    def __init__(self) -> None:
        self._events: list[asyncio.Event] = []
        process_signals.listen(signal.SIGHUP, self.set)

    def set(self) -> None:
        """Request a reload, as SIGHUP does."""
        for event in self._events:
            event.set()

    def listen(self) -> asyncio.Event:
        """An event that is set at each signal."""
        self._events.append(asyncio.Event())
        return self._events[-1]


async def keep_current(
    paths: Callable[[], Sequence[Path]],
    load: Callable[[], _T],
    adopt: Callable[[_T], Awaitable[None]],
    *,
    kind: str,
    reload: ReloadSignal,
    vitals: Vitals,
) -> NoReturn:
    """Call `adopt` with what `load` returns each time that the files have changed.

    Invalid files are logged with the reason, and what was loaded before stays in use.

    Args:
        paths: the files.
        load: reads them, on another thread; may raise `ConfigError`.
        adopt: called with the result.
        kind: `registry`, `rules` or `tokens`, the label of its errors.
        reload: requests a reload although no file has changed.
        vitals: counts the errors.
    """
    note_modified(paths(), kind, vitals)
    async for _ in _changes(paths, reload):
        note_modified(paths(), kind, vitals)
        try:
            found = await asyncio.to_thread(load)
        except ConfigError as error:
            vitals.errors.labels(kind).inc()
            log.error(REJECTED[kind], reason=str(error))  # noqa: TRY400 -- no traceback
        else:
            await adopt(found)
    raise AssertionError("file changes never end")


async def _changes(paths: Callable[[], Sequence[Path]], reload: ReloadSignal) -> AsyncIterator[None]:
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


def note_modified(paths: Sequence[Path], kind: str, vitals: Vitals) -> None:
    """Publish when the newest of these files was changed, if there is any."""
    if times := [stamp[0] for stamp in _stamps(paths) if stamp]:
        vitals.input_modified.labels(kind).set(max(times) / 1e9)


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
