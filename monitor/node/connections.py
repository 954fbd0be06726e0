"""The HTTP connections to one node: four at most, each kept for a few seconds after its last request."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from math import inf
from typing import Any, NamedTuple, ParamSpec, Protocol, TypeVar

import structlog

from monitor.errors import NodeAway
from monitor.node.errors import QueueFull

MAX_CONNECTIONS = 4
"""RPC, REST, long poll and backfill together. Bitcoin Core 32 accepts 16, those of wallets and bitcoin-cli included."""
_IDLE_SECONDS = 5.0
_LEAST = 2
"""One for the long poll, and one for everything else."""
_FEWER_SECONDS = 600.0
"""How long to do with one connection less, after the node has accepted no more while an older one worked."""

_ATTEMPTS = 6
_FIRST_WAIT_SECONDS = 0.05
_P = ParamSpec("_P")
_T = TypeVar("_T")

log = structlog.get_logger()


def unless_queue_stays_full(request: Callable[_P, Awaitable[_T]]) -> Callable[_P, Awaitable[_T]]:
    """Decorates a request: repeats it a few times where the node's work queue was full.

    So a batch keeps its answers. Not by tenacity, which takes 0.1 ms for each call, as long as most answers.
    """

    @wraps(request)
    async def patient(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        for attempt in range(_ATTEMPTS - 1):
            try:
                return await request(*args, **kwargs)
            except QueueFull:
                await asyncio.sleep(random.uniform(0, _FIRST_WAIT_SECONDS * 2**attempt))  # noqa: S311 -- no secret
        return await request(*args, **kwargs)

    return patient


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
        self._reserved = 0
        self._unopened_at = -inf
        """When a connection could not be opened last; monotonic. An older one that works afterwards shows that the node
        is not away, but accepts no more."""
        self._idle: list[_Idle] = []
        """The one that was used longest ago comes first."""
        self._closing: asyncio.Task[None] | None = None
        self._withheld: set[asyncio.Task[None]] = set()

    @property
    def spare(self) -> bool:
        """Whether a request can be made that leaves a connection free for another."""
        return self._limit - self._used >= _LEAST

    @asynccontextmanager
    async def use(self, create: Callable[[], _C]) -> AsyncIterator[_C]:
        """Borrow a connection for one request: an idle one that `create` made earlier, or a new one."""
        async with self._slots:
            self._used += 1
            connection = self._take(create) or create()
            started = time.monotonic()
            try:
                await self._make_room()
                yield connection
                self._note_answer(getattr(connection, "opened_at", inf))  # that of a REST session is not known
            except NodeAway:
                if getattr(connection, "opened_at", -inf) >= started:
                    self._unopened_at = time.monotonic()
                raise
            finally:
                self._used -= 1
                self._idle.append(_Idle(time.monotonic(), create, connection))
                if self._closing is None or self._closing.done():
                    self._closing = asyncio.create_task(self._close_idle(), name="close idle connections")

    @asynccontextmanager
    async def reserve(self, count: int) -> AsyncIterator[None]:
        """Leave `count` of the connections to another process; fewer where two would not be left."""
        async with self._reserving(self._claim(count)):
            yield

    def _claim(self, count: int) -> int:
        """How many of `count` connections can be reserved, which they are from now on."""
        count = max(0, min(count, self._limit - self._reserved - _LEAST))
        self._reserved += count
        return count

    @asynccontextmanager
    async def _reserving(self, count: int) -> AsyncIterator[None]:
        """Take the slots of what has been claimed as they become free, and give them back at the end."""
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
            self._reserved -= count
            for _ in range(reserved):
                self._slots.release()

    async def close(self) -> None:
        """Close every connection. No request may be under way."""
        tasks = [*self._withheld, *([self._closing] if self._closing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._idle:
            await self._idle.pop().connection.close()

    def _take(self, create: Callable[[], _C]) -> Any:  # noqa: ANN401 -- what `create` made
        for at in reversed(range(len(self._idle))):
            if self._idle[at].create == create:
                return self._idle.pop(at).connection
        return None

    def _note_answer(self, opened_at: float) -> None:
        """Do with one less, if a newer connection than the one that has just answered could not be opened."""
        if opened_at < self._unopened_at and (count := self._claim(1)):
            left = self._limit - self._reserved
            log.warning("the node accepts no more connections, using fewer", connections=left, seconds=_FEWER_SECONDS)
            task = asyncio.create_task(self._withhold(count), name="withhold a connection")
            self._withheld.add(task)
            task.add_done_callback(self._withheld.discard)
        self._unopened_at = -inf

    async def _withhold(self, count: int) -> None:
        async with self._reserving(count):
            await asyncio.sleep(_FEWER_SECONDS)

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
