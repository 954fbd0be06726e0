"""Server-sent events: what happens, as it happens, to every client that keeps a connection open.

Each event is JSON under a name: `block` for each block that joined, `reorg` for blocks that left, both right after they
are stored; `snapshot` when all numbers of the new tip are published; `alert` when one fires or is resolved. A client
that is too slow loses the oldest events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from aiohttp import web

from monitor.hub import Hub, Listener, News
from monitor.model import Alert, BlockRecord, Snapshot
from monitor.outputs.schemas.alerts import Alert as AlertSchema
from monitor.outputs.schemas.base import Schema
from monitor.outputs.schemas.blocks import Block, Reorg, SnapshotEvent
from monitor.outputs.web.paths import Path, query
from monitor.outputs.web.problems import Problem

_BEAT_SECONDS = 15.0
"""Between signs of life, so that proxies keep the connection and we notice that a reader is gone."""
_READERS = 100


class Events:
    """Streams the news of the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._readers: set[asyncio.Task[Any]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Its one path."""
        return [web.get("/api/v1/events", self.stream)]

    async def close(self, _application: web.Application) -> None:
        """Let go of all readers: they come back when there is a server again."""
        for reader in tuple(self._readers):
            reader.cancel()

    @Path(None, problems={HTTPStatus.SERVICE_UNAVAILABLE: "too many readers"}, content="text/event-stream", kept=False)
    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Every event from now on, until the reader goes."""
        query(request)
        if len(self._readers) >= _READERS:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{_READERS} readers are connected already")
        task = asyncio.current_task()
        assert task
        self._readers.add(task)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        try:
            with (
                self._hub.listen("events") as news,
                self._hub.listen_to_alerts("events") as alerts,
                suppress(asyncio.CancelledError, ConnectionError),
            ):
                await response.prepare(request)
                await response.write(b": connected\n\n")
                beside = asyncio.create_task(self._send_alerts(alerts, response))
                try:
                    # A task of its own: from the server's handler it is a dozen frames to here, when a block comes.
                    await asyncio.create_task(self._send(news, response))
                finally:
                    beside.cancel()
        finally:
            self._readers.discard(task)
        return response

    async def _send(self, news: Listener[News], response: web.StreamResponse) -> None:
        while True:
            try:
                async with asyncio.timeout(_BEAT_SECONDS):  # unlike `wait_for`, no task of its own, nor its turn
                    update = await news.get()
            except TimeoutError:
                await response.write(b": still here\n\n")
                continue
            for name, content in events(update):
                await response.write(_event(name, content))

    async def _send_alerts(self, alerts: Listener[Alert], response: web.StreamResponse) -> None:
        with suppress(ConnectionError):  # the other task notices that the client is gone
            async for alert in alerts:
                await response.write(_event("alert", AlertSchema.of(alert)))


def _event(name: str, content: Schema) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), content.encode())


def events(news: News) -> Iterator[tuple[str, Schema]]:
    """The events that news makes, each with its name. While catching up, blocks are not announced."""
    if isinstance(news, Snapshot):
        yield "snapshot", SnapshotEvent.of({"tip": news, "caught_up": news.caught_up}, news.pool_names)
        return
    plan = news.plan
    if plan.disconnects:
        yield "reorg", Reorg(depth=len(plan.disconnects), height=plan.onto.height, hash=plan.onto.hash)
    if plan.caught_up:
        for judged in news.judged:
            yield "block", Block.of(BlockRecord(judged, stale=False), news.pool_names)
