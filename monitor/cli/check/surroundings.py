"""What the daemon would find where it starts: its database, its address, and another daemon. Nothing is written."""

from __future__ import annotations

import asyncio
import json
import os
import socket

import aiohttp

from monitor.cli.check.finding import Finding, Grade, bad
from monitor.cli.status.client import Client
from monitor.config import Config
from monitor.errors import Exit, PoolMonitorError, StoreMissing, StoreOutdated
from monitor.store.engines import is_in_use
from monitor.store.store import Store

_TIMEOUT = aiohttp.ClientTimeout(total=3)
_MOST_BYTES = 65_536
_READY = {"ready", "waiting", "first_height"}
"""Fields of `/readyz`, by which a daemon is recognised."""


async def database(config: Config) -> tuple[Finding, bool]:
    """The state of the database, and whether a running daemon uses it."""
    in_use = False
    try:
        in_use = await asyncio.to_thread(is_in_use, config.store.url)
        async with await Store.open(config.store.url, beside=True) as store:
            first, tip = await store.first(), await store.tip()
    except StoreMissing:
        return Finding(Grade.GOOD, "There is no database yet: the daemon makes it."), in_use
    except StoreOutdated as error:
        return Finding(Grade.GOOD, f"{error.problem[0].upper()}{error.problem[1:]}: the daemon migrates it."), in_use
    except PoolMonitorError as error:
        return bad(error), in_use
    holds = f"blocks {first.height} to {tip.height}" if first and tip else "no block yet"
    state = "is used by a running daemon" if in_use else "opens"
    return Finding(Grade.GOOD, f"The database {state} and holds {holds}."), in_use


async def address(config: Config, *, running: bool) -> Finding:
    """Whether the daemon could listen, or does already."""
    where = f"{config.web.host}:{config.web.port}"
    try:
        with socket.create_server((config.web.host, config.web.port)):
            pass
    except OSError as error:
        if running or await _daemon_answers(config):
            return Finding(Grade.GOOD, f"The address {where} is used by the running daemon.")
        return Finding(
            Grade.BAD, f"Cannot listen on {where}: {os.strerror(error.errno or 0)}.",
            "Stop the program that listens there, or set another web.port.", exit_code=Exit.MISCONFIGURED,
        )  # fmt: skip
    return Finding(Grade.GOOD, f"The address {where} is free.")


async def _daemon_answers(config: Config) -> bool:
    """Whether a daemon answers at our address, which may have another database or run as another user."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(f"{Client(config).base}/readyz", allow_redirects=False) as response,
        ):
            answer = json.loads(await response.content.read(_MOST_BYTES))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and answer.keys() >= _READY
