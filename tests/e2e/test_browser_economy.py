"""The page of both economies, in a real browser."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, Page, expect
from support import economy_views
from support.browser import DESKTOP, PHONE, page_of, violations
from support.published import hub_after
from support.served import sources

from monitor.model import EconomyView

pytestmark = [pytest.mark.service("chromium"), pytest.mark.asyncio(loop_scope="module")]

VIEWS = {"with mining": economy_views.whole(growth=-0.2), "without": economy_views.view()}


def opened(browser: Browser, view: EconomyView, **how: object) -> AbstractAsyncContextManager[Page]:
    hub = hub_after(3)
    hub.show_economy(view)
    return page_of(browser, sources(hub), "/compare", **how)


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
