"""Look now: every source rings the same bell, and a source that fails disturbs no other."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
import zmq
import zmq.asyncio
from structlog.testing import capture_logs
from support.services import free_port

from monitor import libzmq
from monitor.config import NodeSection
from monitor.embedded import EmbeddedNode, rpc
from monitor.embedded.methods import Methods
from monitor.node import hints as hints_module
from monitor.node.hints import Hints, _reachable
from monitor.node.rpc import Rpc
from monitor.vitals import Vitals


@asynccontextmanager
async def hints(node: EmbeddedNode, **settings: object) -> AsyncIterator[tuple[Hints, Vitals]]:
    """Hints of a node, not listening yet."""
    section = NodeSection.model_validate({"url": node.url, "cookie_file": node.cookie_file} | settings)
    vitals = Vitals()
    asking = Rpc(section, vitals, asyncio.Semaphore(8))
    try:
        yield Hints(section, asking, vitals), vitals
    finally:
        await asyncio.to_thread(asking.close)


@asynccontextmanager
async def listening(to: Hints) -> AsyncIterator[None]:
    """Hints that listen."""
    task = asyncio.create_task(to.run())
    await asyncio.sleep(0.3)
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    """A node that announces."""
    async with EmbeddedNode() as node:
        yield node


async def test_many_rings_are_one_and_the_first_is_remembered(node: EmbeddedNode) -> None:
    async with hints(node) as (bell, _):
        before = time.monotonic()
        bell.look_now()
        between = time.monotonic()
        bell.look_now()
        assert before <= (await bell.wait()).at <= between
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(bell.wait(), 0.05)


async def test_the_timer_rings_when_nothing_else_does(node: EmbeddedNode) -> None:
    async with hints(node, zmq="off", poll_seconds=0.2) as (bell, _), listening(bell):
        started = (await asyncio.wait_for(bell.wait(), 2)).at
        assert 0.1 < (await asyncio.wait_for(bell.wait(), 2)).at - started < 1


async def test_the_long_poll_rings_where_there_is_no_zmq(node: EmbeddedNode) -> None:
    async with hints(node, zmq="off", poll_seconds=600) as (bell, _), listening(bell):
        for _ in range(3):
            node.mine()
            await asyncio.wait_for(bell.wait(), 2)


async def test_where_libzmq_would_abort_it_is_not_started_which_is_said_once(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libzmq, "refusal", lambda: "it was refused")
    monkeypatch.setattr(hints_module, "_REDISCOVER_SECONDS", 0.05)
    started = []
    monkeypatch.setattr(zmq.asyncio, "Context", lambda: started.append("libzmq"))
    with capture_logs() as logs:
        async with hints(node, poll_seconds=600) as (bell, _), listening(bell):
            for _ in range(3):
                node.mine()
                await asyncio.wait_for(bell.wait(), 2)
    assert started == []
    (said,) = logs
    assert said["reason"] == "it was refused"
    assert 'node.zmq = "off"' in said["remedy"]


async def test_the_long_poll_rests_where_zmq_tells_of_blocks(node: EmbeddedNode) -> None:
    async with hints(node, poll_seconds=600) as (bell, _), listening(bell):
        polls = node.asked["waitfornewblock"]
        assert polls
        for _ in range(3):
            node.mine()
            await asyncio.wait_for(bell.wait(), 2)
            await asyncio.sleep(0.1)
        assert node.asked["waitfornewblock"] <= polls + 1  # the first answer may have come before the notice


async def test_the_long_poll_comes_back_where_zmq_goes_away(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints_module, "_REDISCOVER_SECONDS", 0.2)
    async with hints(node, poll_seconds=600) as (bell, _), listening(bell):
        for _ in range(2):  # the first may be told by the poll sooner than by ZMQ; after the second it rests
            node.mine()
            await asyncio.wait_for(bell.wait(), 2)
            await asyncio.sleep(0.05)
        polls = node.asked["waitfornewblock"]

        async def feeds() -> dict[str, str]:
            return {}

        monkeypatch.setattr(bell, "feeds", feeds)
        await asyncio.sleep(1)
        assert node.asked["waitfornewblock"] > polls


async def test_an_older_node_is_polled_without_the_tip_we_know(
    node: EmbeddedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def waitfornewblock(self: Methods, timeout: int = 0) -> dict[str, object]:  # noqa: ASYNC109
        await self._state.movement(timeout / 1000)
        return {"hash": self._chain.tip.hash, "height": self._chain.tip.height}

    monkeypatch.setattr(Methods, "waitfornewblock", waitfornewblock)
    monkeypatch.setitem(rpc._METHODS, "waitfornewblock", inspect.signature(waitfornewblock, eval_str=True))
    async with hints(node, zmq="off", poll_seconds=600) as (bell, _), listening(bell):
        for _ in range(3):
            node.mine()
            await asyncio.wait_for(bell.wait(), 2)
            await asyncio.sleep(0.1)  # it may miss a block that comes right after another: hence the timer


async def test_it_goes_on_after_the_node_was_away(node: EmbeddedNode) -> None:
    async with hints(node, zmq="off", poll_seconds=0.2) as (bell, vitals), listening(bell):
        polls = node.asked["waitfornewblock"]
        assert polls
        await node.stop()
        await asyncio.sleep(0.5)
        await node.start()
        await asyncio.sleep(0.5)
        assert node.asked["waitfornewblock"] > polls
        assert vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": "hints"})
        await asyncio.wait_for(bell.wait(), 2)


async def test_the_address_is_asked_of_the_node(node: EmbeddedNode) -> None:
    async with hints(node) as (bell, _):
        assert await bell.feeds() == {node.zmq_address: "hashblock"}
    async with hints(node, zmq="off") as (bell, _):
        assert await bell.feeds() == {}
    async with hints(node, zmq="tcp://10.0.0.1:28332") as (bell, _):
        assert await bell.feeds() == {"tcp://10.0.0.1:28332": "hashblock"}


async def test_of_the_sequence_only_blocks_ring(monkeypatch: pytest.MonkeyPatch, node: EmbeddedNode) -> None:
    """A node that publishes only `sequence` tells of every transaction too."""
    address = f"tcp://127.0.0.1:{free_port()}"
    with zmq.asyncio.Context() as context, context.socket(zmq.PUB) as publisher:
        publisher.linger = 0
        publisher.bind(address)
        async with hints(node, poll_seconds=600) as (bell, _):

            async def feeds() -> dict[str, str]:
                return {address: "sequence"}

            monkeypatch.setattr(bell, "feeds", feeds)
            monkeypatch.setattr(bell, "_long_poll", asyncio.Event().wait)
            async with listening(bell):
                for label in (b"A", b"R"):
                    await publisher.send_multipart((b"sequence", bytes(32) + label + bytes(8), bytes(4)))
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(bell.wait(), 0.3)
                for label in (b"C", b"D"):
                    await publisher.send_multipart((b"sequence", bytes(32) + label, bytes(4)))
                    await asyncio.wait_for(bell.wait(), 2)


@pytest.mark.parametrize(
    ("told", "reached"),
    [
        ("tcp://127.0.0.1:28332", "tcp://127.0.0.1:28332"),
        ("tcp://0.0.0.0:28332", "tcp://node.example:28332"),
        ("tcp://*:28332", "tcp://node.example:28332"),
        ("tcp://[::]:28332", "tcp://node.example:28332"),
        ("ipc:///run/bitcoin.sock", "ipc:///run/bitcoin.sock"),
    ],
)
def test_an_address_that_means_everywhere_is_the_nodes_host(told: str, reached: str) -> None:
    assert _reachable(told, "node.example") == reached
