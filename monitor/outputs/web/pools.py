"""The part of the JSON API that is about pools."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from monitor.hub import Hub
from monitor.model import PoolSlug, Snapshot
from monitor.outputs.schemas import pools as schemas
from monitor.outputs.schemas.blocks import Tip
from monitor.outputs.web import pool
from monitor.outputs.web.parameters import SLUG
from monitor.outputs.web.paths import NO_BLOCK_YET, Path, json, query
from monitor.outputs.web.ports import Directory, History
from monitor.outputs.web.problems import Problem

NEWEST = 100
"""So many of a pool's newest blocks show how it signs, and whom it pays."""


class Pools:
    """The handlers, over what they read from."""

    def __init__(self, hub: Hub, history: History, directory: Directory) -> None:
        self._hub = hub
        self._history = history
        self._directory = directory

    def routes(self) -> list[web.RouteDef]:
        """Every path."""
        return [web.get("/api/v1/pools", self.pools), web.get("/api/v1/pools/{slug}", self.pool)]

    @Path(schemas.Pools)
    async def pools(self, request: web.Request) -> web.Response:
        """Every pool that the registry knows, largest first: what it belongs to, and its share of each window."""
        query(request)
        snapshot, directory = self._snapshot(), self._directory
        found = [pool.brief(each, snapshot, directory) for each in directory.profiles()]
        found.sort(key=lambda each: -max((share.blocks for share in each.shares), default=0))
        return json(schemas.Pools(tip=Tip.of(snapshot, snapshot.pool_names), pools=found))

    @Path(schemas.Pool, (SLUG,), problems={**NO_BLOCK_YET, HTTPStatus.NOT_FOUND: "there is no such pool"})
    async def pool(self, request: web.Request) -> web.Response:
        """One pool with everything: marks, memberships, shares, signals, and what its newest blocks show."""
        query(request)
        snapshot, slug = self._snapshot(), request.match_info["slug"]
        if not pool.known(slug, snapshot, self._directory):
            raise Problem(HTTPStatus.NOT_FOUND, f"unknown pool {slug[:40]!r}; /api/v1/pools has the list")
        newest = await self._history.blocks_of(PoolSlug(slug), NEWEST)
        return json(pool.whole(slug, snapshot, self._directory, newest))

    def _snapshot(self) -> Snapshot:
        if self._hub.snapshot is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no block is stored yet; /readyz says why")
        return self._hub.snapshot
