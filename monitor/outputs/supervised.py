"""Leaves that retry: an output that fails is started again, and takes nobody with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from monitor.vitals import Vitals

_LONGEST_PAUSE = 60.0
_STEADY_SECONDS = 60.0
"""Who ran for so long begins again with the shortest pause."""

log = structlog.get_logger()


async def supervised(name: str, run: Callable[[], Awaitable[NoReturn]], vitals: Vitals) -> NoReturn:
    """Run it for ever. What it raises is a defect: told with its trace, counted, and followed by a pause."""
    failures = 0
    while True:
        began = time.monotonic()
        try:
            await run()
        except Exception:
            vitals.errors.labels("output").inc()
            log.exception("an output failed and is started again", output=name)
        failures = 1 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
        await asyncio.sleep(min(_LONGEST_PAUSE, 2.0 ** (failures - 1)))
