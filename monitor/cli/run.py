"""`pool-monitor run`."""

from __future__ import annotations

import asyncio
import ctypes
import signal
from contextlib import suppress

from monitor import process_signals
from monitor.cli.common import ConfigOption, settings
from monitor.config import Config

_TRIM_THRESHOLD, _ARENA_MAX = -1, -8  # malloc.h
_KEEP_BYTES = 131_072


def run(config: ConfigOption = None) -> None:
    """Run the daemon: follow the node, count the blocks of each pool, and serve the numbers.

    Runs until it is interrupted (Ctrl-C, SIGTERM). SIGUSR1 makes it ask the node for new blocks immediately. Settings
    come from a TOML file or from environment variables (POOL_MONITOR_NODE__URL=...); by default it uses a node on this
    machine with the default data directory.
    """
    found = settings(config, level=None)
    return_freed_memory()
    asyncio.run(_run(found))


async def _run(config: Config) -> None:
    from monitor import app as daemon  # noqa: PLC0415 -- slow, and only needed here

    await daemon.run(config, interrupted())


def interrupted() -> asyncio.Event:
    """An event that is set by Ctrl-C and SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        process_signals.listen(number, stop.set)
    return stop


def return_freed_memory() -> None:
    """Have glibc return freed memory to the system: by default it keeps 25 MB after a few estimates.

    Other C libraries have no such setting and are left as they are.
    """
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_TRIM_THRESHOLD, _KEEP_BYTES)
