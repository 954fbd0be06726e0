"""`pool-monitor demo`."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import Annotated

import typer

from monitor.cli.common import settings
from monitor.cli.run import interrupted, return_freed_memory
from monitor.config import Config, WebSection


def demo(
    *,
    seconds: Annotated[float, typer.Option(min=0.05, max=600, help="Seconds between blocks; 600 on mainnet.")] = 2.0,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on. Default: as configured.")
    ] = None,
) -> None:
    """Run the daemon without a node: an embedded node replays real mainnet history at high speed.

    The pools and times of the blocks are real (end of 2025); the blocks themselves are rebuilt with each pool's tag and
    payout address. Two blocks compete more often than on mainnet, to show reorganisations. All data is deleted at the
    end. Stop it with Ctrl-C.
    """
    found = settings(None, level=None)
    web = found.web.model_copy(update={"port": _usable(found.web, port)})
    return_freed_memory()
    asyncio.run(_run(found.model_copy(update={"web": web}), seconds))


def _usable(web: WebSection, wanted: int | None) -> int:
    """The port to listen on: any free one if the configured one is in use."""
    if wanted is not None:
        return wanted
    try:
        with socket.create_server((web.host, web.port)):
            return web.port
    except OSError:
        return 0


async def _run(config: Config, seconds: float) -> None:
    from monitor.cli import demo_daemon as app  # noqa: PLC0415 -- slow, and only needed here
    from monitor.embedded import replay  # noqa: PLC0415

    await app.run(config, interrupted(), play=partial(replay, seconds=seconds), listening=_announce)


def _announce(url: str) -> None:
    typer.echo(f"\n  Open {url} in a browser; {url}/metrics is for Prometheus.\n  Press Ctrl-C to stop.\n")
