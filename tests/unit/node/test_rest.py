"""A REST interface that misbehaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import AsyncMock

import pytest
from aiohttp import web
from support.services import free_port

from monitor.config import NodeSection
from monitor.embedded import EmbeddedNode
from monitor.errors import NodeAway, NodeBusy
from monitor.model import BlockHash, BlockRef
from monitor.node.connections import Connections
from monitor.node.errors import QueueFull
from monitor.node.rest import NotServed, Rest
from monitor.vitals import Vitals
from monitor.wire import MAX_BLOCK_BYTES, display_hash, double_sha256

REF = BlockRef(5, BlockHash("ab" * 32))


@asynccontextmanager
async def answering(status: int, body: bytes, *, cut: bool = False, chunked: bool = False) -> AsyncIterator[Rest]:
    """A client of a server that says the same to everyone.

    `cut`: it announces more than it sends. `chunked`: it does not announce how much it sends.
    """

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        length = {} if chunked else {"Content-Length": str(len(body) + cut)}
        response = web.StreamResponse(status=status, headers=length)
        await response.prepare(request)
        await response.write(body)
        if cut:
            assert request.transport
            request.transport.close()
        return response

    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    connections = Connections()
    rest = Rest(NodeSection(url=f"http://127.0.0.1:{port}", timeout_seconds=2), Vitals(), connections)
    try:
        yield rest
    finally:
        await connections.close()
        await runner.cleanup()


def named(raw: bytes) -> BlockRef:
    """Its hash, at a height of our choice."""
    return BlockRef(5, display_hash(double_sha256(raw[:80])))


async def raw_block() -> bytes:
    """A real one, as a node would send it."""
    async with EmbeddedNode() as node:
        block = node.mine()
        entry = node.chain.find(block)
        assert entry
        return entry.block.raw


async def test_a_block_is_read_no_further_than_its_coinbase() -> None:
    raw = await raw_block()
    ref = named(raw)
    async with answering(200, raw + bytes(4_000_000)) as rest:
        block = await rest.block(ref)
        assert block.height == 5
        assert block.coinbase.outputs


async def test_a_body_that_ends_too_early_is_asked_for_again() -> None:
    raw = await raw_block()
    async with answering(200, raw[:120]) as rest:
        with pytest.raises(NodeBusy, match=f"sent only the beginning of block {REF.hash}"):
            await rest.block(REF)


async def test_a_connection_that_ends_too_early_is_a_node_that_is_away() -> None:
    raw = await raw_block()
    async with answering(200, raw[:120], cut=True) as rest:
        with pytest.raises(NodeAway, match="REST interface at http://127"):
            await rest.block(REF)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, b"<html>" * 1000, NotServed),
        (404, b"not found", NotServed),
        (401, b"", NotServed),
        (502, b"", NotServed),
        (503, b"Service temporarily unavailable: Loading block index", NodeAway),
        (503, b"Work queue depth exceeded", QueueFull),
        (429, b"slow down", QueueFull),
    ],
)
async def test_what_is_not_the_block_is_sorted_by_what_it_says(
    status: int, body: bytes, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncio.sleep", AsyncMock())  # between repetitions
    async with answering(status, body) as rest:
        with pytest.raises(kind):
            await rest.block(REF)
        await rest.probe(REF.hash)
        assert not rest.available
        assert not rest.has_blockpart
        assert rest.refusal


async def test_another_block_is_not_the_block() -> None:
    async with answering(200, await raw_block()) as rest:
        with pytest.raises(NotServed, match=f"instead of {REF.hash}"):
            await rest.block(REF)


async def test_headers_begin_with_the_one_that_was_requested() -> None:
    raw = (await raw_block())[:80]
    async with answering(200, raw) as rest:
        with pytest.raises(NotServed, match="something else than headers"):
            await rest.successors(REF, 5, REF.hash)
        assert await rest.successors(named(raw), 5, REF.hash) == []


async def test_behind_a_proxy_that_sends_chunks_it_works_as_well() -> None:
    raw = await raw_block()
    ref = named(raw)
    async with answering(200, raw[:80], chunked=True) as rest:
        await rest.probe(ref.hash)
        assert rest.available
        assert rest.has_blockpart
    async with answering(200, raw, chunked=True) as rest:
        assert (await rest.block(ref)).coinbase.outputs


async def test_an_answer_is_not_read_without_end() -> None:
    async with answering(200, bytes(MAX_BLOCK_BYTES + 1), chunked=True) as rest:
        with pytest.raises(NotServed, match="more than"):
            await rest.successors(REF, 1, REF.hash)
