"""A web server for some of the routes, with only the sources that they need."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from monitor.config import WebSection
from monitor.hub import Hub
from monitor.model import Coverage
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.api import Api
from monitor.outputs.web.server import Part, WebServer
from monitor.outputs.web.sources import Sources
from monitor.vitals import Vitals


@dataclass
class Well:
    """A node that answers, until it does not."""

    waiting: str | None = None
    facts: None = None
    coverage: Coverage | None = None


def sources(hub: Hub, **given: Any) -> Sources:  # noqa: ANN401 -- fakes
    """These sources; the others must not be used."""
    unused = dict.fromkeys(("store", "branches", "journal", "audits", "directory", "history"))
    return Sources(hub, **{"health": Well(), **unused, **given})


def server(parts: Iterable[Part], over: Sources, settings: WebSection = WebSection(port=0)) -> WebServer:  # noqa: B008
    """On a free port."""
    return WebServer(parts, AnswerCache(over.state), Vitals(), settings=settings)


@asynccontextmanager
async def visiting(over: Sources, *more: Part) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a server that has the pages and the API."""
    async with server([Pages(over), Api(over), *more], over) as running, aiohttp.ClientSession(running.url) as session:
        yield session


async def text(session: aiohttp.ClientSession, path: str) -> str:
    """What an address has."""
    async with session.get(path) as response:
        assert response.status == 200, await response.text()
        return await response.text()


def plain(page: str) -> str:
    """What a reader sees of a page, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
