"""Turns for requests that take a thread and a part of a second: one is served at a time, and a few wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from monitor.outputs.web.problems import Problem

_MAX_WAITING = 8
"""Requests that wait for their turn."""


class Turns:
    """Serves the requests for history one after the other."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the context is open.

        Raises:
            Problem: too many wait already.
        """
        if self._waiting >= _MAX_WAITING:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests for history; ask again in a second")
        self._waiting += 1
        try:
            async with self._lock:
                yield
        finally:
            self._waiting -= 1
