"""The page of nodes and branches, in a real browser."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import pytest
from playwright.async_api import Browser, Page, expect
from support import node_views
from support.browser import DESKTOP, PHONE, page_of, violations
from support.node_views import TOP, Stored
from support.published import hub_after
from support.served import sources

from monitor.hub import Hub
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry

pytestmark = [pytest.mark.service("chromium"), pytest.mark.asyncio(loop_scope="module")]

VIEWS = {
    "one": node_views.one(), "agreeing": node_views.agreeing(), "split": node_views.split(),
    "replaced": node_views.replaced(),
}  # fmt: skip


def opened(browser: Browser, hub: Hub, **how: object) -> AbstractAsyncContextManager[Page]:
    """The page of what the hub has."""
    stored = Stored()
    over = sources(hub, store=stored, branches=stored, journal=stored, directory=Directory(load_registry()))
    return page_of(browser, over, "/nodes", **how)


def hub_of(name: str) -> Hub:
    hub = hub_after(3)
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
