"""What the node's interfaces tell about, shared by all of them."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from monitor.embedded.chain import Chain


@dataclass(slots=True)
class State:
    """The node as it stands now."""

    network: str
    chain: Chain
    blockpart: bool
    """Whether REST serves parts of blocks; that takes Bitcoin Core 31."""
    warming_up: bool = False
    publishers: list[dict[str, object]] = field(default_factory=list)
    """What `getzmqnotifications` answers."""
    asked: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Let go of all who wait for a new tip: it is there, or the node stops."""
        self._moved.set()
        self._moved = asyncio.Event()

    async def movement(self, seconds: float | None) -> None:
        """Wait for the next `wake`, or until the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._moved.wait()
