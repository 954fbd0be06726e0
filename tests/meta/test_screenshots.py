"""Every page is among the pictures that `make screenshots-all` takes."""

from __future__ import annotations

import re

from support.served import sources
from support.services import CHECKOUT

from monitor.hub import Hub
from monitor.outputs.web.pages.pages import Pages
from monitor.vitals import Vitals

NO_PAGES = {"/favicon.ico", "/static/{version}/{name:.+}", "/feed.atom", "/api/try"}
"""Files, and where a form goes."""


def test_every_page_has_its_pictures() -> None:
    script = (CHECKOUT / "scripts" / "screenshots.py").read_text("utf-8")
    shown = set(re.findall(r'": "(/[^"?]*)', script))
    paths = {route.path for route in Pages(sources(Hub(Vitals()))).routes()} - NO_PAGES

    assert len(paths) > 10
    assert [path for path in paths if not any(is_of(path, each) for each in shown)] == []


def is_of(path: str, address: str) -> bool:
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", path), address) is not None
