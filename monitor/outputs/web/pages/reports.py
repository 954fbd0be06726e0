"""The pages of what this monitor has seen itself (nodes, alerts, audits, jobs, evidence), and of the AI economy."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from monitor.model import AlertState
from monitor.outputs.lags import SIGHTINGS, lags_by_node, lags_by_pool
from monitor.outputs.node_text import place, summary
from monitor.outputs.web.answer import Answer
from monitor.outputs.web.cache import cached
from monitor.outputs.web.elsewhere import base_url
from monitor.outputs.web.pages import audit, builders, feed, stratum
from monitor.outputs.web.pages.address import Address
from monitor.outputs.web.pages.alerts import grouped, told
from monitor.outputs.web.pages.compare import ComparePage
from monitor.outputs.web.pages.dates import DayRange
from monitor.outputs.web.pages.names import entity_names
from monitor.outputs.web.pages.shell import Shell, shown
from monitor.outputs.web.pages.tree import draw
from monitor.outputs.web.sources import Sources

_AUDITS = 48
"""Newest audited blocks that are shown."""
_NOW_ONLY: Final = {
    "nodes": "what nodes said earlier is not stored",
    "alerts": "which alerts fired is in the history below, by days",
    "compare": "sources revise their past, and the newest edition alone is stored",
    "stratum": "jobs are not stored; shared templates have their days",
}
"""Why a page has no earlier state."""


class Reports:
    """Renders what the hub has now; audits and evidence also as of an earlier block."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self._sources = shell.sources

    def routes(self) -> list[web.RouteDef]:
        """The pages."""
        return [
            web.get("/nodes", self.nodes),
            web.get("/alerts", self.alerts),
            web.get("/compare", self.compare),
            web.get("/audit", self.audit),
            web.get("/builders", self.builders),
            web.get("/stratum", self.stratum),
            web.get(feed.PATH, self.feed),
        ]

    @cached
    async def nodes(self, request: web.Request) -> web.Response:
        """Which node is on which branch, and the tree of the newest blocks."""
        view, snapshot = self._sources.hub.nodes, self._sources.hub.snapshot
        if view is None:
            return self.shell.page(request, "waiting.html")
        sightings = await self._sources.branches.sightings(limit=SIGHTINGS)
        return self.shell.page(
            request, "nodes.html", here="/nodes", no_past=_NOW_ONLY["nodes"], view=view, tree=draw(view),
            lags=lags_by_node(sightings), pool_lags=lags_by_pool(sightings), summary=summary(view), place=place,
            snapshot=snapshot, slots=self.shell.slots(snapshot) if snapshot else {},
        )  # fmt: skip

    @cached
    async def alerts(self, request: web.Request) -> web.Response:
        """What fires, what is about to, and what has fired."""
        entries, days = await self._sources.journal.newest(limit=1000), DayRange.of(Address.of(request).state)
        pending = grouped(each for each in self._sources.hub.alerts if each.state is AlertState.PENDING)
        return self.shell.page(
            request, "alerts.html", here="/alerts", no_past=_NOW_ONLY["alerts"], pending=pending,
            history=told(entries, days), days=days,
        )  # fmt: skip

    @cached
    async def compare(self, request: web.Request) -> web.Response:
        """Mining and the AI economy, layer by layer."""
        hub = self._sources.hub
        if hub.economy is None:
            return self.shell.page(request, "waiting.html")
        page = ComparePage(hub.economy, hub.snapshot, time.time(), days=DayRange.of(Address.of(request).state))
        return self.shell.page(request, "compare.html", here="/compare", no_past=_NOW_ONLY["compare"], page=page)

    @shown
    async def audit(self, request: web.Request, sources: Sources) -> web.Response:
        """Pools by how far their blocks match the node's templates, and the newest audited blocks."""
        view, snapshot = await sources.audit_view(), sources.snapshot
        if view is None:
            return self.shell.page(request, "waiting.html")
        below = snapshot.tip.height + 1 if sources.past else None
        page = audit.AuditPage.of(
            view, await sources.audits.newest(_AUDITS, below=below),
            level=request.query.get("level"), window=request.query.get("window"),
        )  # fmt: skip
        return self.shell.page(
            request, "audit.html", here="/audit", as_of=sources.past, page=page, bar_of=audit.bar, levels=audit.LEVELS,
            windows=audit.WINDOWS, slots=self.shell.slots(snapshot, page.level),
            snapshot=snapshot,
        )  # fmt: skip

    @shown
    async def builders(self, request: web.Request, sources: Sources) -> web.Response:
        """Pools that build templates together, or have their rewards spent together."""
        view, snapshot = sources.hub.builders, sources.snapshot
        if view is None:
            return self.shell.page(request, "waiting.html")
        then = f"{datetime.fromtimestamp(snapshot.tip.time, UTC):%Y-%m}" if sources.past else None
        month = request.query.get("month")
        page = builders.BuildersPage.of(view, level=request.query.get("level"), month=month, then=then)
        return self.shell.page(
            request, "builders.html", here="/builders", page=page, levels=builders.LEVELS, kinds=builders.KINDS,
            styles=builders.STYLES, names=entity_names(snapshot), slots=self.shell.slots(snapshot),
        )  # fmt: skip

    @cached
    async def stratum(self, request: web.Request) -> web.Response:
        """What pools' miners work on, and which pools share templates."""
        hub, snapshot = self._sources.hub, self._sources.hub.snapshot
        if hub.stratum is None or snapshot is None:
            return self.shell.page(request, "waiting.html")
        return self.shell.page(
            request, "stratum.html", here="/stratum", no_past=_NOW_ONLY["stratum"],
            page=stratum.StratumPage(hub.stratum), positions=stratum.POSITIONS, shade=stratum.shade,
            slots=self.shell.slots(snapshot), snapshot=snapshot,
        )  # fmt: skip

    async def feed(self, request: web.Request) -> web.Response:
        """What happened, as Atom. Its links begin as the request does, so it is not cached for others."""
        entries = await self._sources.journal.newest(limit=feed.ENTRIES)
        answer = Answer(feed.atom(entries, base_url(request)), {"Content-Type": feed.CONTENT_TYPE})
        return answer.to(request)
