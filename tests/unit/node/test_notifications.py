"""Every source notifies of new blocks, and one that fails does not affect the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import zmq
import zmq.asyncio
from structlog.testing import capture_logs
from support.hook import until
from support.services import free_port

from monitor import libzmq
from monitor.config import NodeSection
from monitor.embedded import EmbeddedNode
from monitor.embedded.methods import Methods
from monitor.embedded.notices import Notices
from monitor.node import notifications
from monitor.node.connections import Connections
from monitor.node.notifications import BlockNotifications
from monitor.node.rpc import Rpc
from monitor.vitals import Vitals


@asynccontextmanager
async def notifying(node: EmbeddedNode, **settings: object) -> AsyncIterator[tuple[BlockNotifications, Vitals]]:
    """Notifications of a node, not listening yet."""
    section = NodeSection.model_validate({"url": node.url, "cookie_file": node.cookie_file} | settings)
    vitals, connections = Vitals(), Connections()
    calls = Rpc(section, vitals, connections)
    try:
        yield BlockNotifications(section, calls, vitals), vitals
    finally:
        await connections.close()
        calls.close()


@asynccontextmanager
async def listening(blocks: BlockNotifications) -> AsyncIterator[None]:
    """Notifications that listen."""
    task = asyncio.create_task(blocks.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    """A node that publishes blocks."""
    async with EmbeddedNode() as node:
        yield node


def polls(node: EmbeddedNode) -> int:
    """How often the node was asked to wait for a block."""
    return node.asked["waitfornewblock"]


async def mined(node: EmbeddedNode, blocks: BlockNotifications) -> None:
    """Return when a new block is notified by name."""
    block = node.mine()
    async with asyncio.timeout(60):
        while (await blocks.wait()).tip != block:
            pass


async def announced(node: EmbeddedNode, blocks: BlockNotifications) -> None:
    """Return when ZMQ has announced a block."""
    await until(lambda: polls(node))
    while blocks._without_zmq.is_set():  # noqa: SLF001 -- the first block that ZMQ announces turns it off
        await mined(node, blocks)
        await asyncio.sleep(0.01)


async def test_several_notices_are_one_with_the_time_of_the_first(node: EmbeddedNode) -> None:
    async with notifying(node) as (blocks, _):
        before = time.monotonic()
        blocks.look_now()
        between = time.monotonic()
        blocks.look_now()
        assert before <= (await blocks.wait()).at <= between
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(blocks.wait(), 0.05)


async def test_the_timer_notifies_when_nothing_else_does(node: EmbeddedNode) -> None:
    async with notifying(node, zmq="off", poll_seconds=0.2) as (blocks, _), listening(blocks):
        started = (await asyncio.wait_for(blocks.wait(), 60)).at
        assert (await asyncio.wait_for(blocks.wait(), 60)).at - started > 0.1


async def test_the_long_poll_notifies_where_there_is_no_zmq(node: EmbeddedNode) -> None:
    async with notifying(node, zmq="off", poll_seconds=600) as (blocks, _), listening(blocks):
        await until(lambda: polls(node))
        for _ in range(3):
            await mined(node, blocks)


async def test_libzmq_is_not_started_where_it_would_abort_and_a_warning_says_so_once(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libzmq, "refusal", lambda: "it was refused")
    monkeypatch.setattr(notifications, "_SILENCE_SECONDS", 0.05)
    started = []
    monkeypatch.setattr(zmq.asyncio, "Context", lambda: started.append("libzmq"))
    with capture_logs() as logs:
        async with notifying(node, poll_seconds=600) as (blocks, _), listening(blocks):
            await until(lambda: polls(node))
            for _ in range(3):
                await mined(node, blocks)
    assert started == []
    (warning,) = logs
    assert warning["reason"] == "it was refused"
    assert 'node.zmq = "off"' in warning["remedy"]


async def test_there_is_no_long_poll_where_zmq_announces_blocks(node: EmbeddedNode) -> None:
    async with notifying(node, poll_seconds=600) as (blocks, _), listening(blocks):
        await announced(node, blocks)
        before = polls(node)
        for _ in range(5):
            await mined(node, blocks)
        assert polls(node) <= before + 1  # one may have been under way


async def test_the_long_poll_returns_when_zmq_misses_a_block(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "_SILENCE_SECONDS", 0.1)
    async with notifying(node, poll_seconds=600) as (blocks, _), listening(blocks):
        await announced(node, blocks)
        await mined(node, blocks)  # ends a poll that was under way
        before = polls(node)
        monkeypatch.setattr(Notices, "publish", lambda *_: None)
        node.mine()
        await until(lambda: polls(node) > before)
        await mined(node, blocks)


async def test_an_older_node_is_polled_without_the_known_tip(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waitfornewblock(self: Methods, timeout: int = 0) -> dict[str, object]:  # noqa: ASYNC109
        await self._state.movement(timeout / 1000)
        return {"hash": self._chain.tip.hash, "height": self._chain.tip.height}

    monkeypatch.setattr(Methods, "waitfornewblock", waitfornewblock)  # as an older node
    async with notifying(node, zmq="off", poll_seconds=600) as (blocks, _), listening(blocks):
        for number in range(3):
            await until(lambda so_far=number + 1: polls(node) > so_far)  # the first one names the tip
            await mined(node, blocks)


async def test_it_continues_after_the_node_was_away(node: EmbeddedNode) -> None:
    async with notifying(node, zmq="off", poll_seconds=0.2) as (blocks, vitals), listening(blocks):
        await until(lambda: polls(node))
        await node.stop()
        await until(lambda: vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": "notifications"}))
        before = polls(node)
        await node.start()
        await until(lambda: polls(node) > before)
        await mined(node, blocks)


async def test_the_node_says_where_it_publishes(node: EmbeddedNode) -> None:
    async with notifying(node) as (blocks, _):
        assert await blocks.publishers() == {node.zmq_address: "hashblock"}
    async with notifying(node, zmq="off") as (blocks, _):
        assert await blocks.publishers() == {}
    async with notifying(node, zmq="tcp://10.0.0.1:28332") as (blocks, _):
        assert await blocks.publishers() == {"tcp://10.0.0.1:28332": "hashblock"}


async def test_of_the_sequence_only_blocks_notify(monkeypatch: pytest.MonkeyPatch, node: EmbeddedNode) -> None:
    """A node that publishes only `sequence` publishes every transaction, too."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with zmq.asyncio.Context() as context, context.socket(zmq.XPUB) as publisher:
        publisher.linger = 0
        publisher.bind(address)
        async with notifying(node, poll_seconds=600) as (blocks, _):

            async def publishers() -> dict[str, str]:
                return {address: "sequence"}

            looked = 0

            def look_now() -> None:
                nonlocal looked
                looked += 1

            monkeypatch.setattr(blocks, "publishers", publishers)
            monkeypatch.setattr(blocks, "look_now", look_now)
            async with listening(blocks):
                assert await publisher.recv() == b"\x01sequence"
                for label in (b"A" + bytes(8), b"R" + bytes(8), b"C", b"D", b"A" + bytes(8), b"C"):
                    await publisher.send_multipart((b"sequence", bytes(32) + label, bytes(4)))
                await until(lambda: looked >= 3)
                assert looked == 3
