"""The state of the node, shared by its interfaces."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from monitor.embedded.chain import Chain


@dataclass(slots=True)
class State:
    """Chain and settings of the node."""

    network: str
    chain: Chain
    blockpart: bool
    """Whether REST serves parts of blocks, as Bitcoin Core 31 does."""
    warming_up: bool = False
    publishers: list[dict[str, object]] = field(default_factory=list)
    """The answer of `getzmqnotifications`."""
    asked: Counter[str] = field(default_factory=Counter)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """End all waits for a new tip."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def movement(self, seconds: float | None) -> None:
        """Wait for the next `wake`, or the timeout."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()
