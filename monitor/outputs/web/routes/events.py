"""Server-sent events, as JSON: `block`, `reorg`, `snapshot`, `alert`, `branch`, `split`, `beat`.

`block` for each block that joined and `reorg` for blocks that left follow right after the commit, `snapshot` when all
numbers of the new tip are published, `alert` when an alert fires or is resolved, `branch` when the branches that nodes
follow change, `split` when a split begins, grows or ends, and `beat` after 15 seconds without another one. A client
that is too slow loses the oldest events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from aiohttp import web

from monitor.hub import Listener, News
from monitor.model import Alert, BlockHash, BlockRecord, NodesView, Snapshot
from monitor.outputs.schemas.alerts import Alert as AlertSchema
from monitor.outputs.schemas.base import Schema
from monitor.outputs.schemas.blocks import Block, Reorg, SnapshotEvent
from monitor.outputs.schemas.nodes import BranchEvent, SplitEvent
from monitor.outputs.web.connections import is_local
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.endpoint import EVENT_STREAM, get, route
from monitor.outputs.web.sources import Sources
from monitor.vitals import Vitals

_BEAT_SECONDS = 15.0
"""Without another event: keeps the connection open in proxies, and both ends notice when the other is gone."""
_MAX_CLIENTS = 100
_RESERVED = 20
"""Streams that only this machine can have."""
_MOST_OF_A_CLIENT = 20
"""Streams of one address of another machine."""
_HEADERS = {"Content-Type": EVENT_STREAM, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""The last one for nginx, which otherwise keeps events until it has several thousand bytes."""
_FULL = {HTTPStatus.SERVICE_UNAVAILABLE: "too many clients"}


class Events:
    """Streams the news of the hub."""

    def __init__(self, sources: Sources, vitals: Vitals) -> None:
        self._sources = sources
        self._hub = sources.hub
        self._refused = vitals.web_refused.labels("events")
        self._clients: dict[asyncio.Task[Any], str | None] = {}
        """The address of each."""

    def routes(self) -> list[web.RouteDef]:
        """The route."""
        return [route(self.stream, self._sources)]

    async def close(self, _application: web.Application) -> None:
        """Disconnect all clients; they reconnect when a server is back."""
        for client in tuple(self._clients):
            client.cancel()

    @get("/api/v1/events", problems=_FULL, content=EVENT_STREAM, cached=False)
    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Every event from now on, until the client disconnects."""
        if request.method == "HEAD":
            return web.StreamResponse(headers=_HEADERS)
        if not self._has_room(request.remote):
            self._refused.inc()
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many clients receive events already")
        task = asyncio.current_task()
        assert task
        self._clients[task] = request.remote
        response = web.StreamResponse(headers=_HEADERS)
        try:
            with (
                self._hub.listen("events") as news,
                self._hub.listen_to_alerts("events") as alerts,
                self._hub.listen_to_nodes("events") as views,
                suppress(asyncio.CancelledError, ConnectionError),
            ):
                await response.prepare(request)
                await response.write(b": connected\n\n")
                beside = [
                    asyncio.create_task(self._send_alerts(alerts, response)),
                    asyncio.create_task(self._send_branches(views, response)),
                ]
                try:
                    # In a task of its own, a block does not pass through a dozen frames of the server.
                    await asyncio.create_task(self._send(news, response))
                finally:
                    for each in beside:
                        each.cancel()
        finally:
            del self._clients[task]
        return response

    def _has_room(self, client: str | None) -> bool:
        if is_local(client):
            return len(self._clients) < _MAX_CLIENTS
        ours = sum(each == client for each in self._clients.values())
        return ours < _MOST_OF_A_CLIENT and len(self._clients) < _MAX_CLIENTS - _RESERVED

    async def _send(self, news: Listener[News], response: web.StreamResponse) -> None:
        while True:
            try:
                async with asyncio.timeout(_BEAT_SECONDS):  # unlike `wait_for`, no task of its own, nor its turn
                    update = await news.get()
            except TimeoutError:
                await response.write(b"event: beat\ndata: {}\n\n")
                continue
            for name, content in events(update):
                await response.write(_event(name, content))

    async def _send_alerts(self, alerts: Listener[Alert], response: web.StreamResponse) -> None:
        with suppress(ConnectionError):  # the other task notices that the client is gone
            async for alert in alerts:
                await response.write(_event("alert", AlertSchema.of(alert)))

    async def _send_branches(self, views: Listener[NodesView], response: web.StreamResponse) -> None:
        before = self._hub.nodes
        with suppress(ConnectionError):
            async for view in views:
                if before and not view.is_known and _ancestors(before) - _ancestors(view):
                    continue  # a split is not over while it is not known where the nodes are
                for name, content in branch_events(before, view):
                    await response.write(_event(name, content))
                before = view


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


def _ancestors(view: NodesView) -> set[BlockHash]:
    return {each.ancestor.hash for each in view.splits}


def branch_events(before: NodesView | None, view: NodesView) -> Iterator[tuple[str, Schema]]:
    """The events that a change of the view makes, each with its name."""
    old = before.splits if before else ()
    if view.splits != old:
        yield "branch", BranchEvent.of(view)
    lasting = [each for each in view.splits if each.lasting]
    if lasting != [each for each in old if each.lasting]:
        yield "split", SplitEvent.of({"splits": lasting})
