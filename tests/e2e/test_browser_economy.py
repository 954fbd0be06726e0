"""The page of both economies, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support import economy_views
from support.browser import DESKTOP, PHONE, running, tab, violations
from support.published import published
from support.served import server, sources
from support.services import program

from monitor.hub import Hub
from monitor.model import EconomyView
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.events import Events
from monitor.vitals import Vitals

pytestmark = [pytest.mark.service("chromium"), pytest.mark.asyncio(loop_scope="module")]

VIEWS = {"with mining": economy_views.whole(growth=-0.2), "without": economy_views.view()}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running(program("chromium")) as browser:
        yield browser


@asynccontextmanager
async def opened(browser: Browser, view: EconomyView, **how: object) -> AsyncIterator[Page]:
    hub = Hub(Vitals())
    published(3).to(hub)
    hub.show_economy(view)
    over = sources(hub)
    async with server([Pages(over), Events(over, Vitals())], over) as serving, tab(browser, **how) as found:
        await found.page.goto(f"{serving.url}/compare")
        yield found.page
        assert found.complaints == []
        assert [address for address in found.asked if not address.startswith(serving.url)] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
async def test_it_is_accessible_and_nothing_is_cut_off(browser: Browser, name: str, scheme: str) -> None:
    for size in (DESKTOP, PHONE):
        async with opened(browser, VIEWS[name], viewport=size, color_scheme=scheme) as page:
            assert await violations(page) == []
            widths = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
            scrolled, shown = await page.evaluate(widths)
            assert scrolled <= shown


async def test_there_is_one_chart_for_each_width(browser: Browser) -> None:
    for size, shown in ((DESKTOP, "wide"), (PHONE, "narrow")):
        async with opened(browser, VIEWS["with mining"], viewport=size) as page:
            for kind in ("wide", "narrow"):
                chart = page.locator(f"svg.trends.{kind}")
                await (expect(chart).to_be_visible() if kind == shown else expect(chart).to_be_hidden())


async def test_the_attribution_can_be_seen(browser: Browser) -> None:
    async with opened(browser, VIEWS["without"]) as page:
        for key in ("designer", "owner", "flow"):
            layer = page.locator(f"[data-layer={key}]")
            await expect(layer.get_by_text("CC BY 4.0")).to_be_visible()
