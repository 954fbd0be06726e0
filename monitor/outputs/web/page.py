"""The page for people: the same numbers as the API, rendered here, without a script."""

from __future__ import annotations

import time
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from monitor.hub import Hub
from monitor.model import Concentration, Likely, Snapshot
from monitor.outputs.web import render
from monitor.outputs.web.ports import Health, History

_STATIC = Path(__file__).parent / "static"
_USUAL = "7d"
"""The window to begin with, where there is one: long enough to be more than luck, short enough to be news."""
_BLOCKS = 12
_NOUNS = {"pool": "pools", "template": "template builders", "operator": "operators", "country": "countries"}
"""What is counted at each level."""
_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"


class Page:
    """Renders what the hub knows now."""

    def __init__(self, hub: Hub, history: History, health: Health) -> None:
        self._hub = hub
        self._history = history
        self._health = health
        loader = PackageLoader("monitor.outputs.web")
        jinja = Environment(loader=loader, autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True)
        jinja.filters["ago"] = _ago
        self._template = jinja.get_template("page.html")

    def routes(self) -> list[web.AbstractRouteDef]:
        """The page and its style."""
        return [web.get("/", self.show), web.static("/static", _STATIC)]

    async def show(self, request: web.Request) -> web.Response:
        """The page, for the window asked for."""
        snapshot = self._hub.snapshot
        level, window = request.query.get("level", ""), request.query.get("window", _USUAL)
        shown = _at_level(snapshot, level) if snapshot else []
        chosen = next((each for each in shown if each.window.name == window), shown[0] if shown else None)
        found = await self._history.blocks(_BLOCKS) if snapshot else []
        text = self._template.render(
            snapshot=snapshot,
            chosen=chosen,
            shown=shown,
            levels=list(dict.fromkeys(each.level for each in snapshot.concentration)) if snapshot else [],
            nouns=_NOUNS,
            likely=_likely(snapshot) if snapshot else {},
            blocks=[render.block(each, snapshot) for each in found] if snapshot else [],
            waiting=self._health.waiting,
            now=time.time(),
        )
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": _POLICY})


def _at_level(snapshot: Snapshot, level: str) -> list[Concentration]:
    """Every window of the level, or of the first one where there is no such level."""
    usual = snapshot.concentration[0].level
    return [each for each in snapshot.concentration if each.level == level] or _at_level(snapshot, usual)


def _likely(snapshot: Snapshot) -> dict[tuple[str, str], Likely]:
    """How sure the indices of each level and window are, unknown blocks split."""
    found = snapshot.estimates.indices if snapshot.estimates else ()
    return {(each.level, each.window): each.split for each in found if each.split}


def _ago(seconds: float) -> str:
    """A span of time, roughly."""
    minutes = max(0, round(seconds / 60))
    if minutes < 120:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"
