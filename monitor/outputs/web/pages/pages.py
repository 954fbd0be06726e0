"""The pages, from the same values as the API."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from aiohttp import web

from monitor import __version__
from monitor.model import SOON_SECONDS, BlockHash, Moment, Snapshot
from monitor.outputs.lags import SIGHTINGS
from monitor.outputs.node_text import disagreement
from monitor.outputs.web import profiles
from monitor.outputs.web.answer import Answer
from monitor.outputs.web.cache import cached
from monitor.outputs.web.elsewhere import base_url
from monitor.outputs.web.pages import audit, builders, feed, filters, stratum
from monitor.outputs.web.pages.address import Address
from monitor.outputs.web.pages.alerts import AlertsPage, FiringView
from monitor.outputs.web.pages.assets import Assets
from monitor.outputs.web.pages.change_pairs import ChangeEntry, newest_first
from monitor.outputs.web.pages.claims import ClaimsView, verdict
from monitor.outputs.web.pages.compare import ComparePage
from monitor.outputs.web.pages.comparison import Since, choices, shares_of
from monitor.outputs.web.pages.countries import COUNTRIES
from monitor.outputs.web.pages.entity import POOL, EntityView
from monitor.outputs.web.pages.history import METRICS, SPANS, HistoryView
from monitor.outputs.web.pages.memberships import LEVELS, MembershipView
from monitor.outputs.web.pages.names import entity_names, slots
from monitor.outputs.web.pages.nodes import NodesPage
from monitor.outputs.web.pages.overview import CONFIRMATIONS, Overview
from monitor.outputs.web.pages.published import claim
from monitor.outputs.web.pages.reference import ApiPage
from monitor.outputs.web.pages.rendering import render
from monitor.outputs.web.pages.runbook import runbook
from monitor.outputs.web.pages.search import MAX_HEIGHT, Match, Wanted, match_of
from monitor.outputs.web.pages.stale_rates import StaleRates
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.sources import Sources
from monitor.outputs.web.tables import source_line
from monitor.text import coinbase_text

_STRIP = 48
"""Newest blocks that are shown."""
_SAME_HEIGHT = 8
"""Most blocks of one height that a search finds: more than one only where some are stale."""
_PAGES = (
    ("/", "Overview"), ("/claims", "Claims"), ("/compare", "Two economies"), ("/audit", "Audit"),
    ("/stratum", "Stratum"), ("/builders", "Builders"), ("/nodes", "Nodes"), ("/memberships", "Memberships"),
    ("/alerts", "Alerts"),
)  # fmt: skip
"""What the head of each page has links to."""
_PAYOUTS = 40
"""Outputs of a block that are shown: there may be 90,000."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Pages:
    """Renders what the hub has now."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._assets = Assets()

    def routes(self) -> list[web.RouteDef]:
        """The pages and their files."""
        return [
            web.get("/", self.overview),
            web.get("/block/{hash}", self.block),
            web.get("/pool/{slug}", self.pool),
            web.get("/memberships", self.memberships),
            web.get("/nodes", self.nodes),
            web.get("/alerts", self.alerts),
            web.get("/search", self.search),
            web.get("/claims", self.claims),
            web.get("/glossary", self.glossary),
            web.get("/runbook", self.runbook),
            web.get("/entity/{level}/{entity}", self.entity),
            web.get("/compare", self.compare),
            web.get("/audit", self.audit),
            web.get("/builders", self.builders),
            web.get("/stratum", self.stratum),
            web.get(feed.PATH, self.feed),
            *ApiPage(self._sources, self._page).routes(),
            *self._assets.routes(),
        ]

    @cached
    async def overview(self, request: web.Request) -> web.Response:
        """Who mines, how concentrated mining is, its trend, and the uncertainty."""
        sources = await self._at(request)
        if isinstance(sources, web.Response):
            return sources
        snapshot, state = sources.snapshot, Address.of(request).state
        view = Overview.of(snapshot, state.get("level"), state.get("window"))
        level, window = view.key
        return self._page(
            request, "overview.html", here="/", view=view, snapshot=snapshot, as_of=sources.past,
            blocks=await sources.store.blocks(_STRIP, below=snapshot.tip.height + 1 if sources.past else None),
            slots=self._slots(snapshot, level), pools=self._slots(snapshot),
            history=HistoryView.of(state, snapshot, level=level, window=window),
            since=Since.of(snapshot, self._sources.snapshot, level, window=window) if sources.past else None,
            names=entity_names(snapshot), claim=claim(snapshot), stale=StaleRates.of(snapshot, view.chosen),
            changes=_changes(snapshot), confirmations=CONFIRMATIONS,
        )  # fmt: skip

    @cached
    async def block(self, request: web.Request) -> web.Response:
        """A block, and how its pool was identified."""
        snapshot, store, directory = self._sources.hub.snapshot, self._sources.store, self._sources.directory
        wanted = request.match_info["hash"].lower()
        found = await store.block(BlockHash(wanted)) if re.fullmatch(r"[0-9a-f]{64}", wanted) else None
        if snapshot is None or found is None:
            return self._missing(request, "This block is not stored here.")
        block, attribution = found.judged.block, found.judged.attribution
        near = await store.blocks(2, below=block.height + 2)
        audited = await self._sources.audits.find(block.hash)
        version = block.header.version
        return self._page(
            request, "block.html", snapshot=snapshot, record=found, block=block, attribution=attribution,
            siblings=[each for each in near if each.judged.block.height == block.height and each.judged.block != block],
            above=[each for each in near if each.judged.block.header.parent == block.hash],
            belongs=directory.belongs(attribution.pool or "", block.header.time),
            text=coinbase_text(block.coinbase.script), slots=self._slots(snapshot),
            names=entity_names(snapshot),
            payouts=[(each, directory.address(each.script)) for each in block.coinbase.outputs[:_PAYOUTS]],
            audit=audited, verdicts=list(audit.verdict_rows(audited)) if audited else [], verdict_names=audit.VERDICTS,
            bits=[bit for bit in range(29) if version >> 29 == 1 and version >> bit & 1],
        )  # fmt: skip

    @cached
    async def pool(self, request: web.Request) -> web.Response:
        """A pool with everything that is known about it."""
        sources, slug = await self._at(request), request.match_info["slug"]
        if isinstance(sources, web.Response):
            return sources
        if not profiles.is_known(slug, sources):
            return self._missing(request, "Unknown pool.")
        snapshot, state = sources.snapshot, Address.of(request).state
        view = Overview.of(snapshot, POOL, state.get("window"))
        newest = await profiles.newest_blocks(slug, sources)
        found = profiles.profile(slug, newest, sources)
        return self._page(
            request, "pool.html", snapshot=snapshot, as_of=sources.past, pool=found,
            soon_seconds=SOON_SECONDS,
            windows=profiles.by_window(found),
            blocks=newest[:_STRIP], slots=self._slots(snapshot),
            view=view,
            **self._beside(state, snapshot, (POOL, slug), window=view.chosen.window.name),
            miner=next((each for each in snapshot.unknown_miners if each.name == slug), None),
            changes=[each for each in _changes(snapshot) if slug in each.entities],
            advantage=profiles.advantage(slug, snapshot), stale_rate=profiles.stale_rate(slug, snapshot),
            current=profiles.current(slug, snapshot),
            names=entity_names(snapshot),
        )  # fmt: skip

    @cached
    async def memberships(self, request: web.Request) -> web.Response:
        """The rows that levels other than `pool` are counted by."""
        sources = await self._at(request)
        if isinstance(sources, web.Response):
            return sources
        snapshot = sources.snapshot
        view = MembershipView.of(
            snapshot, self._sources.directory.profiles(),
            level=request.query.get("level"), entity=request.query.get("entity"),
        )  # fmt: skip
        return self._page(
            request, "memberships.html", here="/memberships", as_of=sources.past, view=view, levels=LEVELS,
            snapshot=snapshot, names=entity_names(snapshot),
        )  # fmt: skip

    @cached
    async def entity(self, request: web.Request) -> web.Response:
        """One entity of a level: its share, its members, and what is uncertain about them."""
        address, level, entity = Address.of(request), request.match_info["level"], request.match_info["entity"]
        if level == POOL:
            raise web.HTTPFound(address.root + address.to(f"pool/{quote(entity, safe='')}"))
        sources = await self._at(request)
        if isinstance(sources, web.Response):
            return sources
        snapshot, state = sources.snapshot, address.state
        view = EntityView.of(snapshot, self._sources.directory, entity, level=level, window=state.get("window"))
        if view is None:
            return self._missing(
                request, f"Nothing is counted for this {level}." if level in LEVELS else "Unknown level."
            )
        return self._page(
            request, "entity.html", view=view, snapshot=snapshot, as_of=sources.past, names=entity_names(snapshot),
            slots=self._slots(snapshot, level),
            **self._beside(state, snapshot, (level, entity), window=view.chosen.window.name),
        )  # fmt: skip

    @cached
    async def claims(self, request: web.Request) -> web.Response:
        """What is often said, and what the numbers say of it."""
        sources = await self._at(request)
        if isinstance(sources, web.Response):
            return sources
        snapshot = sources.snapshot
        return self._page(
            request, "claims.html", here="/claims", view=ClaimsView.of(snapshot), snapshot=snapshot,
            verdict=verdict, as_of=sources.past,
        )  # fmt: skip

    @cached
    async def glossary(self, request: web.Request) -> web.Response:
        """What the numbers are."""
        return self._page(request, "glossary.html")

    @cached
    async def runbook(self, request: web.Request) -> web.Response:
        """What to do about each alert: rules of Prometheus link here."""
        return self._page(request, "runbook.html", runbook=runbook())

    async def search(self, request: web.Request) -> web.Response:
        """A block, a pool, a group or a country. What is found alone is opened."""
        snapshot, wanted = self._sources.hub.snapshot, Wanted.of(request.query.get("q", ""))
        names = entity_names(snapshot) if snapshot else COUNTRIES
        found = [*await self._blocks(wanted), *wanted.named(self._sources.directory.profiles(), snapshot, names)]
        if len(found) == 1:
            raise web.HTTPFound(Address.of(request).root + found[0].path.removeprefix("/"))
        return self._page(request, "search.html", text=wanted.text, found=found)

    async def _blocks(self, wanted: Wanted) -> list[Match]:
        store = self._sources.store
        if wanted.hash:
            return [match_of(found) for found in [await store.block(BlockHash(wanted.hash))] if found]
        if wanted.height is None:
            return []
        near = await store.blocks(_SAME_HEIGHT, below=min(wanted.height + 1, MAX_HEIGHT))
        return [match_of(each) for each in near if each.judged.block.height == wanted.height]

    @cached
    async def nodes(self, request: web.Request) -> web.Response:
        """Which node is on which branch, and the tree of the newest blocks."""
        hub = self._sources.hub
        if hub.nodes is None:
            return self._page(request, "waiting.html")
        sightings = await self._sources.branches.sightings(limit=SIGHTINGS)
        snapshot = hub.snapshot
        return self._page(
            request, "nodes.html", here="/nodes", page=NodesPage.of(hub.nodes, sightings), snapshot=snapshot,
            slots=self._slots(snapshot) if snapshot else {},
            names=entity_names(snapshot) if snapshot else {},
        )  # fmt: skip

    @cached
    async def alerts(self, request: web.Request) -> web.Response:
        """What fires, what is about to, and what has fired."""
        entries = await self._sources.journal.newest(limit=1000)
        return self._page(request, "alerts.html", here="/alerts", page=AlertsPage.of(self._sources.hub.alerts, entries))

    @cached
    async def compare(self, request: web.Request) -> web.Response:
        """Mining and the AI economy, layer by layer."""
        hub = self._sources.hub
        if hub.economy is None:
            return self._page(request, "waiting.html")
        return self._page(
            request, "compare.html", here="/compare", page=ComparePage(hub.economy, hub.snapshot, time.time())
        )

    @cached
    async def audit(self, request: web.Request) -> web.Response:
        """Pools by how far their blocks match the node's templates, and the newest audited blocks."""
        hub, snapshot = self._sources.hub, self._sources.hub.snapshot
        if hub.audit is None or snapshot is None:
            return self._page(request, "waiting.html")
        page = audit.AuditPage.of(
            hub.audit, await self._sources.audits.newest(_STRIP),
            level=request.query.get("level"), window=request.query.get("window"),
        )  # fmt: skip
        return self._page(
            request, "audit.html", here="/audit", page=page, levels=audit.LEVELS, windows=audit.WINDOWS,
            names=entity_names(snapshot),
            slots=self._slots(snapshot, page.level), snapshot=snapshot,
        )  # fmt: skip

    @cached
    async def builders(self, request: web.Request) -> web.Response:
        """Pools that build templates together, or have their rewards spent together."""
        hub, snapshot = self._sources.hub, self._sources.hub.snapshot
        if hub.builders is None or snapshot is None:
            return self._page(request, "waiting.html")
        page = builders.BuildersPage.of(
            hub.builders, level=request.query.get("level"), month=request.query.get("month")
        )
        return self._page(
            request, "builders.html", here="/builders", page=page, levels=builders.LEVELS, kinds=builders.KINDS,
            styles=builders.STYLES, names=entity_names(snapshot), slots=self._slots(snapshot),
        )  # fmt: skip

    @cached
    async def stratum(self, request: web.Request) -> web.Response:
        """What pools' miners work on, and which pools share templates."""
        hub, snapshot = self._sources.hub, self._sources.hub.snapshot
        if hub.stratum is None or snapshot is None:
            return self._page(request, "waiting.html")
        return self._page(
            request, "stratum.html", here="/stratum", page=stratum.StratumPage(hub.stratum),
            positions=stratum.POSITIONS, shade=stratum.shade, names=entity_names(snapshot),
            slots=self._slots(snapshot), snapshot=snapshot,
        )  # fmt: skip

    async def feed(self, request: web.Request) -> web.Response:
        """What happened, as Atom. Its links begin as the request does, so it is not cached for others."""
        entries = await self._sources.journal.newest(limit=feed.ENTRIES)
        answer = Answer(feed.atom(entries, base_url(request)), {"Content-Type": feed.CONTENT_TYPE})
        return answer.to(request)

    def _beside(
        self, state: Mapping[str, str], snapshot: Snapshot, one: tuple[str, str], *, window: str
    ) -> dict[str, object]:
        """The history of an entity, and of the one that it is compared with, if any."""
        level, entity = one
        others = choices(snapshot, level, entity)
        other = state["with"] if state.get("with") in others else None
        return {
            "others": others,
            "other": other,
            "other_shares": shares_of(snapshot, level, other) if other else {},
            "history": HistoryView.of(
                state, snapshot, level=level, window=window, entities=[entity, *([other] if other else [])]
            ),
        }

    async def _at(self, request: web.Request) -> Sources | web.Response:
        """The sources as of the moment that the address names; the page that says why there are none."""
        if self._sources.hub.snapshot is None:
            return self._page(request, "waiting.html")
        text = request.query.get("at")
        try:
            return await self._sources.as_of(Moment.parse(text) if text else None)
        except (Problem, ValueError) as error:
            status = error.status if isinstance(error, Problem) else HTTPStatus.NOT_FOUND
            return self._missing(request, f"{filters.first_upper(str(error))}.", status)

    def _missing(
        self, request: web.Request, reason: str, status: HTTPStatus = HTTPStatus.NOT_FOUND
    ) -> web.Response:  # fmt: skip
        response = self._page(request, "missing.html", reason=reason, title=status.phrase.capitalize())
        response.set_status(status)
        return response

    def _page(self, request: web.Request, template: str, **values: object) -> web.Response:
        address, snapshot = Address.of(request), values.get("snapshot")
        common: Mapping[str, Any] = {
            "address": address,
            "assets": self._assets.path,
            "firing": FiringView.of(self._sources.hub.alerts),
            "pages": _PAGES,
            "here": None,
            "as_of": None,
            "metrics": METRICS,
            "spans": SPANS,
            "source": source_line(snapshot, address.here()) if isinstance(snapshot, Snapshot) else "pool-monitor",
            "followed_blocks": nodes.followed_blocks if (nodes := self._sources.hub.nodes) else frozenset(),
            "disagreement": disagreement(nodes) if nodes else None,
            "waiting": self._sources.health.waiting,
            "coverage": self._sources.health.coverage,
            "now": time.time(),
            "version": __version__,
        }
        text = render(template, address.root, **{**common, **values})
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    def _slots(self, snapshot: Snapshot, level: str = POOL) -> Mapping[str, int]:
        return slots(snapshot, level, self._sources.directory)


def _changes(snapshot: Snapshot) -> list[ChangeEntry]:
    """The significant changes of pools, newest first."""
    return newest_first(snapshot.estimates.changes if snapshot.estimates else ())
