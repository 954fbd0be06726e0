"""Ends servers of asyncio so that no socket is left to garbage collection, which reports it in another test."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress

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
