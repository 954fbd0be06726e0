"""The page of the stratum watch, in a real browser."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support.browser import DESKTOP, PHONE, running, tab, violations
from support.published import published
from support.served import server, sources
from support.services import program
from support.stratum_views import view_of

from monitor.hub import Hub
from monitor.model import StratumView
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.events import Events
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

pytestmark = [pytest.mark.service("chromium"), pytest.mark.asyncio(loop_scope="module")]

VIEWS = {"off": StratumView("no servers are configured (stratum.endpoints)"), "watching": view_of(time.time())}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running(program("chromium")) as browser:
        yield browser


@asynccontextmanager
async def opened(browser: Browser, view: StratumView, **how: object) -> AsyncIterator[Page]:
    hub = Hub(Vitals())
    published(3).to(hub)
    hub.show_stratum(view)
    over = sources(hub, directory=Directory(load_registry()))
    async with server([Pages(over), Events(over, Vitals())], over) as serving, tab(browser, **how) as found:
        await found.page.goto(f"{serving.url}/stratum")
        yield found.page
        assert found.complaints == []
        assert [address for address in found.asked if not address.startswith(serving.url)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
async def test_it_is_accessible_and_nothing_is_cut_off(browser: Browser, name: str, scheme: str) -> None:
    for size in (DESKTOP, PHONE):
        async with opened(browser, VIEWS[name], color_scheme=scheme, viewport=size) as page:
            await expect(page.locator("h1")).to_have_text("What pools announce")
            assert await violations(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_groups_are_framed_in_the_matrix(browser: Browser) -> None:
    async with opened(browser, VIEWS["watching"], java_script_enabled=False) as page:
        await expect(page.locator(".matrix .together")).to_have_count(2 * (6 + 1))
        await expect(page.locator("[data-part=faults]")).to_contain_text("bits 1d00ffff, not 1702f128")
