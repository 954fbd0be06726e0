"""An observer that answers with whatever JSON spoils nothing but itself."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.daemon import Inside, inside
from support.faulty import Answer, FaultyProxy

from monitor.config import Config

pytestmark = pytest.mark.service("bitcoind")

ANSWERS: tuple[Any, ...] = (
    None, 5, "no hash", [], {}, {"hash": "ab" * 32}, [{"height": 10**400, "hash": 1, "branchlen": -1}], "ab" * 32,
    {"height": -1, "time": 10**30, "bits": "zz", "version": None, "chainwork": "ff" * 1000, "confirmations": "x"},
)  # fmt: skip


def answer(result: Any) -> Answer:  # noqa: ANN401 -- any JSON
    return Answer(200, json.dumps({"result": result, "error": None, "id": 1}).encode(), "application/json")


async def until(daemon: Inside, *, up: bool) -> dict[str, Any]:
    """The observer, once it is so."""
    async with asyncio.timeout(120):
        while True:
            if daemon.task.done():
                await daemon.task
            observer: dict[str, Any] = (await daemon.ask("/api/v1/nodes"))["nodes"][1]
            if observer["up"] is up:
                return observer
            await asyncio.sleep(0.05)


async def test_any_answer_of_an_observer_is_survived(bitcoind: Bitcoind, tmp_path: Path) -> None:
    own = {"url": bitcoind.url, "cookie_file": bitcoind.cookie_file, "poll_seconds": 0.2}
    await asyncio.to_thread(bitcoind.call, "generatetodescriptor", 3, "raw(51)")
    async with FaultyProxy(bitcoind.url) as proxy:
        nodes = [own | {"name": "home"}, own | {"name": "strange", "url": proxy.url, "zmq": "off"}]
        store = {"url": f"sqlite:///{tmp_path / 'blocks.sqlite'}"}
        config = Config.model_validate({"nodes": nodes, "store": store, "web": {"port": 0}})
        async with inside(config) as daemon:
            await daemon.wait_for(await asyncio.to_thread(bitcoind.call, "getbestblockhash"), seconds=20)
            await until(daemon, up=True)
            for result in ANSWERS:
                proxy.fault = lambda _request, result=result: answer(result)  # type: ignore[misc]
                [tip] = await asyncio.to_thread(bitcoind.call, "generatetodescriptor", 1, "raw(51)")
                await daemon.wait_for(tip, seconds=20)
                observer = await until(daemon, up=False)
                assert observer["reason"]
                proxy.fault = lambda _request: None
                await until(daemon, up=True)
