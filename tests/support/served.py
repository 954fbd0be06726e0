"""A web server for some of the routes, with only the sources that they need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from monitor.config import WebSection
from monitor.hub import Hub
from monitor.model import Coverage
from monitor.outputs.web.cache import AnswerCache
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
