"""What all pages have in common: the head, the state in the address, and the block that the numbers are of."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from http import HTTPStatus
from typing import Any, Protocol, TypeAlias, TypeVar

from aiohttp import web

from monitor import __version__
from monitor.model import Moment, Snapshot
from monitor.outputs.node_text import disagreement
from monitor.outputs.web.cache import cached
from monitor.outputs.web.pages import filters
from monitor.outputs.web.pages.address import Address
from monitor.outputs.web.pages.alerts import FiringView
from monitor.outputs.web.pages.assets import Assets
from monitor.outputs.web.pages.entity import POOL
from monitor.outputs.web.pages.history import METRICS, SPANS
from monitor.outputs.web.pages.names import entity_names
from monitor.outputs.web.pages.palette import palette
from monitor.outputs.web.pages.rendering import render
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.sources import Sources
from monitor.outputs.web.tables import source_line

_PAGES = (
    ("/", "Overview"), ("/claims", "Claims"), ("/countries", "Countries"), ("/compare", "Two economies"),
    ("/audit", "Audit"), ("/stratum", "Stratum"), ("/builders", "Builders"), ("/nodes", "Nodes"),
    ("/memberships", "Memberships"), ("/alerts", "Alerts"),
)  # fmt: skip
"""What the head of each page has links to."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}


class _Pages(Protocol):
    """Pages of a shell."""

    shell: Shell


_These = TypeVar("_These", bound=_Pages)
_Handler: TypeAlias = Callable[[_These, web.Request], Awaitable[web.Response]]


def shown(handler: Callable[[_These, web.Request, Sources], Awaitable[web.Response]]) -> _Handler[_These]:
    """Decorate the handler of a page of numbers: it is kept, waits for the first numbers, and says what went wrong.

    The handler is given the sources as of the moment that the address names.
    """

    @cached
    @wraps(handler)
    async def answer(pages: _These, request: web.Request) -> web.Response:
        shell = pages.shell
        if shell.sources.hub.snapshot is None:
            return shell.page(request, "waiting.html")
        try:
            return await handler(pages, request, await shell.at(request))
        except Problem as problem:
            return shell.missing(request, f"{filters.first_upper(str(problem))}.", problem.status)

    return answer


class Shell:
    """Renders pages of what the sources have now, or had at an earlier block."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.assets = Assets()

    async def at(self, request: web.Request, name: str = "at") -> Sources:
        """The sources as of the moment that a parameter of the address names; as they are without it.

        Raises:
            Problem: nothing is stored of that time, it is none, or too many requests wait.
        """
        text = request.query.get(name)
        try:
            moment = Moment.parse(text) if text else None
        except ValueError as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        return await self.sources.as_of(moment)

    async def other(self, request: web.Request, sources: Sources) -> Snapshot | None:
        """The snapshot that the one of the page is compared with, if any.

        It is that of the day that the address names; else the newest one, if the page is as of an earlier block.

        Raises:
            Problem: as for `at`.
        """
        if request.query.get("then"):
            return (await self.at(request, "then")).snapshot
        return self.sources.hub.snapshot if sources.past else None

    def missing(
        self, request: web.Request, reason: str, status: HTTPStatus = HTTPStatus.NOT_FOUND
    ) -> web.Response:  # fmt: skip
        """The page that says that there is none, and why."""
        response = self.page(request, "missing.html", reason=reason, title=status.phrase.capitalize())
        response.set_status(status)
        return response

    def page(self, request: web.Request, template: str, **values: object) -> web.Response:
        """A page of a template, with these values and those that all templates have."""
        address, snapshot = Address.of(request), values.get("snapshot")
        common: Mapping[str, Any] = {
            "address": address,
            "assets": self.assets.path,
            "firing": FiringView.of(self.sources.hub.alerts),
            "pages": _PAGES,
            "here": None,
            "as_of": None,
            "no_past": None,
            "metrics": METRICS,
            "spans": SPANS,
            "source": source_line(snapshot, address.here()) if isinstance(snapshot, Snapshot) else "pool-monitor",
            "followed_blocks": nodes.followed_blocks if (nodes := self.sources.hub.nodes) else frozenset(),
            "disagreement": disagreement(nodes) if nodes else None,
            "waiting": self.sources.health.waiting,
            "coverage": self.sources.health.coverage,
            "names": entity_names(snapshot) if isinstance(snapshot, Snapshot) else {},
            "now": time.time(),
            "version": __version__,
        }
        text = render(template, address.root, **{**common, **values})
        return web.Response(text=text, content_type="text/html", headers=_HEADERS)

    def slots(self, snapshot: Snapshot, level: str = POOL) -> Mapping[str, int]:
        """The colours of the entities of a level."""
        return palette(snapshot, level, self.sources.directory.belongs)
