"""Servers of asyncio on threads, and their end: a socket left to garbage collection is reported in another test."""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import suppress
from typing import Self

_HANDSHAKE_SECONDS = 1.0
"""How long a client may take for a TLS handshake that has begun."""


async def stop_accepting(server: asyncio.Server, serving: Collection[asyncio.Task[None]] = ()) -> None:
    """Close the listening socket, when what was accepted is being served.

    A server that is closed in the meantime forgets the connection without closing it: Python 3.12 and 3.13 until
    python/cpython#109564 was mended.

    Args:
        server: of the running event loop, which has no other tasks than its own.
        serving: tasks that serve connections.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            while accepting := asyncio.all_tasks() - {asyncio.current_task(), *serving}:
                await asyncio.wait(accepting)
    server.close()


class OnThread(ABC):
    """A server with an event loop on a thread of its own. Use as a context manager."""

    def __init__(self) -> None:
        self.port = 0
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=type(self).__name__, daemon=True)

    @abstractmethod
    async def _listen(self) -> asyncio.Server:
        """Take connections on 127.0.0.1."""

    @abstractmethod
    async def _close(self) -> None:
        """Take no more, and end those that are open."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result()
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()
