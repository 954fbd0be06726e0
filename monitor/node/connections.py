"""The HTTP connections to one node: four at most, each kept for a few seconds after its last request."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from monitor.node.errors import QueueFull

MAX_CONNECTIONS = 4
"""RPC, REST, long poll and backfill together. Bitcoin Core 32 accepts 16, those of wallets and bitcoin-cli included."""
_IDLE_SECONDS = 5.0

unless_queue_stays_full = retry(
    retry=retry_if_exception_type(QueueFull),
    wait=wait_random_exponential(multiplier=0.05, max=1),
    stop=stop_after_attempt(6),
    reraise=True,
)
"""Decorates a request: repeats it a few times where the node's work queue was full, so that a batch keeps its answers.
"""


class Connection(Protocol):
    """One connection; its first request opens it."""

    async def close(self) -> None:
        """Close it. Called between requests only."""


_C = TypeVar("_C", bound=Connection)


class _Idle(NamedTuple):
    since: float
    create: Callable[[], Connection]
    connection: Connection


class Connections:
    """Limits the connections to a node, RPC and REST together. A request beyond the limit waits for its turn."""

    def __init__(self, limit: int = MAX_CONNECTIONS) -> None:
        self._limit = limit
        self._slots = asyncio.Semaphore(limit)
        self._used = 0
        self._idle: list[_Idle] = []
        """The one that was used longest ago comes first."""
        self._closing: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def use(self, create: Callable[[], _C]) -> AsyncIterator[_C]:
        """Borrow a connection for one request: an idle one that `create` made earlier, or a new one."""
        async with self._slots:
            self._used += 1
            connection = self._take(create) or create()
            try:
                await self._make_room()
                yield connection
            finally:
                self._used -= 1
                self._idle.append(_Idle(time.monotonic(), create, connection))
                if self._closing is None or self._closing.done():
                    self._closing = asyncio.create_task(self._close_idle(), name="close idle connections")

    @asynccontextmanager
    async def reserve(self, count: int) -> AsyncIterator[None]:
        """Leave `count` of the connections to another process."""
        reserved = 0
        try:
            while reserved < count:
                await self._slots.acquire()
                reserved += 1
                self._used += 1
            await self._make_room()
            yield
        finally:
            self._used -= reserved
            for _ in range(reserved):
                self._slots.release()

    async def close(self) -> None:
        """Close every connection. No request may be under way."""
        if self._closing:
            self._closing.cancel()
            await asyncio.gather(self._closing, return_exceptions=True)
        while self._idle:
            await self._idle.pop().connection.close()

    def _take(self, create: Callable[[], _C]) -> Any:  # noqa: ANN401 -- what `create` made
        for at in reversed(range(len(self._idle))):
            if self._idle[at].create == create:
                return self._idle.pop(at).connection
        return None

    async def _make_room(self) -> None:
        while self._used + len(self._idle) > self._limit:
            await self._idle.pop(0).connection.close()

    async def _close_idle(self) -> None:
        while self._idle:
            left = self._idle[0].since + _IDLE_SECONDS - time.monotonic()
            if left > 0:
                await asyncio.sleep(left)
            else:
                await self._idle.pop(0).connection.close()
