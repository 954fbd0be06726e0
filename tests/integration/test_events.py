"""What happens is told as it happens, to whoever listens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from support.daemon import Inside, following

from monitor.embedded import EmbeddedNode
from monitor.outputs.web.routes import events


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    async with EmbeddedNode() as node:
        node.mine()
        yield node


@pytest.fixture
async def daemon(node: EmbeddedNode, tmp_path: Path) -> AsyncIterator[Inside]:
    async with following(node, tmp_path) as daemon:
        yield daemon


async def heard(response: aiohttp.ClientResponse, wanted: str) -> dict[str, Any]:
    """The next event of this name."""
    async with asyncio.timeout(60):
        async for line in response.content:
            if line.decode() == f"event: {wanted}\n":
                told: dict[str, Any] = json.loads((await response.content.readline()).decode().removeprefix("data: "))
                return told
    raise AssertionError("the stream has ended")


async def test_a_block_is_announced_and_then_its_numbers_once(daemon: Inside, node: EmbeddedNode) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/api/v1/events") as stream:
        assert stream.content_type == "text/event-stream"
        await stream.content.readline()
        block = node.mine()
        assert (await heard(stream, "block"))["hash"] == block
        assert (await heard(stream, "snapshot"))["tip"]["hash"] == block
        _, _, concentration = await daemon.get("/api/v1/concentration")
        assert json.loads(concentration)["tip"]["hash"] == block
        following = node.mine()
        assert (await heard(stream, "snapshot"))["tip"]["hash"] == following


async def test_a_reorganisation_is_told_before_the_blocks_that_joined(daemon: Inside, node: EmbeddedNode) -> None:
    node.mine()
    await daemon.wait_for(node.tip.hash)
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/api/v1/events") as stream:
        await stream.content.readline()
        branch = node.reorg(1)
        assert (await heard(stream, "reorg"))["depth"] == 1
        assert [(await heard(stream, "block"))["hash"] for _ in branch] == branch


async def test_a_quiet_stream_gives_signs_of_life(daemon: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_BEAT_SECONDS", 0.05)
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/api/v1/events") as stream:
        assert stream.headers["X-Accel-Buffering"] == "no"
        lines = [await asyncio.wait_for(stream.content.readline(), 60) for _ in range(12)]
        assert b"event: beat\n" in lines


async def test_a_reader_that_is_gone_when_a_block_is_told_is_no_fault(
    daemon: Inside, node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = web.StreamResponse.write

    async def write(response: web.StreamResponse, data: bytes) -> None:
        if data.startswith(b"event: block"):
            raise ConnectionResetError("the reader is gone")
        await written(response, data)

    monkeypatch.setattr(web.StreamResponse, "write", write)
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/api/v1/events") as stream:
        await stream.content.readline()
        await daemon.wait_for(node.mine())
        await asyncio.wait_for(stream.content.read(), 60)
    _, _, metrics = await daemon.get("/metrics")
    assert b'pool_monitor_errors_total{kind="web"}' not in metrics


async def test_readers_beyond_the_bound_are_asked_to_come_back(daemon: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MAX_CLIENTS", 1)
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/api/v1/events") as stream:
        await stream.content.readline()
        status, content_type, _ = await daemon.get("/api/v1/events")
        assert status == 503
        assert content_type.startswith("application/problem+json")


async def test_an_open_stream_does_not_keep_the_daemon_from_stopping(node: EmbeddedNode, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        async with following(node, tmp_path) as daemon:
            stream = await session.get(f"{daemon.url}/api/v1/events")
            await stream.content.readline()
            asked = loop.time()
        assert loop.time() - asked < 20
        stream.close()
