"""What is known of pools, kept up to date while the daemon runs: on a change of its files, and on SIGHUP."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import structlog

from monitor.app.registry import Knowledge, files, load_knowledge
from monitor.config import RegistrySection
from monitor.errors import RegistryError
from monitor.vitals import Vitals

_LOOK_SECONDS = 2.0

log = structlog.get_logger()


async def keep_current(
    section: RegistrySection, network: str, adopt: Callable[[Knowledge], Awaitable[None]], vitals: Vitals
) -> NoReturn:
    """Call `adopt` with what the files say now whenever they say something else.

    What cannot be used is refused with the reason, and the old stays.
    """
    asked = asyncio.Event()
    with suppress(NotImplementedError, ValueError, RuntimeError):  # no signals outside the main thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    seen = _stamps(files(section))
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_SECONDS):
                await asked.wait()
        found = _stamps(files(section))
        if found == seen and not asked.is_set():
            continue
        seen = found
        asked.clear()
        try:
            knowledge = await asyncio.to_thread(load_knowledge, section, network, forgiving=False)
        except RegistryError as error:
            vitals.errors.labels("registry").inc()
            log.error("the registry was refused; the old one stays", reason=str(error))  # noqa: TRY400 -- no trace
            continue
        await adopt(knowledge)


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
