"""Drawings as files: the chart of the history, the same in a page for frames of other sites, and badges."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final, Literal

from aiohttp import web
from pydantic import Field

from monitor.model import Snapshot, TimeSeries
from monitor.outputs.web.cache import cached
from monitor.outputs.web.pages import filters, marks
from monitor.outputs.web.pages.address import Address
from monitor.outputs.web.pages.badges import badge
from monitor.outputs.web.pages.chart_style import chart_style
from monitor.outputs.web.pages.history_chart import SHARES, HistoryChart, Shown, is_idle
from monitor.outputs.web.pages.names import entity_names
from monitor.outputs.web.pages.palette import SLOTS, palette
from monitor.outputs.web.pages.rendering import render
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.endpoint import Level, Query, Window, read_query
from monitor.outputs.web.routes.history import HistoryQuery, series_of, unless_known
from monitor.outputs.web.sources import Sources

_LABELS: Final = {
    "split": "unknown blocks as separate miners", "merged": "unknown blocks as one miner (dotted)",
    "unknown": "unknown", "alone": "solo miners, each counted separately", "others": "all others",
}  # fmt: skip
_TONES: Final = {"split": "s0", "merged": "s5", "unknown": "unknown"}
_SVG = "image/svg+xml"
_NARROW: Final = 400
"""Pixels of an embedded drawing where there is little room; 960 would have letters of half the size."""
_DRAWING = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors "
_EMBEDDABLE = {"Cross-Origin-Resource-Policy": "cross-origin", "Content-Security-Policy": f"{_DRAWING}*"}
"""For drawings that pages of other sites may show: they hold numbers only, and nothing to press but a link."""
_FRAMED = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors *"
}


class ChartQuery(HistoryQuery):
    """A drawing of the history."""

    width: int = Field(960, ge=300, le=2000)
    """pixels"""
    theme: Literal["auto", "light", "dark", "page"] = "auto"
    """colours; `page` leaves them to the style sheet of the page that it becomes a part of"""


class BadgeQuery(Query):
    """A badge."""

    what: Literal["hhi", "nakamoto", "share"]
    """the number"""
    level: Level = None
    """what blocks are counted for; `pool` without it"""
    window: Window = None
    """as configured; `7d` without it"""
    entity: str | None = Field(None, max_length=200)
    """the entity that has the share"""


class Charts:
    """Draws what the sources have now."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def routes(self) -> list[web.RouteDef]:
        """The drawings."""
        return [
            web.get("/chart/history.svg", self.history),
            web.get("/embed/history", self.embed),
            web.get("/badge/{what}.svg", self.badge),
        ]

    async def history(self, request: web.Request) -> web.Response:
        """The chart of a metric over time."""
        query = read_query(request, ChartQuery, self._sources)
        snapshot, edition = self._sources.snapshot, self._sources.history.edition

        async def body() -> bytes:
            found = await series_of(query, self._sources)
            past = await marks.halvings(self._sources.store, snapshot)
            return (await asyncio.to_thread(self._drawing, query, found, halvings=past)).encode()

        state = f"{edition} {snapshot.tip_hash} {snapshot.estimates is None} {query!r}"
        response = await unless_known(request, state, body, content_type=_SVG)
        response.headers.update(_EMBEDDABLE)
        return response

    async def embed(self, request: web.Request) -> web.Response:
        """The chart in a page of its own, which other sites may frame."""
        query = read_query(request, ChartQuery, self._sources)
        root = Address.of(request).root
        drawing = f"/chart/history.svg?{request.rel_url.raw_query_string}"
        is_free = "width" not in request.query
        text = render(
            "chart/embed.html", root, drawing=drawing, narrow=f"{drawing}&width={_NARROW}" if is_free else None,
            title=_title(query.metric, query.level or "pool", query.window.name if query.window else None),
            page=f"/?level={query.level or 'pool'}&metric={query.metric}",
        )  # fmt: skip
        return web.Response(text=text, content_type="text/html", headers=_FRAMED)

    @cached
    async def badge(self, request: web.Request) -> web.Response:
        """One number with its interval."""
        query, snapshot = read_query(request, BadgeQuery, self._sources), self._sources.snapshot
        found = badge(query.what, snapshot, level=query.level, window=query.window, entity=query.entity)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such number; share takes entity, as in /api/v1/shares")
        return web.Response(text=render("chart/badge.svg", "/", badge=found), content_type=_SVG, headers=_EMBEDDABLE)

    def _drawing(self, query: ChartQuery, found: TimeSeries, *, halvings: Sequence[marks.Mark]) -> str:
        snapshot, level, directory = self._sources.snapshot, found.level, self._sources.directory
        colours, names = palette(snapshot, level, directory.belongs), entity_names(snapshot)
        wanted = query.asked().entities if found.metric == SHARES else ()

        def shown(name: str) -> Shown:
            tone = _TONES.get(name) or (f"s{colours[name]}" if name in colours else "other")
            label = _LABELS.get(name) or names.get(name, name)
            return Shown(name, label, tone=tone, curve=found.series[name], is_dashed=name == "merged")

        curves = [
            shown(name) for name in found.series if not is_idle(name, found.series) and (not wanted or name in wanted)
        ]
        if not curves or not any(value is not None for each in curves for value in each.curve.value):
            raise Problem(HTTPStatus.NOT_FOUND, "nothing is stored of that time, or the entity has too few blocks")
        if wanted and (len({each.tone for each in curves}) < len(curves) or curves[0].tone == "other"):
            curves = [each._replace(tone=f"s{at % SLOTS}") for at, each in enumerate(curves)]
        is_stacked = found.metric == SHARES and not wanted
        window = query.window or query.step
        chart = HistoryChart(
            found, curves, _title(found.metric, level, window.name if window else None),
            source=_source(found, snapshot, is_stacked=is_stacked), width=query.width,
            is_stacked=is_stacked,
            marks=[
                *halvings,
                *marks.changes(snapshot, level, names=names, wanted=wanted),
                *marks.memberships(directory.profiles(), snapshot, level, names=names, wanted=wanted),
            ],
        )  # fmt: skip
        style = "" if query.theme == "page" else chart_style(query.theme)
        return render("chart/history.svg", "/", chart=chart, style=style)


def _title(metric: str, level: str, window: str | None) -> str:
    what = f"{_CALLED.get(metric, metric)} of {filters.noun(level)}"
    return f"{what}, windows of {filters.window(window)}" if window else what


_CALLED: Final = {
    SHARES: "Shares", "hhi": "HHI as counted", "hhi_unbiased": "HHI", "nakamoto": "Nakamoto coefficient",
    "effective_entities": "Effective number", "gini": "Gini coefficient", "entropy_bits": "Entropy",
    "theil": "Theil index", "top_share_1": "Largest share", "top_share_2": "Top two", "top_share_3": "Top three",
}  # fmt: skip


def _source(found: TimeSeries, snapshot: Snapshot, *, is_stacked: bool) -> str:
    last = filters.moment(found.grid.times[-1])
    bands = "" if is_stacked else " Bands: 95 % interval; darker: sampling alone."
    return (
        f"pool-monitor: blocks with header times to {last}, of a chain stored from block {snapshot.first_height:,} to "
        f"{snapshot.tip.height:,}. Registry {snapshot.registry}.{bands}"
    )
