"""Connections are limited together, used again, and closed when they are idle."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, suppress

import pytest
from structlog.testing import capture_logs
from support.hook import until

from monitor.errors import NodeAway
from monitor.node import connections as module
from monitor.node.connections import Connections


class Fake:
    """A connection that says whether it is open."""

    def __init__(self) -> None:
        self.is_open = True
        self.opened_at = time.monotonic()

    async def close(self) -> None:
        """Close it."""
        await asyncio.sleep(0)
        self.is_open = False


class Kind:
    """Makes connections of one kind and keeps them in view."""

    def __init__(self) -> None:
        self.made: list[Fake] = []

    def create(self) -> Fake:
        """A new one."""
        self.made.append(Fake())
        return self.made[-1]

    @property
    def open(self) -> int:
        """How many are open."""
        return sum(each.is_open for each in self.made)


async def use(connections: Connections, *kinds: Kind) -> None:
    """One connection of each of these kinds at the same time, then none."""
    async with AsyncExitStack() as stack:
        for kind in kinds:
            await stack.enter_async_context(connections.use(kind.create))


async def test_an_idle_connection_is_used_again() -> None:
    connections, rpc = Connections(4), Kind()
    for _ in range(3):
        await use(connections, rpc)
    assert len(rpc.made) == 1
    await connections.close()
    assert rpc.open == 0


async def test_a_request_beyond_the_limit_waits() -> None:
    connections, rpc = Connections(2), Kind()
    async with connections.use(rpc.create), connections.use(rpc.create):
        third = asyncio.create_task(use(connections, rpc))
        await asyncio.sleep(0)
        assert not third.done()
    await third
    assert len(rpc.made) == 2
    await connections.close()


async def test_the_longest_idle_connection_makes_room_for_another_kind() -> None:
    connections, rpc, rest = Connections(3), Kind(), Kind()
    await use(connections, rpc, rpc, rpc)
    await use(connections, rest)
    assert (rpc.open, rest.open) == (2, 1)
    await use(connections, rest, rest, rest)
    assert (rpc.open, rest.open) == (0, 3)
    await connections.close()


async def test_connections_that_are_reserved_are_closed_and_not_used() -> None:
    connections, rpc = Connections(4), Kind()
    await use(connections, rpc, rpc, rpc, rpc)
    async with connections.reserve(2):
        assert rpc.open == 2
        async with connections.use(rpc.create), connections.use(rpc.create):
            third = asyncio.create_task(use(connections, rpc))
            await asyncio.sleep(0)
            assert not third.done()
        await third
        assert rpc.open == 2
    await use(connections, rpc, rpc, rpc, rpc)
    assert rpc.open == 4
    await connections.close()


async def test_a_reservation_that_is_cancelled_leaves_nothing_reserved() -> None:
    connections, rpc = Connections(3), Kind()
    async with connections.use(rpc.create), connections.use(rpc.create), connections.use(rpc.create):
        waiting = asyncio.create_task(connections.reserve(2).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await use(connections, rpc, rpc, rpc)
    assert rpc.open == 3
    await connections.close()


async def test_idle_connections_are_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.node.connections._IDLE_SECONDS", 0.05)
    connections, rpc = Connections(4), Kind()
    for _ in range(2):
        await use(connections, rpc, rpc)
        assert rpc.open == 2
        await until(lambda: rpc.open == 0)
    await connections.close()


# -- a node that accepts no more ---------------------------------------------------------------------------------------


async def fail(connections: Connections, kind: Kind) -> None:
    """A connection that cannot be opened."""
    with suppress(NodeAway):
        async with connections.use(kind.create):
            kind.made[-1].opened_at = time.monotonic()
            raise NodeAway("closed at once")


async def most_at_once(connections: Connections, kind: Kind) -> int:
    """How many requests are let through together."""
    async with AsyncExitStack() as stack:
        for count in range(5):
            try:
                async with asyncio.timeout(0.05):
                    await stack.enter_async_context(connections.use(kind.create))
            except TimeoutError:
                return count
    raise AssertionError("there is no limit")


async def test_where_an_older_connection_works_and_a_new_one_does_not_there_is_one_less_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_FEWER_SECONDS", 0.5)
    connections, old, new = Connections(4), Kind(), Kind()
    await use(connections, old)
    await fail(connections, new)
    with capture_logs() as log:
        await use(connections, old)
    assert [(line["event"], line["connections"]) for line in log] == [
        ("the node accepts no more connections, using fewer", 3)
    ]
    await asyncio.sleep(0)
    assert await most_at_once(connections, old) == 3
    await asyncio.sleep(0.6)
    assert await most_at_once(connections, old) == 4
    await connections.close()


async def test_two_refusals_in_a_row_take_one_connection_each() -> None:
    connections, old, new = Connections(4), Kind(), Kind()
    await use(connections, old)
    with capture_logs() as log:
        for _ in range(3):
            await fail(connections, new)
            await use(connections, old)
    assert [line["connections"] for line in log] == [3, 2]
    await connections.close()


async def test_two_are_always_left() -> None:
    connections, old, new = Connections(4), Kind(), Kind()
    await use(connections, old)
    for _ in range(5):
        await fail(connections, new)
        await use(connections, old)
        await asyncio.sleep(0)
    async with connections.reserve(2):
        assert await most_at_once(connections, old) == 2
    await connections.close()


async def test_a_node_that_was_away_is_not_one_that_accepts_no_more() -> None:
    connections, old, new = Connections(4), Kind(), Kind()
    await use(connections, old)
    await fail(connections, new)
    old.made[0].opened_at = time.monotonic()  # opened anew
    with capture_logs() as log:
        await use(connections, old)
    assert log == []
    await connections.close()
