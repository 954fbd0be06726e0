"""The demo invents blocks where its history ends, and goes on at heights where chains part."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import aiohttp
import pytest
from support.services import PATIENCE

from monitor.cli import demo_daemon
from monitor.config import Config, WebSection
from monitor.consensus.identity import FORKS
from monitor.embedded import mainnet


async def test_it_follows_blocks_that_bitcoin_does_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    part = max(fork.height for fork in FORKS if fork.network == "main")
    newest = mainnet()[-1_200:]
    later = tuple(replace(each, height=part + 100 + index) for index, each in enumerate(newest))
    monkeypatch.setattr(demo_daemon, "mainnet", lambda: later)
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    demo = asyncio.create_task(
        demo_daemon.run(
            Config(web=WebSection(port=0), windows="24h"),  # type: ignore[arg-type] # as in the file
            stop, seconds_per_block=0.05, listening=listening.set_result,
        )
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession(await listening) as client, asyncio.timeout(30 * PATIENCE):
            while True:
                async with client.get("/api/v1/status") as response:
                    status = json.loads(await response.read())
                assert status["waiting"] in {None, "catching up with the node"}
                if status["tip"] and status["tip"]["height"] > later[-1_000].height:
                    break
                await asyncio.sleep(0.05)
    finally:
        stop.set()
        await demo
