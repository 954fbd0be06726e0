"""A node that is not well, and what is no node: waited for, or for a person to mend."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from support.hook import until
from support.peers import Start
from support.services import free_port
from support.sources import KINDS, asking, running, told

from monitor.config import NodeSection
from monitor.embedded import EmbeddedNode
from monitor.errors import NodeAway, NodeBusy, NodeRefused
from monitor.model import BlockHash, BlockRef
from monitor.node.client import NodeClient
from monitor.node.connections import MAX_CONNECTIONS
from monitor.vitals import Vitals

GENESIS = BlockHash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")


@pytest.fixture
async def embedded() -> AsyncIterator[EmbeddedNode]:
    """The node that can be made to misbehave."""
    async with EmbeddedNode() as node:
        for _ in range(5):
            node.mine()
        yield node


# -- away -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_a_node_that_hangs_is_away_after_the_timeout(embedded: EmbeddedNode, rest: str) -> None:
    async with asking(told(embedded, timeout_seconds=0.5, rest=rest)) as source:
        tip = await source.tip()
        embedded.stall()
        for question in (source.tip, source.ready, lambda: source.block(BlockRef(5, tip))):
            started = time.monotonic()
            with pytest.raises(NodeAway):
                await question()
            assert 0.3 < time.monotonic() - started < 20
        embedded.resume()
        assert await source.tip() == tip
        assert (await source.block(BlockRef(5, tip))).hash == tip


async def test_a_node_that_warms_up_is_away(embedded: EmbeddedNode) -> None:
    async with asking(told(embedded)) as source:
        tip = await source.tip()
        embedded.warm_up()
        for question in (source.tip, source.ready, lambda: source.block(BlockRef(5, tip))):
            with pytest.raises(NodeAway, match="starting"):
                await question()
        embedded.warmed_up()
        assert await source.ready() == GENESIS


async def test_calls_that_are_cancelled_do_not_wait_for_a_node_that_hangs(embedded: EmbeddedNode) -> None:
    started = time.monotonic()
    async with asking(told(embedded, timeout_seconds=60)) as source:
        embedded.stall()
        tasks = [asyncio.create_task(each) for each in (source.run(), source.tip(), source.hash_at(0))]
        await until(lambda: embedded.most_in_flight == MAX_CONNECTIONS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert time.monotonic() - started < 30


async def test_wrong_credentials_are_for_a_person_to_mend(start_bitcoind: Start) -> None:
    digest = hmac.new(b"5a17", b"s3cret", "sha256").hexdigest()
    async with running(KINDS["bitcoind"], start_bitcoind, f"-rpcauth=alice:5a17${digest}") as peer:
        right = {"cookie_file": "auto", "user": "alice", "password": SecretStr("s3cret")}
        async with asking(peer.section(**right)) as source:
            assert await source.tip() == GENESIS
        async with NodeClient(peer.section(**right | {"password": SecretStr("guess")}), Vitals()) as source:
            with pytest.raises(NodeRefused, match=r"credentials; set node\.cookie_file, or node\.user") as refused:
                await source.ready()
        assert "guess" not in str(refused.value)


async def test_another_network_than_configured_is_for_a_person_to_mend(embedded: EmbeddedNode) -> None:
    async with NodeClient(told(embedded, network="main"), Vitals()) as source:
        with pytest.raises(NodeRefused, match=r"follows regtest, the configuration says main; change node\.network"):
            await source.ready()


async def test_a_missing_cookie_is_a_node_that_does_not_run() -> None:
    section = NodeSection(url=f"http://127.0.0.1:{free_port()}", cookie_file=Path("/nowhere/.cookie"))
    async with NodeClient(section, Vitals()) as source:
        with pytest.raises(NodeAway, match=r"the node is not running, or node\.cookie_file"):
            await source.ready()


async def test_a_missing_cookie_beside_a_node_that_listens_is_a_node_with_a_password(start_bitcoind: Start) -> None:
    async with running(KINDS["bitcoind"], start_bitcoind) as peer:
        section = peer.section(cookie_file=Path("/nowhere/.cookie"))
        async with NodeClient(section, Vitals()) as source:
            with pytest.raises(NodeAway, match=r"but a node listens at .*rpcpassword or rpcauth; set node\.user and"):
                await source.ready()


LISTENERS = {
    "a page": (200, "text/html", b"<html>"),
    "an exporter": (404, "text/plain", b"404 page not found"),
    "a JSON API": (200, "application/json", b'{"status": "fine"}'),
}


@pytest.mark.parametrize("what", LISTENERS)
async def test_something_else_on_the_port_is_for_a_person_to_mend(what: str) -> None:
    status, content_type, body = LISTENERS[what]
    answer = b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
    async with listener(answer % (status, content_type.encode(), len(body), body)) as source:
        with pytest.raises(NodeRefused, match=r"does not speak Bitcoin's RPC .*; check node\.url"):
            await source.ready()


async def test_something_that_speaks_no_http_is_for_a_person_to_mend() -> None:
    async with listener(b"SSH-2.0-OpenSSH_9.2p1\r\nInvalid SSH identification string.\r\n") as source:
        with pytest.raises(NodeRefused, match=r"does not speak HTTP; check node\.url"):
            await source.ready()


HALVES = {
    "nothing": b"",
    "half a JSON": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{"r"',
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{",
    "a proxy": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("what", HALVES)
async def test_half_an_answer_is_a_node_that_is_away(what: str) -> None:
    async with listener(HALVES[what]) as source:
        with pytest.raises(NodeAway, match=r"http://127\.0\.0\.1"):
            await source.ready()


async def test_an_answer_of_another_shape_is_a_passing_fault() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
    async with listener(answer) as source:
        with pytest.raises(NodeBusy, match="another shape"):
            await source.ready()


async def test_an_answer_without_end_is_a_node_that_is_away() -> None:
    """Its size is limited."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    async with listener(head + b"[" * 40_000_000) as source:
        with pytest.raises(NodeAway, match="half an answer"):
            await source.ready()


async def test_an_answer_that_drips_is_a_node_that_is_away() -> None:
    """Each pause is short, but all together they are limited, too."""
    given_up = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
        with suppress(ConnectionError):
            while True:
                writer.write(b"[")
                await writer.drain()
                await asyncio.sleep(0.05)
        await _closed(writer)
        given_up.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        section = NodeSection(url=url, user="x", password=SecretStr("y"), timeout_seconds=0.5)
        async with NodeClient(section, Vitals()) as source:
            with pytest.raises(NodeAway, match="takes too long to answer getblockchaininfo"):
                await source.ready()
        await given_up.wait()


@asynccontextmanager
async def listener(answer: bytes) -> AsyncIterator[NodeClient]:
    """A client of something that says the same to everyone, once it was asked, and hangs up."""
    serving: set[asyncio.Task[Any] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        await reader.read(65536)
        try:
            writer.write(answer)
            await writer.drain()
            await _closed(writer)
        except (ConnectionError, asyncio.CancelledError):  # a client need not read to the end
            writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        section = NodeSection(url=f"http://127.0.0.1:{port}", user="x", password=SecretStr("y"))
        async with NodeClient(section, Vitals()) as source:
            yield source
        for task in filter(None, serving):
            task.cancel()
        await asyncio.gather(*filter(None, serving))
        await asyncio.sleep(0)  # what was aborted is closed


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and wait until it is closed: garbage collection would report it in another test."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
