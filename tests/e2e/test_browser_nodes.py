"""The page of nodes and branches, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect
from support import node_views
from support.browser import DESKTOP, PHONE, running, tab, violations
from support.node_views import TOP, Stored
from support.published import published
from support.served import server, sources
from support.services import program

from monitor.hub import Hub
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.events import Events
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

pytestmark = [pytest.mark.service("chromium"), pytest.mark.asyncio(loop_scope="module")]

VIEWS = {
    "one": node_views.one(), "agreeing": node_views.agreeing(), "split": node_views.split(),
    "replaced": node_views.replaced(),
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with running(program("chromium")) as browser:
        yield browser


@asynccontextmanager
async def opened(browser: Browser, hub: Hub, **how: object) -> AsyncIterator[Page]:
    """The page of what the hub has."""
    stored = Stored()
    over = sources(hub, store=stored, branches=stored, journal=stored, directory=Directory(load_registry()))
    async with server([Pages(over), Events(over, Vitals())], over) as serving, tab(browser, **how) as found:
        await found.page.goto(f"{serving.url}/nodes")
        yield found.page
        assert found.complaints == []
        assert [address for address in found.asked if not address.startswith(serving.url)] == []


def hub_of(name: str) -> Hub:
    hub = Hub(Vitals())
    published(3).to(hub)
    hub.show_nodes(VIEWS[name])
    return hub


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
async def test_it_is_accessible_and_nothing_is_cut_off(browser: Browser, name: str, scheme: str) -> None:
    for size in (DESKTOP, PHONE):
        async with opened(browser, hub_of(name), color_scheme=scheme, viewport=size) as page:
            await expect(page.locator("h1")).to_have_text("Nodes and branches")
            assert await violations(page) == []
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_it_is_whole_without_a_script(browser: Browser) -> None:
    async with opened(browser, hub_of("split"), java_script_enabled=False) as page:
        await expect(page.locator(".lead")).to_contain_text("Nodes disagree")
        await expect(page.locator("[data-part=split-1]")).to_contain_text("Not counted: friend")
        assert await page.locator("svg.tree a").count() == 50 + 4 + 1


async def test_a_split_appears_without_a_reload(browser: Browser) -> None:
    hub = hub_of("agreeing")
    async with opened(browser, hub) as page:
        await expect(page.locator("#live")).to_have_text("live")
        await expect(page.locator(".lead")).to_contain_text("All 3 nodes are on the same chain.")

        hub.show_nodes(VIEWS["split"])

        await expect(page.locator(".lead")).to_contain_text("Nodes disagree")
        await expect(page.locator("[data-part=split-1]")).to_contain_text("Split above block 900043")


async def test_a_block_of_the_tree_says_what_it_is(browser: Browser) -> None:
    async with opened(browser, hub_of("split")) as page:
        block = page.get_by_role("link", name=f"Block {TOP - 2}, ocean, not counted")
        await expect(block).to_have_attribute("href", f"./block/{node_views.hash_of(TOP - 2, 1)}")
        assert (await block.locator("title").text_content() or "").startswith(f"{TOP - 2} · ocean · 2025-06-15")
