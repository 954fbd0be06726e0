"""`pool-monitor run`."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from monitor import logs
from monitor.config import Config, load
from monitor.memory import return_freed_memory

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="Configuration file. Default: pool-monitor.toml, if it exists."
    ),
]


def run(config: ConfigOption = None) -> None:
    """Run the daemon: follow the node, count the blocks of each pool, and serve the numbers.

    Runs until it is interrupted (Ctrl-C, SIGTERM). SIGUSR1 makes it ask the node for new blocks immediately. Settings
    come from a TOML file or from environment variables (POOL_MONITOR_NODE__URL=...); by default it uses a node on this
    machine with the default data directory.
    """
    settings = load(config)
    logs.configure(settings.log.level, settings.log.format)
    return_freed_memory()
    asyncio.run(_until_interrupted(settings))


async def _until_interrupted(settings: Config) -> None:
    from monitor import app as daemon  # noqa: PLC0415 -- slow, and only needed here

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await daemon.run(settings, stop)
