"""Where the outputs look: the latest snapshot and the alerts, and for each listener a bounded queue of what happened.

Publishing never waits. A listener that falls behind loses the oldest updates, which is counted; the snapshot of the
next one it takes is complete all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from monitor.model import Alert, Snapshot, Update
from monitor.vitals import Vitals

_T = TypeVar("_T")
_PASSING_SECONDS = 0.05
"""Far more than a block takes from its notice to its publication."""


class Hub:
    """Holds what is known now, and passes on what changes."""

    def __init__(self, vitals: Vitals) -> None:
        self.snapshot: Snapshot | None = None
        """None until the first block is stored."""
        self.alerts: tuple[Alert, ...] = ()
        """Those that are pending or firing, and those that were resolved lately."""
        self._updates: set[Listener[Update]] = set()
        self._changes: set[Listener[Alert]] = set()
        self._vitals = vitals
        self._passed = asyncio.Event()
        self._passed.set()

    def expect(self) -> None:
        """There is news of a block: what can wait lets it pass first."""
        self._passed.clear()
        # The news may be false, or the block a long way off.
        asyncio.get_running_loop().call_later(_PASSING_SECONDS, self._passed.set)

    async def passed(self) -> None:
        """Return once no block is expected: when it is published, or soon."""
        await self._passed.wait()

    def publish(self, update: Update) -> None:
        """Tell everyone. The update's blocks must be stored already."""
        self.snapshot = update.snapshot
        self._tell(self._updates, update)
        self._passed.set()

    def alert(self, standing: Sequence[Alert], changed: Sequence[Alert]) -> None:
        """Say which alerts there are, and tell everyone whose state has changed. The change must be stored already."""
        self.alerts = tuple(standing)
        for each in changed:
            self._tell(self._changes, each)

    @contextmanager
    def listen(self, name: str, *, limit: int = 100) -> Iterator[Listener[Update]]:
        """Hear of every update from now on, of the last `limit` when reading is slow."""
        with _among(self._updates, name, limit) as listener:
            yield listener

    @contextmanager
    def listen_to_alerts(self, name: str, *, limit: int = 1000) -> Iterator[Listener[Alert]]:
        """The same for alerts whose state changes."""
        with _among(self._changes, name, limit) as listener:
            yield listener

    def _tell(self, listeners: set[Listener[_T]], news: _T) -> None:
        for listener in listeners:
            if listener.put(news):
                self._vitals.output_dropped.labels(listener.name).inc()


@contextmanager
def _among(listeners: set[Listener[_T]], name: str, limit: int) -> Iterator[Listener[_T]]:
    if limit < 1:
        raise ValueError("a listener's limit is at least 1: the queue would have none")
    listener: Listener[_T] = Listener(name, limit)
    listeners.add(listener)
    try:
        yield listener
    finally:
        listeners.discard(listener)


class Listener(Generic[_T]):
    """An asynchronous iterator of what happened, oldest first."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self._queue: asyncio.Queue[_T] = asyncio.Queue(limit)

    def put(self, news: _T) -> bool:
        """Add what happened; whether an older one had to go for it."""
        full = self._queue.full()
        if full:
            self._queue.get_nowait()
        self._queue.put_nowait(news)
        return full

    async def get(self) -> _T:
        """The next of it, once there is one."""
        return await self._queue.get()

    def get_nowait(self) -> _T | None:
        """The next of it that is there already; None when nothing is."""
        return None if self._queue.empty() else self._queue.get_nowait()

    async def __aiter__(self) -> AsyncIterator[_T]:
        while True:
            yield await self._queue.get()
