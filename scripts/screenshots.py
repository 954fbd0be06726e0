"""Takes pictures of the pages in a real browser: of the demo's own blocks, and of made-up nodes, audits and evidence.

    PYTHONPATH=tests .venv/bin/python scripts/screenshots.py [FOLDER]    those that docs/images has
    PYTHONPATH=tests .venv/bin/python scripts/screenshots.py --all       every page, wide and narrow, light and dark,
                                                                         in .screenshots with an index to look through

They change with each run as far as the page does: the blocks are those at the end of the embedded history.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import aiohttp
from PIL import Image
from playwright.async_api import Browser, expect
from support import audits, builders, node_views, stratum_views
from support.browser import running
from support.mainnet import mainnet_node
from support.served import server, sources

from monitor import app as daemon
from monitor.analysis import POOL, BlockTable, snapshot
from monitor.config import Config
from monitor.embedded import EmbeddedNode, mainnet, onward, replay
from monitor.hub import Hub
from monitor.model import BlockRow, PoolSlug, StoredAudit, Tally, Window
from monitor.outputs.web.pages.pages import Pages
from monitor.outputs.web.routes.events import Events
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry
from monitor.vitals import Vitals

CHECKOUT = Path(__file__).resolve().parent.parent
WATCHED = 100
"""Blocks that are found while the daemon looks: long enough to see a race."""
_PATIENCE = 180_000
"""Milliseconds for a chart, on a machine with other work."""
_TALLEST = 16_383
"""Pixels, of which WebP allows no more."""
DESKTOP, PHONE = (1280, 1900), (390, 1500)
ALL = CHECKOUT / ".screenshots"


@dataclass(frozen=True)
class Audited:
    """Stored audits."""

    audits: Sequence[StoredAudit]

    async def newest(self, limit: int, *, below: int | None = None) -> Sequence[StoredAudit]:  # noqa: ARG002
        """All of them."""
        return self.audits[:limit]


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    path: str
    size: tuple[int, int]
    """Width and height; a height of 0 is that of the page."""
    scheme: str


SHOTS = (
    Shot("page-light", "/", DESKTOP, "light"),
    Shot("page-dark", "/?level=origin&window=30d", DESKTOP, "dark"),
    Shot("page-phone-light", "/", PHONE, "light"),
    Shot("page-phone-dark", "/", PHONE, "dark"),
    Shot("page-pool", "/pool/antpool", DESKTOP, "light"),
    Shot("page-block", "/block/{block}", (1280, 900), "dark"),
    Shot("page-countries", "/countries", (1280, 1320), "light"),
    Shot("page-countries-phone", "/countries", (390, 1500), "dark"),
    Shot("page-then", "/?at=-7&then=-28", (1280, 1500), "light"),
    Shot("page-pool-phone", "/pool/antpool?then=-28", (390, 1900), "light"),
)
NODES = (
    Shot("nodes-split", "/nodes", (1280, 1300), "light"),
    Shot("nodes-phone-dark", "/nodes", (390, 1500), "dark"),
)
"""Of a server without a daemon."""
PAGES = {
    "overview": "/", "template": "/?level=template&window=30d", "origin": "/?level=origin&metric=hhi_unbiased",
    "then": "/?at=-7&then=-28", "claims": "/claims", "countries": "/countries", "compare": "/compare",
    "memberships": "/memberships?level=country", "alerts": "/alerts", "glossary": "/glossary",
    "search": "/search?q=pool",
    "pool": "/pool/antpool?with=foundryusa&then=-28", "entity": "/entity/template/antpool-and-friends",
    "unidentified": "/pool/{unidentified}", "country": "/entity/country/CN", "block": "/block/{block}",
    "api": "/api", "runbook": "/runbook", "embed": "/embed/history?metric=hhi_unbiased", "missing": "/pool/nobody",
}  # fmt: skip
MADE_UP = {"nodes": "/nodes", "audit": "/audit", "stratum": "/stratum", "builders": "/builders"}
"""Of a server without a daemon."""


async def main(folder: Path, *, every: bool) -> None:
    """Start a daemon on the embedded history, and look at it; then at what is made up."""
    async with running(chromium()) as browser:
        async with _made_up() as url:
            await take_all(browser, url, _everyhow(MADE_UP) if every else NODES, folder)
        async with _daemon() as (url, names):
            shots = [
                replace(shot, path=_with_days(shot.path.format(**names)))
                for shot in (_everyhow(PAGES) if every else SHOTS)
            ]
            await take_all(browser, url, shots, folder)
    if every:
        _index(folder, [*MADE_UP, *PAGES])


def _everyhow(pages: Mapping[str, str]) -> list[Shot]:
    """Each page wide and narrow, light and dark, as long as it is."""
    return [
        Shot(f"{name}-{width}-{scheme}", path, (width, 0), scheme)
        for name, path in pages.items()
        for width in (DESKTOP[0], PHONE[0])
        for scheme in ("light", "dark")
    ]


def _with_days(path: str) -> str:
    """The path with days in place of how long they are before the end of the embedded history."""
    end = mainnet()[-1].time

    def day(match: re.Match[str]) -> str:
        return f"{datetime.fromtimestamp(end + int(match[1]) * 86_400, UTC):%Y-%m-%d}"

    return re.sub(r"(?<==)(-\d+)", day, path)


def _index(folder: Path, names: Sequence[str]) -> None:
    """A page with all of them."""
    rows = "".join(
        f"<h2>{name}</h2><p>"
        + "".join(
            f'<a href="{name}-{width}-{scheme}.webp"><img src="{name}-{width}-{scheme}.webp" height="400"></a> '
            for width in (DESKTOP[0], PHONE[0])
            for scheme in ("light", "dark")
        )
        for name in names
    )
    (folder / "index.html").write_text(f"<!doctype html><title>Screenshots</title>{rows}", "utf-8")
    print(f"screenshots: {folder / 'index.html'}")


async def take_all(browser: Browser, url: str, shots: Sequence[Shot], folder: Path) -> None:
    """Take pictures of what is served at an address, into a folder."""
    for shot in shots:
        path = folder / f"{shot.name}.webp"
        await _take(browser, url + shot.path, shot, path)
        print(f"screenshots: {path} ({path.stat().st_size // 1000} kB)", flush=True)


@asynccontextmanager
async def _made_up() -> AsyncIterator[str]:
    """The address of pages that show a split between three nodes, audits, jobs of pools and evidence."""
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
    pools = [PoolSlug(name) for name in ("foundryusa", "antpool", "viabtc", "f2pool")]
    hub.show_audit(audits.view_of(*pools))
    hub.show_stratum(stratum_views.view_of(time.time()))
    hub.show_builders(builders.view_of(*pools[:3]))
    audited = [audits.audit_of(row.ref, missed=561 * (at % 2)) for at, row in enumerate(node_views.chain()[:24])]
    found = Audited([StoredAudit(each, pools[at % 4]) for at, each in enumerate(audited)])
    over = sources(hub, store=stored, branches=stored, journal=stored, directory=directory, audits=found)
    async with server([Pages(over), Events(over, Vitals())], over) as serving:
        yield serving.url


@asynccontextmanager
async def _daemon() -> AsyncIterator[tuple[str, dict[str, str]]]:
    """The address of a daemon that has seen some blocks come; its newest block, and an unidentified miner."""
    past = mainnet()
    start = len(past) - WATCHED
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    with tempfile.TemporaryDirectory(prefix="pool-monitor-screenshots-") as store:
        async with mainnet_node(past[:start]) as node:
            config = Config.model_validate({
                "node": {"url": node.url, "cookie_file": node.cookie_file},
                "store": {"url": f"sqlite:///{store}/blocks.sqlite"},
                "web": {"port": 0},
            })  # fmt: skip
            running = asyncio.create_task(daemon.run(config, stop, listening=listening.set_result))
            url = await listening
            await _ready(url)
            await _found(node, past, start)
            await _ready(url)
            async with aiohttp.ClientSession(url) as session, session.get("/api/v1/unknown") as unknown:
                miners = (await unknown.json())["miners"]
            yield url, {"block": node.tip.hash, "unidentified": miners[0]["name"]}
            stop.set()
            await running


async def _ready(url: str) -> None:
    """Return once the daemon has read all blocks, and what it estimates of them."""
    async with aiohttp.ClientSession(url) as session:
        while True:
            async with session.get("/readyz") as ready, session.get("/api/v1/shares?window=7d") as shares:
                if ready.ok and shares.ok and (await shares.json())["windows"][0]["shares"][0]["upper"] is not None:
                    return
            await asyncio.sleep(1)


async def _found(node: EmbeddedNode, past: Sequence[object], start: int) -> None:
    """The rest of the history happens."""
    coming = onward(past, start)  # type: ignore[arg-type]
    await replay(node, (next(coming) for _ in range(WATCHED)), seconds=0.3)


async def _take(browser: Browser, url: str, shot: Shot, path: Path) -> None:
    width, height = shot.size[0], shot.size[1] or 900
    context = await browser.new_context(color_scheme=shot.scheme, viewport={"width": width, "height": height})  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(_PATIENCE)
    await page.goto(url)
    if history := await page.query_selector("[data-part=history]"):
        await history.scroll_into_view_if_needed()
        await expect(page.locator(".chart > svg")).to_be_visible(timeout=_PATIENCE)
        await page.evaluate("scrollTo(0, 0)")
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        sys.exit(f"screenshots: {shot.name} is wider than its window")
    whole = not shot.size[1]
    taken = Image.open(BytesIO(await page.screenshot(full_page=whole))).convert("RGB")
    await context.close()
    if taken.height > _TALLEST:  # a glossary on a phone
        taken = taken.crop((0, 0, taken.width, _TALLEST))
    taken.save(path, lossless=not whole, quality=70, method=4 if whole else 6)


def chromium() -> Path:
    """Where the browser is."""
    ours = CHECKOUT / ".services" / "bin"
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium", path=ours)
    if found is None:
        sys.exit("screenshots: there is no chromium: `make services` fetches it")
    return Path(found)


if __name__ == "__main__":
    wanted = sys.argv[1] if sys.argv[1:] else CHECKOUT / "docs" / "images"
    into = ALL if wanted == "--all" else Path(wanted)
    into.mkdir(exist_ok=True)
    asyncio.run(main(into, every=into is ALL))
