"""The pages for people: the same numbers as the API, rendered here, whole without a script.

A page is made once for each snapshot, however many ask for it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor import __version__
from monitor.hub import Hub
from monitor.model import Alert, AlertState, BlockHash, BlockRecord, Coverage, PoolSlug, Snapshot
from monitor.outputs.web import pool, words
from monitor.outputs.web.answer import Answer
from monitor.outputs.web.assets import Assets
from monitor.outputs.web.overview import Overview
from monitor.outputs.web.palette import palette
from monitor.outputs.web.pools import NEWEST
from monitor.outputs.web.ports import Directory, Health, History

_STRIP = 48
"""Newest blocks that are shown."""
_KEPT = 200
"""Pages that are kept: more than there are levels, windows and pools that anybody looks at between two blocks."""
_AGES_SECONDS = 20.0
"""How old a page may be that says how long ago something was."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


_State: TypeAlias = tuple[Snapshot | None, tuple[Alert, ...], str | None, Coverage | None, float]
"""Snapshot, alerts, why there is no news from the node, how far back history goes, and roughly when."""


class Page:
    """Renders what the hub knows now."""

    def __init__(self, hub: Hub, history: History, health: Health, directory: Directory) -> None:
        self._hub = hub
        self._history = history
        self._health = health
        self._directory = directory
        self._assets = Assets()
        self._jinja = Environment(
            loader=PackageLoader("monitor.outputs.web"), autoescape=select_autoescape(), undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._jinja.filters |= words.FILTERS
        for name in self._jinja.list_templates():
            self._jinja.get_template(name)  # compiled now, not while the first reader waits
        self._kept: dict[object, asyncio.Future[Answer]] = {}
        self._state: _State = (None, (), None, None, 0.0)
        """What the pages that are kept were made of."""
        self._strip: tuple[Snapshot | None, Sequence[BlockRecord]] = (None, ())
        self._reading = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """The pages, and what they need."""
        return [
            web.get("/", self.overview),
            web.get("/block/{hash}", self.block),
            web.get("/pool/{slug}", self.pool),
            *self._assets.routes(),
        ]

    async def overview(self, request: web.Request) -> web.Response:
        """Who mines, how concentrated that is, whether it changes, and how sure that is."""
        snapshot = self._hub.snapshot
        shown = Overview.of(snapshot, request.query.get("level"), request.query.get("window")) if snapshot else None

        async def make() -> Answer:
            if snapshot is None or shown is None:
                return self._render("waiting.html")
            return self._render(
                "overview.html", view=shown, snapshot=snapshot, blocks=await self._newest(snapshot),
                slots=self._slots(snapshot, shown.chosen.level), pools=self._slots(snapshot),
                entities=self._entities(snapshot, shown.chosen.level),
            )  # fmt: skip

        return await self._answer(request, shown.key if shown else None, make)

    async def block(self, request: web.Request) -> web.Response:
        """Why a block is whose it is."""
        snapshot, wanted = self._hub.snapshot, request.match_info["hash"].lower()
        found = await self._history.block(BlockHash(wanted)) if re.fullmatch(r"[0-9a-f]{64}", wanted) else None
        if snapshot is None or found is None:
            return self._missing(request, "This block is not stored here.")
        block = found.judged.block
        near = await self._history.blocks(2, below=block.height + 2)
        belongs = self._directory.belongs(found.judged.attribution.pool or "", block.header.time)
        answer = self._render(
            "block.html", snapshot=snapshot, record=found, block=block, attribution=found.judged.attribution,
            siblings=[each for each in near if each.judged.block.height == block.height and each.judged.block != block],
            above=[each for each in near if each.judged.block.header.parent == block.hash],
            belongs=belongs, text=words.coinbase_text(block.coinbase.script), slots=self._slots(snapshot),
            payouts=[(each, self._directory.address(each.script)) for each in block.coinbase.outputs],
            bits=[bit for bit in range(29) if block.header.version >> 29 == 1 and block.header.version >> bit & 1],
        )  # fmt: skip
        return _dressed(answer.to(request))

    async def pool(self, request: web.Request) -> web.Response:
        """A pool with everything that is known of it."""
        snapshot, slug = self._hub.snapshot, request.match_info["slug"]
        if snapshot is None or not pool.known(slug, snapshot, self._directory):
            return self._missing(request, "There is no such pool.")

        async def make() -> Answer:
            newest = await self._history.blocks_of(PoolSlug(slug), NEWEST)
            told = pool.whole(slug, snapshot, self._directory, newest)
            return self._render(
                "pool.html", snapshot=snapshot, pool=told, windows=pool.by_window(told),
                slots=self._slots(snapshot), blocks=newest[:_STRIP],
                entities=self._entities(snapshot, "pool"),
                cluster=next((each for each in snapshot.strangers if each.name == slug), None),
            )  # fmt: skip

        return await self._answer(request, slug, make)

    def _missing(self, request: web.Request, reason: str) -> web.Response:
        response = _dressed(self._render("missing.html", reason=reason).to(request))
        response.set_status(HTTPStatus.NOT_FOUND)
        return response

    async def _answer(
        self, request: web.Request, key: object, make: Callable[[], Coroutine[Any, Any, Answer]]
    ) -> web.Response:
        """A page of the present state: the one that is kept, or a new one, made once for all who ask meanwhile."""
        health = self._health
        now = (self._hub.snapshot, self._hub.alerts, health.waiting, health.coverage, time.time() // _AGES_SECONDS)
        if len(self._kept) >= _KEPT or not _same(now, self._state):
            self._state, self._kept = now, {}
        kept = self._kept
        if key not in kept:
            kept[key] = asyncio.ensure_future(make())
        try:
            answer = await asyncio.shield(kept[key])  # one who goes away takes it from nobody else
        except Exception:
            kept.pop(key, None)  # a fault is no page: whoever asks next may have more luck
            raise
        return _dressed(answer.to(request))

    async def _newest(self, snapshot: Snapshot) -> Sequence[BlockRecord]:
        """The newest blocks, read once for each snapshot."""
        async with self._reading:
            if self._strip[0] is not snapshot:
                self._strip = (snapshot, await self._history.blocks(_STRIP))
            return self._strip[1]

    def _render(self, template: str, **shown: object) -> Answer:
        known: Mapping[str, Any] = {
            "assets": self._assets.path,
            "alerts": [each for each in self._hub.alerts if each.state is AlertState.FIRING],
            "waiting": self._health.waiting,
            "coverage": self._health.coverage,
            "now": time.time(),
            "version": __version__,
        }
        text = self._jinja.get_template(template).render({**known, **shown})
        return Answer(text.encode(), "text/html; charset=utf-8")

    def _slots(self, snapshot: Snapshot, level: str = "pool") -> Mapping[str, int]:
        return palette(snapshot, level, self._directory.belongs)

    def _entities(self, snapshot: Snapshot, level: str) -> dict[str, dict[str, Any]]:
        """What the pictures call the entities of a level, and which colour they have there."""
        slots, names = self._slots(snapshot, level), snapshot.pool_names
        shares = [share for one in snapshot.concentration if one.level == level for share in one.shares]
        return {
            each.entity: {"name": names.get(PoolSlug(each.entity), each.entity), "slot": slots.get(each.entity)}
            for each in shares
        }


def _same(one: _State, other: _State) -> bool:
    """Whether nothing has changed; large values are not compared, since a new one is another object."""
    return one[0] is other[0] and one[1] is other[1] and one[2:] == other[2:]


def _dressed(response: web.Response) -> web.Response:
    response.headers.update(_HEADERS)
    return response
