"""Parts of the daemon that run together: the first error ends all of them, and in the worst case the process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import ExitStack
from typing import Any, Final

from monitor import logs, process_signals
from monitor.errors import Exit, explanations

END_SECONDS: Final = 60.0
"""After an error, for the other parts to end: longer than the longest wait for a database server."""


async def all_or_none(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all parts until one ends; raise its error, alone.

    The others are cancelled. If one of them is still running after `END_SECONDS`, the process ends, so that a service
    manager restarts it: a monitor that waits for it would show old numbers without saying so.
    """
    with ExitStack() as ended:

        async def run(part: Coroutine[Any, Any, None]) -> None:
            try:
                await part
            except Exception as error:
                deadline = asyncio.get_running_loop().call_later(END_SECONDS, _end_process, error)
                ended.callback(deadline.cancel)
                raise

        try:
            async with asyncio.TaskGroup() as group:
                for part in parts:
                    group.create_task(run(part))
        except BaseExceptionGroup as several:
            # The first failure cancels the other tasks, so there is usually one; several are raised together.
            raise several.exceptions[0] if len(several.exceptions) == 1 else several from None


async def first_of(*parts: Awaitable[None]) -> None:
    """Run until one of the parts ends, and return or raise as it does; the others are cancelled."""
    running = [asyncio.ensure_future(part) for part in parts]
    try:
        ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for each in ended:
        each.result()


def _end_process(error: Exception) -> None:
    logs.log_failure("a part of the daemon did not stop after an error, exiting", error)
    process_signals.end_at_once(max((each.exit_code for each in explanations(error)), default=Exit.CRASHED))
