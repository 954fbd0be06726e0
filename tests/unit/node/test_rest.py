"""A REST interface that misbehaves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from support.services import free_port

from monitor.config import NodeSection
from monitor.embedded import EmbeddedNode
from monitor.errors import NodeAway, NodeBusy, WireError
from monitor.model import BlockHash, BlockRef
from monitor.node.connections import Connections
from monitor.node.rest import Rest
from monitor.vitals import Vitals

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


async def raw_block() -> bytes:
    """A real one, as a node would send it."""
    async with EmbeddedNode() as node:
        block = node.mine()
        entry = node.chain.find(block)
        assert entry
        return entry.block.raw


async def test_a_block_is_read_no_further_than_its_coinbase() -> None:
    raw = await raw_block()
    async with answering(200, raw + bytes(4_000_000)) as rest:
        block = await rest.block(REF)
        assert block
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


async def test_bytes_that_are_no_block_are_an_error_of_their_own() -> None:
    async with answering(200, b"<html>" * 1000) as rest:
        with pytest.raises(WireError):
            await rest.block(REF)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(503, NodeAway), (500, NodeBusy), (429, NodeBusy)],
)
async def test_a_refusal_is_waited_out(status: int, kind: type[Exception]) -> None:
    async with answering(status, b"no") as rest:
        with pytest.raises(kind):
            await rest.block(REF)
        with pytest.raises(kind):
            await rest.probe(REF.hash)


async def test_what_is_not_there_is_none() -> None:
    async with answering(404, b"not found") as rest:
        assert await rest.block(REF) is None
        await rest.probe(REF.hash)
        assert not rest.available
        assert not rest.has_blockpart


async def test_behind_a_proxy_that_sends_chunks_it_works_as_well() -> None:
    raw = await raw_block()
    async with answering(200, raw, chunked=True) as rest:
        await rest.probe(REF.hash)
        assert rest.has_blockpart
        block = await rest.block(REF)
        assert block
        assert block.coinbase.outputs
