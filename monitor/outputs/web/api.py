"""The JSON API, version 1, and the two health checks. Every answer comes from the hub's snapshot or from the store."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from aiohttp import web

from monitor import __version__, model
from monitor.hub import Hub
from monitor.model import BlockHash, Snapshot
from monitor.outputs.schemas.blocks import Block, Blocks, Tip, UnknownMiners
from monitor.outputs.schemas.concentration import Changes, Concentration, Shares, WindowConcentration
from monitor.outputs.schemas.history import TimeSeries
from monitor.outputs.schemas.signals import Signals
from monitor.outputs.schemas.status import Alive, Ready, Status
from monitor.outputs.web.alerts import Alerts
from monitor.outputs.web.history import PARAMETERS, Past
from monitor.outputs.web.openapi import openapi
from monitor.outputs.web.parameters import BELOW, HASH, LEVEL, LIMIT, WINDOW
from monitor.outputs.web.paths import NO_BLOCK_YET, Path, invalid, json, number, query, unknown
from monitor.outputs.web.ports import Health, History, HistoryQueries
from monitor.outputs.web.problems import Problem


class Api:
    """The handlers, over what they read from."""

    def __init__(self, hub: Hub, history: History, health: Health, *, courses: HistoryQueries) -> None:
        self._hub = hub
        self._history = history
        self._health = health
        self._past = Past(courses)

    def routes(self) -> list[web.RouteDef]:
        """Every path."""
        return [
            web.get("/healthz", self.healthz),
            web.get("/readyz", self.readyz),
            web.get("/api/openapi.json", self.openapi),
            web.get("/api/v1/status", self.status),
            web.get("/api/v1/shares", self.shares),
            web.get("/api/v1/concentration", self.concentration),
            web.get("/api/v1/changes", self.changes),
            web.get("/api/v1/signals", self.signals),
            web.get("/api/v1/unknown", self.unknown),
            web.get("/api/v1/history", self.history),
            web.get("/api/v1/blocks", self.blocks),
            web.get("/api/v1/blocks/{hash}", self.block),
            *Alerts(self._hub).routes(),
        ]

    @Path(Alive, problems={}, kept=False)
    async def healthz(self, request: web.Request) -> web.Response:
        """Alive: the process answers."""
        query(request)
        return json(Alive())

    @Path(Ready, problems={}, unready=True, kept=False)
    async def readyz(self, request: web.Request) -> web.Response:
        """Caught up: the numbers are those of the node's tip."""
        query(request)
        state = Ready.of(self._state())
        return json(state, HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE)

    @Path(None, problems={}, kept=False)
    async def openapi(self, request: web.Request) -> web.Response:
        """This interface, in OpenAPI 3.1."""
        query(request)
        return web.json_response(openapi(request.app.router.routes(), self._hub.snapshot))

    @Path(Status, problems={}, kept=False)
    async def status(self, request: web.Request) -> web.Response:
        """How the daemon is doing."""
        query(request)
        snapshot, facts = self._hub.snapshot, self._health.facts
        about = {
            "version": __version__,
            **self._state(),
            "tip": snapshot,
            "registry": snapshot.registry if snapshot else None,
            "windows": [each.window.name for each in _at_level(snapshot)] if snapshot else [],
            "node": facts,
        }
        return json(Status.of(about, snapshot.pool_names if snapshot else None))

    @Path(Shares, (LEVEL, WINDOW))
    async def shares(self, request: web.Request) -> web.Response:
        """Who mined how much, with intervals."""
        snapshot, chosen = self._windows(request)
        return json(Shares.of({"tip": snapshot, "windows": chosen}, snapshot.pool_names))

    @Path(Concentration, (LEVEL, WINDOW))
    async def concentration(self, request: web.Request) -> web.Response:
        """How concentrated mining is."""
        snapshot, chosen = self._windows(request)
        windows = [WindowConcentration.of_window(each, snapshot) for each in chosen]
        return json(Concentration(tip=Tip.of(snapshot, snapshot.pool_names), windows=windows))

    @Path(Changes)
    async def changes(self, request: web.Request) -> web.Response:
        """Significant changes of shares of hashrate, newest first."""
        query(request)
        return json(Changes.of_snapshot(self._snapshot()))

    @Path(Signals, (WINDOW,))
    async def signals(self, request: web.Request) -> web.Response:
        """What blocks say beyond shares: streaks, luck, empty blocks, rewards, signalling, races."""
        asked = query(request)
        snapshot = self._snapshot()
        names = [each.window.name for each in _at_level(snapshot)]
        if asked.get("window", names[0]) not in names:
            raise unknown("window", asked["window"], names)
        return json(Signals.of_snapshot(snapshot, asked.get("window")))

    @Path(UnknownMiners)
    async def unknown(self, request: web.Request) -> web.Response:
        """Recurring unidentified miners, with the evidence that their blocks have in common."""
        query(request)
        return json(UnknownMiners.of({"miners": self._snapshot().strangers}))

    @Path(TimeSeries, PARAMETERS, kept=False)
    async def history(self, request: web.Request) -> web.Response:
        """How an index or the shares went, in equal steps of time.

        An index has a series with each unknown block its own miner's (`split`) and one with all of them one miner's
        (`merged`). `shares` have a series for each of the entities that are largest on average, and beside them
        `others`, `unknown`, and `alone` for miners each for himself, where there are any. Numbers are in the order of
        `times` (Unix seconds); a point without blocks has none. `lower` and `upper` are the ends of the 95 % interval:
        of shares always, of `nakamoto`, `hhi` and `hhi_unbiased` (for either, that of the unbiased) unless there are
        too many points and entities, of other indices never.

        An answer carries an `ETag`; asked again with `If-None-Match`, 304 says that nothing has changed. One question
        is answered at a time, and 503 says that too many wait.
        """
        asked = query(request)
        self._snapshot()
        return await self._past.answer(request, asked)

    @Path(Blocks, (LIMIT, BELOW))
    async def blocks(self, request: web.Request) -> web.Response:
        """Blocks, highest first, stale ones among them."""
        asked = query(request)
        limit, below = number(asked, LIMIT), number(asked, BELOW)
        snapshot = self._snapshot()
        found = await self._history.blocks(limit or 0, below=below)
        return json(Blocks.of({"blocks": found}, snapshot.pool_names))

    @Path(Block, (HASH,), problems={**NO_BLOCK_YET, HTTPStatus.NOT_FOUND: "this block is not stored here"})
    async def block(self, request: web.Request) -> web.Response:
        """One block, and everything that points to a pool."""
        query(request)
        wanted = request.match_info["hash"]
        if not re.fullmatch(r"[0-9a-fA-F]{64}", wanted):
            raise invalid("hash", wanted, "64 hexadecimal digits")
        found = await self._history.block(BlockHash(wanted.lower()))
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, "this block is not stored here")
        return json(Block.of(found, self._snapshot().pool_names))

    def _windows(self, request: web.Request) -> tuple[Snapshot, list[model.Concentration]]:
        """The level and window of the query; without a window, all of the level."""
        asked = query(request)
        snapshot = self._snapshot()
        level = asked.get("level", snapshot.concentration[0].level)
        chosen = _at_level(snapshot, level)
        if not chosen:
            raise unknown("level", level, (each.level for each in snapshot.concentration))
        if "window" in asked:
            names = [each.window.name for each in chosen]
            chosen = [each for each in chosen if each.window.name == asked["window"]]
            if not chosen:
                raise unknown("window", asked["window"], names)
        return snapshot, chosen

    def _snapshot(self) -> Snapshot:
        if self._hub.snapshot is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no block is stored yet; /readyz says why")
        return self._hub.snapshot

    def _state(self) -> dict[str, Any]:
        snapshot, facts = self._hub.snapshot, self._health.facts
        waiting = self._health.waiting
        if waiting is None and (snapshot is None or not snapshot.caught_up):
            waiting = "catching up with the node"
        return {
            "ready": waiting is None,
            "waiting": waiting,
            "height": snapshot.tip.height if snapshot else None,
            "first_height": snapshot.first_height if snapshot else None,
            "pruned": facts.pruned if facts else None,
            "history": self._health.coverage,
        }


def _at_level(snapshot: Snapshot, level: str | None = None) -> list[model.Concentration]:
    level = level or snapshot.concentration[0].level
    return [each for each in snapshot.concentration if each.level == level]
