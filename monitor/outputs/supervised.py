"""Restarts a failed output, so that its failure does not end the daemon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from monitor.errors import PoolMonitorError
from monitor.vitals import Vitals

_LONGEST_PAUSE = 60.0
_STEADY_SECONDS = 60.0
"""After a run of this length the pause starts at its minimum again."""

log = structlog.get_logger()


def raise_cancellation() -> None:
    """Raise if this task was cancelled.

    For handlers of exceptions: a task group of which a task fails while it is cancelled raises the failure alone, and
    whoever handles that and goes on would never end.
    """
    task = asyncio.current_task()
    if task and task.cancelling():
        raise asyncio.CancelledError


async def supervised(name: str, run: Callable[[], Awaitable[NoReturn]], vitals: Vitals) -> NoReturn:
    """Run for ever; an exception is logged and counted, and `run` is restarted after a pause."""
    failures = 0
    while True:
        began = time.monotonic()
        try:
            await run()
        except Exception as error:
            raise_cancellation()
            vitals.errors.labels("output").inc()
            if isinstance(error, PoolMonitorError):  # says itself what is wrong
                log.error("output failed, restarting", output=name, reason=str(error))  # noqa: TRY400
            else:
                log.exception("output failed, restarting", output=name)
        failures = 1 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
        await asyncio.sleep(min(_LONGEST_PAUSE, 2.0 ** (failures - 1)))
