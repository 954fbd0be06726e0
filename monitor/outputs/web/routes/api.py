"""All endpoints, in the order of the documentation."""

from __future__ import annotations

from aiohttp import web

from monitor.outputs.web.routes import blocks, entities, history, numbers, openapi, pools, reports, status
from monitor.outputs.web.routes.endpoint import route
from monitor.outputs.web.sources import Sources


class Api:
    """The JSON API, version 1, and the health checks."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def routes(self) -> list[web.RouteDef]:
        """All routes."""
        endpoints = (
            status.healthz, status.readyz, openapi.openapi, status.status,
            numbers.shares, numbers.shares_now, numbers.concentration, numbers.confirmations, numbers.changes,
            numbers.signals, numbers.unknown, history.history,
            blocks.blocks, blocks.block, reports.nodes, reports.economy, reports.audit, reports.block_audit,
            reports.builders, reports.stratum, reports.alerts, pools.pools, pools.pool, entities.entity,
        )  # fmt: skip
        return [route(each, self._sources) for each in endpoints]
