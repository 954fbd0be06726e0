"""The page of the stratum watch, in a real browser."""

from __future__ import annotations

import time
from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, Page, expect
from support.browser import DESKTOP, PHONE, page_of, violations
from support.published import hub_after
from support.served import sources
from support.stratum_views import view_of

from monitor.model import StratumView
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry

pytestmark = [pytest.mark.service("chromium"), pytest.mark.asyncio(loop_scope="module")]

VIEWS = {"off": StratumView("no servers are configured (stratum.endpoints)"), "watching": view_of(time.time())}


def opened(browser: Browser, view: StratumView, **how: object) -> AbstractAsyncContextManager[Page]:
    hub = hub_after(3)
    hub.show_stratum(view)
    return page_of(browser, sources(hub, directory=Directory(load_registry())), "/stratum", **how)


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
