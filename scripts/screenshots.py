"""Takes the pictures of the page that docs/images has, in a real browser: of the demo's own blocks, and of a split.

    PYTHONPATH=tests .venv/bin/python scripts/screenshots.py [FOLDER]

They change with each run as far as the page does: the blocks are those at the end of the embedded history.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, expect
from support import node_views
from support.browser import running
from support.served import server, sources

from monitor import app as daemon
from monitor.analysis import POOL, BlockTable, snapshot
from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config
from monitor.embedded import EmbeddedNode, mainnet, onward, replay
from monitor.hub import Hub
from monitor.model import BlockRow, Tally, Window
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.events import Events
from monitor.registry.directory import Directory
from monitor.registry.loading import load_pools, load_registry
from monitor.vitals import Vitals

CHECKOUT = Path(__file__).resolve().parent.parent
WATCHED = 100
"""Blocks that are found while the daemon looks: long enough to see a race."""
DESKTOP, PHONE = (1120, 1900), (390, 1500)


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    path: str
    size: tuple[int, int]
    scheme: str


SHOTS = (
    Shot("page-light", "/", DESKTOP, "light"),
    Shot("page-dark", "/?level=origin&window=30d", DESKTOP, "dark"),
    Shot("page-phone-light", "/", PHONE, "light"),
    Shot("page-phone-dark", "/", PHONE, "dark"),
    Shot("page-pool", "/pool/antpool", DESKTOP, "light"),
    Shot("page-block", "/block/{block}", (1120, 900), "dark"),
)
NODES = (
    Shot("nodes-split", "/nodes", (1120, 1300), "light"),
    Shot("nodes-phone-dark", "/nodes", (390, 1500), "dark"),
)
"""Of a server without a daemon."""


async def main(folder: Path) -> None:
    """Start a daemon on the embedded history, and look at it; then at the page of nodes that disagree."""
    async with running(chromium()) as browser:
        async with _split() as url:
            await take_all(browser, url, NODES, folder)
        async with _daemon() as (url, block):
            shots = [replace(shot, path=shot.path.format(block=block)) for shot in SHOTS]
            await take_all(browser, url, shots, folder)


async def take_all(browser: Browser, url: str, shots: Sequence[Shot], folder: Path) -> None:
    """Take pictures of what is served at an address, into a folder."""
    for shot in shots:
        path = folder / f"{shot.name}.webp"
        await _take(browser, url + shot.path, shot, path)
        print(f"screenshots: {path} ({path.stat().st_size // 1000} kB)")


@asynccontextmanager
async def _split() -> AsyncIterator[str]:
    """The address of pages that show a split between three nodes, as of now."""
    node_views.TIME = int(time.time()) - 100
    directory = Directory(load_registry())
    names = {profile.slug: profile.name for profile in directory.profiles()}
    rows = [BlockRow(each.ref.height, each.time, each.bits, each.pool) for each in node_views.chain()[::-1]]
    hub, stored = Hub(Vitals()), node_views.Stored()
    hub.publish(
        snapshot(
            BlockTable.of(rows, [POOL]), [Window.parse("24h")], Tally(),
            tip_hash=node_views.hash_of(node_views.TOP), first_height=rows[0].height, caught_up=True, registry="none",
            pool_names=names,
        )
    )  # fmt: skip
    hub.show_nodes(node_views.split())
    over = sources(hub, store=stored, branches=stored, journal=stored, directory=directory)
    async with server([Pages(over), Events(over, Vitals())], over) as serving:
        yield serving.url


@asynccontextmanager
async def _daemon() -> AsyncIterator[tuple[str, str]]:
    """The address of a daemon that has seen some blocks come, and the hash of one that went stale."""
    past = mainnet()
    start = len(past) - WATCHED
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    with tempfile.TemporaryDirectory(prefix="pool-monitor-screenshots-") as store:
        signatures = signatures_of(load_pools("main"))
        async with EmbeddedNode(network="main", signatures=signatures, history=past[:start]) as node:
            config = Config.model_validate({
                "node": {"url": node.url, "cookie_file": node.cookie_file},
                "store": {"url": f"sqlite:///{store}/blocks.sqlite"},
                "web": {"port": 0},
            })  # fmt: skip
            running = asyncio.create_task(daemon.run(config, stop, listening=listening.set_result))
            url = await listening
            await asyncio.sleep(15)  # the first blocks are read
            await _found(node, past, start)
            await asyncio.sleep(5)
            yield url, node.tip.hash
            stop.set()
            await running


async def _found(node: EmbeddedNode, past: Sequence[object], start: int) -> None:
    """The rest of the history happens."""
    coming = onward(past, start)  # type: ignore[arg-type]
    await replay(node, (next(coming) for _ in range(WATCHED)), seconds=0.3)


async def _take(browser: Browser, url: str, shot: Shot, path: Path) -> None:
    width, height = shot.size
    context = await browser.new_context(color_scheme=shot.scheme, viewport={"width": width, "height": height})  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(url)
    if history := await page.query_selector("[data-part=history]"):
        await history.scroll_into_view_if_needed()
        await expect(page.locator(".chart > svg")).to_be_visible(timeout=30_000)
        await page.evaluate("scrollTo(0, 0)")
    taken = Image.open(BytesIO(await page.screenshot())).convert("RGB")
    await context.close()
    taken.save(path, lossless=True, method=6)


def chromium() -> Path:
    """Where the browser is."""
    ours = CHECKOUT / ".services" / "bin"
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium", path=ours)
    if found is None:
        sys.exit("screenshots: there is no chromium: `make services` fetches it")
    return Path(found)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if sys.argv[1:] else CHECKOUT / "docs" / "images"))
