"""The pages of the chain's numbers, from the same values as the API."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from monitor.model import SOON_SECONDS, BlockHash, Snapshot
from monitor.outputs.web import profiles
from monitor.outputs.web.cache import cached
from monitor.outputs.web.pages import audit
from monitor.outputs.web.pages.address import Address
from monitor.outputs.web.pages.change_pairs import ChangeEntry, newest_first
from monitor.outputs.web.pages.claims import ClaimsView, verdict
from monitor.outputs.web.pages.comparison import Since, choices, shares_of
from monitor.outputs.web.pages.country_bars import MEANINGS, CountryBars
from monitor.outputs.web.pages.entity import POOL, EntityView
from monitor.outputs.web.pages.history import HistoryView
from monitor.outputs.web.pages.memberships import LEVELS, MembershipView
from monitor.outputs.web.pages.names import COUNTRIES, entity_names
from monitor.outputs.web.pages.overview import CONFIRMATIONS, Overview
from monitor.outputs.web.pages.reference import ApiPage
from monitor.outputs.web.pages.reports import Reports
from monitor.outputs.web.pages.search import MAX_HEIGHT, Match, Wanted, match_of
from monitor.outputs.web.pages.shell import Shell, shown
from monitor.outputs.web.pages.stale_rates import StaleRates
from monitor.outputs.web.sources import Sources
from monitor.text import coinbase_text

_RUNBOOK = Path(__file__).parent / "runbook.json"
"""What each alert means, how certain it is, and what to check. Generated from docs/runbook.md."""
_STRIP = 48
"""Newest blocks that are shown."""
_SAME_HEIGHT = 8
"""Most blocks of one height that a search finds: more than one only where some are stale."""
_PAYOUTS = 40
"""Outputs of a block that are shown: there may be 90,000."""


class Pages:
    """Renders what the hub has now, or had at an earlier block."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.shell = Shell(sources)
        self._runbook = json.loads(_RUNBOOK.read_text("utf-8"))

    def routes(self) -> list[web.RouteDef]:
        """The pages and their files."""
        return [
            web.get("/", self.overview),
            web.get("/block/{hash}", self.block),
            web.get("/pool/{slug}", self.pool),
            web.get("/memberships", self.memberships),
            web.get("/search", self.search),
            web.get("/claims", self.claims),
            web.get("/countries", self.countries),
            web.get("/glossary", self.glossary),
            web.get("/runbook", self.runbook),
            web.get("/entity/{level}/{entity}", self.entity),
            *ApiPage(self.shell).routes(),
            *Reports(self.shell).routes(),
            *self.shell.assets.routes(),
        ]

    @shown
    async def overview(self, request: web.Request, sources: Sources) -> web.Response:
        """Who mines, how concentrated mining is, its trend, and the uncertainty."""
        other = await self.shell.other(request, sources)
        snapshot, state = sources.snapshot, Address.of(request).state
        view = Overview.of(snapshot, state.get("level"), state.get("window"))
        level, window = view.key
        return self.shell.page(
            request, "overview.html", here="/", view=view, snapshot=snapshot, as_of=sources.past,
            blocks=await sources.store.blocks(_STRIP, below=snapshot.tip.height + 1 if sources.past else None),
            slots=self.shell.slots(snapshot, level), pools=self.shell.slots(snapshot),
            history=HistoryView.of(state, snapshot, level=level, window=window),
            since=Since.of_level(snapshot, other, level, window=window) if other else None,
            claims=ClaimsView.of(snapshot), stale=StaleRates.of(snapshot, view.chosen),
            changes=_changes(snapshot), confirmations=CONFIRMATIONS,
        )  # fmt: skip

    @cached
    async def block(self, request: web.Request) -> web.Response:
        """A block, and how its pool was identified."""
        snapshot, store, directory = self._sources.hub.snapshot, self._sources.store, self._sources.directory
        wanted = request.match_info["hash"].lower()
        found = await store.block(BlockHash(wanted)) if re.fullmatch(r"[0-9a-f]{64}", wanted) else None
        if snapshot is None or found is None:
            return self.shell.missing(request, "This block is not stored here.")
        block, attribution = found.judged.block, found.judged.attribution
        near = await store.blocks(2, below=block.height + 2)
        audited = await self._sources.audits.find(block.hash)
        version = block.header.version
        return self.shell.page(
            request, "block.html", snapshot=snapshot, record=found, block=block, attribution=attribution,
            siblings=[each for each in near if each.judged.block.height == block.height and each.judged.block != block],
            above=[each for each in near if each.judged.block.header.parent == block.hash],
            belongs=directory.belongs(attribution.pool or "", block.header.time),
            text=coinbase_text(block.coinbase.script), slots=self.shell.slots(snapshot),
            payouts=[(each, directory.address(each.script)) for each in block.coinbase.outputs[:_PAYOUTS]],
            audit=audited, verdicts=list(audit.verdict_rows(audited)) if audited else [], verdict_names=audit.VERDICTS,
            bits=[bit for bit in range(29) if version >> 29 == 1 and version >> bit & 1],
        )  # fmt: skip

    @shown
    async def pool(self, request: web.Request, sources: Sources) -> web.Response:
        """A pool with everything that is known about it."""
        slug = request.match_info["slug"]
        if not profiles.is_known(slug, sources):
            return self.shell.missing(request, "Unknown pool.")
        snapshot, state = sources.snapshot, Address.of(request).state
        view = Overview.of(snapshot, POOL, state.get("window"))
        other = await self.shell.other(request, sources)
        newest = await profiles.newest_blocks(slug, sources)
        found = profiles.profile(slug, newest, sources)
        return self.shell.page(
            request, "pool.html", snapshot=snapshot, as_of=sources.past, pool=found,
            soon_seconds=SOON_SECONDS,
            windows=profiles.by_window(found),
            blocks=newest[:_STRIP], slots=self.shell.slots(snapshot),
            view=view,
            since=Since.of_entity(snapshot, other, POOL, entity=slug) if other else None,
            **self._beside(state, snapshot, (POOL, slug), window=view.chosen.window.name),
            miner=next((each for each in snapshot.unknown_miners if each.name == slug), None),
            changes=[each for each in _changes(snapshot) if slug in each.entities],
            advantage=profiles.advantage(slug, snapshot), stale_rate=profiles.stale_rate(slug, snapshot),
            current=profiles.current(slug, snapshot),
        )  # fmt: skip

    @shown
    async def memberships(self, request: web.Request, sources: Sources) -> web.Response:
        """The rows that levels other than `pool` are counted by."""
        snapshot = sources.snapshot
        view = MembershipView.of(
            snapshot, self._sources.directory.profiles(),
            level=request.query.get("level"), entity=request.query.get("entity"),
        )  # fmt: skip
        return self.shell.page(
            request, "memberships.html", here="/memberships", as_of=sources.past, view=view, levels=LEVELS,
            snapshot=snapshot,
        )  # fmt: skip

    @shown
    async def entity(self, request: web.Request, sources: Sources) -> web.Response:
        """One entity of a level: its share, its members, and what is uncertain about them."""
        address, level, entity = Address.of(request), request.match_info["level"], request.match_info["entity"]
        if level == POOL:
            raise web.HTTPFound(address.root + address.to(f"pool/{quote(entity, safe='')}"))
        snapshot, state = sources.snapshot, address.state
        view = EntityView.of(snapshot, self._sources.directory, entity, level=level, window=state.get("window"))
        if view is None:
            return self.shell.missing(
                request, f"Nothing is counted for this {level}." if level in LEVELS else "Unknown level."
            )
        other = await self.shell.other(request, sources)
        return self.shell.page(
            request, "entity.html", view=view, snapshot=snapshot, as_of=sources.past,
            slots=self.shell.slots(snapshot, level),
            since=Since.of_entity(snapshot, other, level, entity=entity) if other else None,
            **self._beside(state, snapshot, (level, entity), window=view.chosen.window.name),
        )  # fmt: skip

    @shown
    async def claims(self, request: web.Request, sources: Sources) -> web.Response:
        """What is often said, and what the numbers say of it."""
        snapshot = sources.snapshot
        return self.shell.page(
            request, "claims.html", here="/claims", view=ClaimsView.of(snapshot), snapshot=snapshot,
            verdict=verdict, as_of=sources.past,
        )  # fmt: skip

    @shown
    async def countries(self, request: web.Request, sources: Sources) -> web.Response:
        """Shares by country, by both meanings, with what is unknown."""
        snapshot, names = sources.snapshot, entity_names(sources.snapshot)
        return self.shell.page(
            request, "countries.html", here="/countries", snapshot=snapshot, as_of=sources.past, meanings=MEANINGS,
            view=CountryBars.of(snapshot, request.query.get("window"), names),
        )  # fmt: skip

    @cached
    async def glossary(self, request: web.Request) -> web.Response:
        """What the numbers are."""
        return self.shell.page(request, "glossary.html")

    @cached
    async def runbook(self, request: web.Request) -> web.Response:
        """What to do about each alert: rules of Prometheus link here."""
        return self.shell.page(request, "runbook.html", runbook=self._runbook)

    async def search(self, request: web.Request) -> web.Response:
        """A block, a pool, a group or a country. What is found alone is opened."""
        snapshot, wanted = self._sources.hub.snapshot, Wanted.of(request.query.get("q", ""))
        names = entity_names(snapshot) if snapshot else COUNTRIES
        found = [*await self._blocks(wanted), *wanted.named(self._sources.directory.profiles(), snapshot, names)]
        if len(found) == 1:
            raise web.HTTPFound(Address.of(request).root + found[0].path.removeprefix("/"))
        return self.shell.page(request, "search.html", text=wanted.text, found=found)

    async def _blocks(self, wanted: Wanted) -> list[Match]:
        store = self._sources.store
        if wanted.hash:
            return [match_of(found) for found in [await store.block(BlockHash(wanted.hash))] if found]
        if wanted.height is None:
            return []
        near = await store.blocks(_SAME_HEIGHT, below=min(wanted.height + 1, MAX_HEIGHT))
        return [match_of(each) for each in near if each.judged.block.height == wanted.height]

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


def _changes(snapshot: Snapshot) -> list[ChangeEntry]:
    """The significant changes of pools, newest first."""
    return newest_first(snapshot.estimates.changes if snapshot.estimates else ())
