"""With the default configuration the daemon connects to its node, and to nothing else."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import aiohttp
import pytest

from monitor import app as daemon
from monitor.config import Config, EconomySection
from monitor.embedded import EmbeddedNode

Asked = list[tuple[str, object]]
_watching: list[Asked] = []


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        _watching[-1].append((event, arguments[1] if event in {"socket.connect", "socket.sendto"} else arguments[0]))


sys.addaudithook(_watch)


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Every connection that this process begins, and every name that it looks up."""
    found: Asked = []
    _watching.append(found)
    yield found
    _watching.remove(found)


async def test_no_connection_goes_out_by_default(tmp_path: Path, asked: Asked) -> None:
    assert EconomySection().update == "off"
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with EmbeddedNode() as node:
        for _ in range(20):
            node.mine()
        config = Config.model_validate({
            "node": {"url": node.url, "cookie_file": node.cookie_file},
            "store": {"url": f"sqlite:///{tmp_path}/blocks.sqlite"}, "web": {"port": 0},
        })  # fmt: skip
        running = asyncio.create_task(daemon.run(config, stop, listening=listening.set_result))
        url = await listening
        async with aiohttp.ClientSession(url) as session:

            async def compared() -> bool:
                async with session.get("/api/v1/economy") as response:
                    return response.status == 200 and bool((await response.json())["comparisons"][0]["ai"])

            async with asyncio.timeout(60):
                for _ in count():
                    if await compared():
                        break
                    await asyncio.sleep(0.1)
            async with session.get("/compare") as response:
                assert "Epoch AI" in await response.text()
        stop.set()
        await running
    addresses = {str(each[0]) if isinstance(each, tuple) else str(each) for _, each in asked}
    assert addresses, "the node was asked"
    assert addresses <= {"127.0.0.1", "localhost"}, addresses
