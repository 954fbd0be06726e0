"""The demo invents blocks where its history ends, goes on at heights where chains part, and forgets the oldest."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
import pytest
from support.services import PATIENCE

from monitor.cli import demo_daemon
from monitor.config import Config, WebSection
from monitor.consensus.identity import FORKS
from monitor.embedded import mainnet, replay


async def watch(until: Callable[[dict[str, Any]], bool], *, seconds: float) -> None:
    """Run a demo, with a block each so many seconds, until its status is as wanted."""
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    demo = asyncio.create_task(
        demo_daemon.run(
            Config(web=WebSection(port=0), windows="24h"),  # type: ignore[arg-type] # as in the file
            stop, play=partial(replay, seconds=seconds), listening=listening.set_result,
        )
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession(await listening) as client, asyncio.timeout(30 * PATIENCE):
            while True:
                async with client.get("/api/v1/status") as response:
                    status = json.loads(await response.read())
                assert status["waiting"] in {None, "catching up with the node"}
                if status["tip"] and until(status):
                    break
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await demo


async def test_it_follows_blocks_that_bitcoin_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    part = max(fork.height for fork in FORKS if fork.network == "main")
    newest = mainnet()[-1_200:]
    later = tuple(replace(each, height=part + 100 + index) for index, each in enumerate(newest))
    monkeypatch.setattr(demo_daemon, "mainnet", lambda: later)

    await watch(lambda status: bool(status["tip"]["height"] > later[-1_000].height), seconds=0.05)


async def test_it_forgets_old_blocks_however_fast_new_ones_come(monkeypatch: pytest.MonkeyPatch) -> None:
    history = mainnet()[-1_300:]
    monkeypatch.setattr(demo_daemon, "mainnet", lambda: history)
    monkeypatch.setattr(demo_daemon, "_STORED", 200)
    monkeypatch.setattr(demo_daemon, "_TRIM_BLOCKS", 50)
    monkeypatch.setattr(demo_daemon, "_LOOK_SECONDS", 0.05)

    await watch(lambda status: bool(status["first_height"] > history[0].height + 100), seconds=0.02)
