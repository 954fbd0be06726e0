"""Turns for requests that take a thread and a part of a second: one is served at a time, and a few wait."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from http import HTTPStatus

from monitor.outputs.web.problems import Problem

_MAX_WAITING = 8
"""Things that requests wait for."""


class Turns:
    """Serves the requests for history one after the other."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._waiting = Counter[Hashable]()

    @asynccontextmanager
    async def one(self, wanted: Hashable) -> AsyncIterator[None]:
        """Wait for a turn, and have it while the context is open.

        Args:
            wanted: what is computed. All who want the same take one place, as it is computed once and kept.

        Raises:
            Problem: too many wait already.
        """
        if wanted not in self._waiting and len(self._waiting) >= _MAX_WAITING:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests for history; ask again in a second")
        self._waiting[wanted] += 1
        try:
            async with self._lock:
                yield
        finally:
            self._waiting -= Counter([wanted])
