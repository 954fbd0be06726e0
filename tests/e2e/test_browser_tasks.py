"""What people come for takes as many clicks as docs/page.md says, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from support.browser import tab
from support.daemon import following
from support.services import CHECKOUT
from support.tasks import TASKS, Task, done

from monitor.cli.demo_daemon import signatures_of
from monitor.embedded import EmbeddedNode
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools

pytestmark = [pytest.mark.service("chromium"), pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    folder: Path = tmp_path_factory.mktemp("tasks")
    async with EmbeddedNode(network="main", signatures=signatures_of(load_pools("main"))) as node:
        node.mine(PoolSlug("foundryusa"), time=1_780_000_000)
        for pool in ["antpool", "foundryusa", "poolin"] * 8:
            node.mine(PoolSlug(pool))
        async with following(node, folder, windows=["24h", "7d"]) as daemon:
            yield daemon.url


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
async def test_it_takes_as_few_clicks_as_documented(browser: Browser, url: str, task: Task) -> None:
    async with tab(browser) as opened:
        took = await done(task, opened.page, url)
        assert opened.complaints == []
    assert took.clicks == task.clicks
    row = f"| {task.name} | {took.clicks} | {took.loads} |"
    assert row in (CHECKOUT / "docs" / "page.md").read_text("utf-8")
