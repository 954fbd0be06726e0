"""Restarts a failed output, so that its failure does not end the daemon."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

from monitor.logs import log_failure
from monitor.vitals import Vitals

_LONGEST_PAUSE = 60.0
_STEADY_SECONDS = 60.0
"""After a run of this length the pause starts at its minimum again."""

_T = TypeVar("_T")


async def apart(work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`, which runs in a task of its own, so that its end cannot hide ours.

    Until Python 3.13, a task group of which a task fails while it is cancelled raises the failure alone. Code
    that handles that failure and continues would never end.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return task.result()


async def supervised(name: str, run: Callable[[], Coroutine[Any, Any, NoReturn]], vitals: Vitals) -> NoReturn:
    """Run for ever; an exception is logged and counted, and `run` is restarted after a pause."""
    failures = 0
    while True:
        began = time.monotonic()
        try:
            await apart(run())
        except Exception as error:  # noqa: BLE001 -- whatever it is, the output is started again
            vitals.errors.labels("output").inc()
            log_failure("output failed, restarting", error, output=name)
        failures = 1 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
        await asyncio.sleep(min(_LONGEST_PAUSE, 2.0 ** (failures - 1)))
