"""Where the outputs look: the latest snapshot, and for each listener a bounded queue of what happened.

Publishing never waits. A listener that falls behind loses the oldest updates, which is counted; the snapshot of the
next one it takes is complete all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from monitor.model import Snapshot, Update
from monitor.vitals import Vitals


class Hub:
    """Holds what is known now, and passes on what changes."""

    def __init__(self, vitals: Vitals) -> None:
        self.snapshot: Snapshot | None = None
        """None until the first block is stored."""
        self._listeners: set[Listener] = set()
        self._vitals = vitals

    def publish(self, update: Update) -> None:
        """Tell everyone. The update's blocks must be stored already."""
        self.snapshot = update.snapshot
        for listener in self._listeners:
            if listener.put(update):
                self._vitals.output_dropped.labels(listener.name).inc()

    @contextmanager
    def listen(self, name: str, *, limit: int = 100) -> Iterator[Listener]:
        """Hear of every update from now on, of the last `limit` when reading is slow."""
        if limit < 1:
            raise ValueError("a listener's limit is at least 1: the queue would have none")
        listener = Listener(name, limit)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)


class Listener:
    """An asynchronous iterator of updates, oldest first."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self._queue: asyncio.Queue[Update] = asyncio.Queue(limit)

    def put(self, update: Update) -> bool:
        """Add an update; whether an older one had to go for it."""
        full = self._queue.full()
        if full:
            self._queue.get_nowait()
        self._queue.put_nowait(update)
        return full

    async def get(self) -> Update:
        """The next update, once there is one."""
        return await self._queue.get()

    async def __aiter__(self) -> AsyncIterator[Update]:
        while True:
            yield await self._queue.get()
