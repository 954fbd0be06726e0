"""Connections are limited together, used again, and closed when they are idle."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from support.hook import until

from monitor.node.connections import Connections


class Fake:
    """A connection that says whether it is open."""

    def __init__(self) -> None:
        self.is_open = True

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
    connections, rpc = Connections(3), Kind()
    await use(connections, rpc, rpc, rpc)
    async with connections.reserve(2):
        assert rpc.open == 1
        async with connections.use(rpc.create):
            second = asyncio.create_task(use(connections, rpc))
            await asyncio.sleep(0)
            assert not second.done()
        await second
        assert rpc.open == 1
    await use(connections, rpc, rpc, rpc)
    assert rpc.open == 3
    await connections.close()


async def test_a_reservation_that_is_cancelled_leaves_nothing_reserved() -> None:
    connections, rpc = Connections(2), Kind()
    async with connections.use(rpc.create):
        waiting = asyncio.create_task(connections.reserve(2).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await use(connections, rpc, rpc)
    assert rpc.open == 2
    await connections.close()


async def test_idle_connections_are_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.node.connections._IDLE_SECONDS", 0.05)
    connections, rpc = Connections(4), Kind()
    for _ in range(2):
        await use(connections, rpc, rpc)
        assert rpc.open == 2
        await until(lambda: rpc.open == 0)
    await connections.close()
