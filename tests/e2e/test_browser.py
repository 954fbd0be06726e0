"""The page, in a real browser."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect
from support.browser import DESKTOP, PHONE, Tab, tab, violations
from support.daemon import Inside, inside
from support.services import free_port, program

from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config
from monitor.embedded import EmbeddedNode, Signature
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools

pytestmark = [pytest.mark.service("chromium"), pytest.mark.asyncio(loop_scope="module")]

FOUNDRY, ANTPOOL, VIABTC, TORN, HOSTILE = (
    PoolSlug(slug) for slug in ("foundryusa", "antpool", "viabtc", "torn", "hostile")
)
BELOW = "/whole"
HOSTILE_TAG = b"<img src=x onerror=alert(1)><script>alert(2)</script>"
MINED = ([FOUNDRY] * 3 + [ANTPOOL] * 2 + [VIABTC]) * 6


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def node() -> AsyncIterator[EmbeddedNode]:
    """A few dozen blocks: among them an empty one, one with marks of two pools, and one that wants to be a script."""
    known = signatures_of(load_pools("main"))
    torn = Signature(known[ANTPOOL].tag, known[VIABTC].script)
    signatures = {**known, TORN: torn, HOSTILE: Signature(HOSTILE_TAG, b"\x00\x14" + b"\x07" * 20)}
    async with EmbeddedNode(network="main", signatures=signatures) as node:
        node.mine(FOUNDRY, time=1_700_000_000)
        for pool in MINED:
            node.mine(pool)
        node.mine(FOUNDRY, transactions=0)
        node.mine(TORN)
        node.mine(HOSTILE)
        yield node


class Host:
    """The daemon that the page is of: it can go away and come back, as after an upgrade."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._life = AsyncExitStack()
        self.daemon: Inside

    async def start(self) -> None:
        self.daemon = await self._life.enter_async_context(inside(self._config))

    async def stop(self) -> None:
        await self._life.aclose()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def host(node: EmbeddedNode, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Host]:
    host = Host(config(node, tmp_path_factory.mktemp("page")))
    await host.start()
    await host.daemon.wait_for(node.tip.hash)
    yield host
    await host.stop()


def config(node: EmbeddedNode, folder: Path) -> Config:
    """A daemon whose address outlives it."""
    return Config.model_validate({
        "node": {"url": node.url, "cookie_file": node.cookie_file, "poll_seconds": 0.2},
        "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
        "web": {"port": free_port(), "base_path": BELOW},
        "windows": ["24h", "7d", "30b"],
    })  # fmt: skip


@pytest_asyncio.fixture(loop_scope="module")
async def opened(host: Host, browser: Browser) -> AsyncIterator[Callable[..., Awaitable[Tab]]]:
    """Pages on request. None may complain, or ask anybody else."""
    async with AsyncExitStack() as tabs:
        tabs_open: list[Tab] = []

        async def open_tab(path: str = "/", **how: Any) -> Tab:  # noqa: ANN401
            found = await tabs.enter_async_context(tab(browser, **how))
            await found.page.goto(host.daemon.url + path)
            tabs_open.append(found)
            return found

        yield open_tab
        for each in tabs_open:
            assert each.complaints == []
            assert [address for address in each.asked if not address.startswith(host.daemon.url)] == []


async def charted(page: Page) -> None:
    """Return once the chart is drawn."""
    await page.locator("[data-part=history]").scroll_into_view_if_needed()
    await expect(page.locator(".chart > svg")).to_be_visible()


FRAMED = {
    "chart": "/embed/history?metric=hhi_unbiased&window=7d&incomplete=true", "page": "/", "block": "/claims",
    "api": "/api/v1/status",
}  # fmt: skip

Opened = Callable[..., Awaitable[Tab]]

# -- what is seen ------------------------------------------------------------------------------------------------------


async def test_it_answers_at_a_glance(opened: Opened, node: EmbeddedNode) -> None:
    page = (await opened("/?window=24h")).page

    await expect(page.locator("h1")).to_have_text("Who mines Bitcoin?")
    await expect(page.locator(".lead")).to_contain_text("more than half of the hashrate")
    await expect(page.locator(".cards")).to_contain_text("95 %")
    await expect(page.locator("[data-part=shares] tbody tr").first).to_contain_text("Foundry USA")
    newest = page.locator(".strip li")
    await expect(newest.first).to_contain_text(str(node.tip.height))
    await expect(newest.nth(1)).to_contain_text("conflict")
    await expect(newest.nth(2)).to_contain_text("empty")
    await expect(page.locator("#live")).to_have_text("live")


async def test_the_past_is_drawn_when_it_comes_into_view(opened: Opened) -> None:
    found = await opened()
    page = found.page
    assert not any("/chart/" in address for address in found.asked)

    await charted(page)
    chart, tip = page.locator(".chart"), page.locator(".chart .tip")
    await expect(chart).to_have_attribute("aria-label", "Shares of pools, windows of 7 days")
    await page.get_by_role("link", name="HHI").click()
    await expect(chart).to_have_attribute("aria-label", "HHI of pools, windows of 7 days")
    await expect(tip).to_be_hidden()
    await page.locator(".chart > svg").hover()
    await expect(tip).to_contain_text("unknown blocks as separate miners")
    await page.mouse.move(0, 0)
    await expect(tip).to_be_hidden()
    await page.emulate_media(color_scheme="dark")
    await expect(page.locator(".chart > svg")).to_be_visible()


async def test_what_is_shown_is_in_the_address(opened: Opened) -> None:
    page = (await opened("/?level=template&window=24h")).page
    await page.get_by_role("link", name="HHI").click()
    await expect(page.get_by_role("link", name="HHI")).to_have_attribute("aria-current", "true")
    await page.get_by_role("link", name="30 days").click()
    await expect(page.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")
    address = page.url
    assert address.endswith("/?level=template&window=24h&metric=hhi_unbiased&span=30d")

    copy = (await opened(address.removeprefix(page.url.partition("/?")[0]))).page
    await charted(copy)
    await expect(copy.locator(".chart")).to_have_attribute(
        "aria-label", "HHI of template builders, windows of 24 hours"
    )
    await expect(copy.get_by_role("link", name="30 days")).to_have_attribute("aria-current", "true")

    await page.get_by_role("link", name="operator").click()
    await expect(page).to_have_url(re.compile("level=operator&window=24h&metric=hhi_unbiased&span=30d"))
    await page.go_back()
    await page.go_back()
    await expect(page.get_by_role("link", name="all", exact=True)).to_have_attribute("aria-current", "true")
    await expect(page.get_by_role("link", name="HHI")).to_have_attribute("aria-current", "true")


async def test_links_to_other_pages_keep_the_window(opened: Opened) -> None:
    for script in (True, False):
        page = (await opened("/?level=origin&window=30b", java_script_enabled=script)).page
        await page.locator("[data-part=shares]").get_by_role("link", name="China").click()
        await expect(page).to_have_url(re.compile(r"/entity/origin/CN\?window=30b$"))
        await page.get_by_role("link", name="All countries of origin").click()
        await expect(page).to_have_url(re.compile(r"/\?level=origin&window=30b$"))
        await page.get_by_role("link", name="Claims", exact=True).click()
        await page.get_by_role("link", name="Overview").click()
        await expect(page).to_have_url(re.compile(r"level=origin&window=30b$"))


async def test_a_range_of_days_can_be_chosen(opened: Opened) -> None:
    for script in (True, False):
        page = (await opened("/?level=template&metric=nakamoto", java_script_enabled=script)).page
        await page.get_by_label("from", exact=True).fill("2023-11-14")
        await page.get_by_label("to", exact=True).fill("2023-11-15")
        await page.get_by_role("button", name="Show").click()
        await expect(page).to_have_url(re.compile("level=template&metric=nakamoto&from=2023-11-14&to=2023-11-15"))
        await expect(page.get_by_label("from", exact=True)).to_have_value("2023-11-14")
        await expect(page.locator(".chart")).to_have_attribute("data-chart", re.compile("from=2023-11-14&to="))


async def test_a_day_to_look_back_to_and_one_beside_it_can_be_chosen(opened: Opened) -> None:
    page = (await opened("/pool/antpool?window=24h")).page
    days = page.get_by_role("navigation", name="Days", exact=True)
    await days.get_by_label("beside the day").fill("2023-11-14")
    await days.get_by_role("button", name="Look back").press("Enter")
    await expect(page.locator("#since")).to_contain_text("Then and now")
    assert page.url.endswith("/pool/antpool?window=24h&then=2023-11-14")
    await page.go_back()
    await expect(page.locator("#since")).to_have_count(0)


async def test_level_and_window_change_in_place(opened: Opened) -> None:
    found = await opened()
    page = found.page
    await page.get_by_role("link", name="template").click()
    await expect(page.get_by_role("link", name="template")).to_have_attribute("aria-current", "true")
    await expect(page.get_by_role("link", name="template")).to_be_focused()
    await page.get_by_role("link", name="24h").click()
    await expect(page.locator("[data-part=shares] h2")).to_contain_text("Shares of template builders 24 hours")
    assert page.url.endswith("/?level=template&window=24h")
    assert sum(address.endswith("page.css") for address in found.asked) == 1, "the page was loaded anew"

    await page.go_back()
    await expect(page.locator("[data-part=shares] h2")).to_contain_text("7 days")


async def saved(page: Page, name: str) -> bytes:
    """What the button of this name saves."""
    async with page.expect_download() as coming:
        await page.get_by_role("button", name=name).click()
    return Path(await (await coming.value).path()).read_bytes()


async def test_tables_and_drawings_are_saved_with_what_they_are(opened: Opened) -> None:
    page = (await opened("/?window=30b")).page
    await charted(page)

    shares = (await saved(page, "Save Shares of pools as CSV")).decode()
    assert shares.startswith("# pool-monitor /api/v1/shares?level=pool&window=30b, as of block ")
    assert "\npool,30b,30," in shares
    risks = json.loads(await saved(page, "Save Confirmation risk as JSON"))
    assert risks["source"].startswith("Confirmation risk; ")
    assert "as of block" in risks["source"]
    assert risks["tables"][0][0]["Confirmations"] == "1"
    history = (await saved(page, "Save History as CSV")).decode()
    assert "foundryusa,foundryusa.lower" in history
    drawing = (await saved(page, "Save History as SVG")).decode()
    assert "Shares of pools" in drawing
    assert "var(" not in drawing, "other programs know no variables"
    assert (await saved(page, "Save History as PNG")).startswith(b"\x89PNG")


async def test_other_sites_may_frame_an_embedded_chart_and_nothing_else(browser: Browser, host: Host) -> None:
    url, port = host.daemon.url, free_port()

    async def frames(_: web.Request) -> web.Response:
        ours = "".join(f'<iframe name="{name}" src="{url}{path}"></iframe>' for name, path in FRAMED.items())
        return web.Response(text=f'{ours}<img src="{url}/badge/hhi.svg">', content_type="text/html")

    other = web.Application()
    other.add_routes([web.get("/", frames)])
    runner = web.AppRunner(other)
    await runner.setup()
    await web.TCPSite(runner, "localhost", port).start()
    try:
        async with tab(browser) as found:
            await found.page.goto(f"http://localhost:{port}/")
            chart = found.page.frame_locator("[name=chart]").locator("img")
            await expect(chart).to_have_attribute("alt", "HHI of pools, windows of 7 days")
            assert await chart.evaluate("each => each.decode().then(() => each.naturalWidth)") > 300
            assert await found.page.locator("img").evaluate("each => each.decode().then(() => each.naturalWidth)") > 100
            for name in ("page", "block", "api"):
                frame = found.page.frame(name=name)
                assert frame
                assert frame.url.startswith("chrome-error:"), name
    finally:
        await runner.cleanup()


async def test_a_block_opens_why_it_is_whose(opened: Opened) -> None:
    page = (await opened()).page
    await page.locator(".strip a").nth(1).click()

    await expect(page.locator("h1")).to_contain_text("Block")
    weights = page.locator("section[aria-labelledby=why] tbody tr")
    await expect(weights.first).to_contain_text("decides")
    await expect(page.locator("section[aria-labelledby=why]")).to_contain_text("contradicts")
    await expect(page.locator("main")).to_contain_text("names more than one pool")


async def test_a_pool_has_a_page(opened: Opened) -> None:
    page = (await opened()).page
    await page.locator("[data-part=shares]").get_by_role("link", name="AntPool").click()

    await expect(page.locator("h1")).to_have_text("AntPool")
    for what in ("Blocks mined", "Newest blocks", "Signals", "How it is identified", "Memberships"):
        await expect(page.locator("main")).to_contain_text(what)
    await charted(page)


async def test_a_country_opens_its_members_with_their_evidence(opened: Opened) -> None:
    page = (await opened("/?level=origin&window=30b", java_script_enabled=False)).page
    await expect(page.locator(".lead")).to_contain_text("95 % interval")
    await page.locator("[data-part=shares]").get_by_role("link", name="China").click()

    await expect(page.locator("h1")).to_have_text(" China")
    members = page.locator("[data-part=members] tbody")
    await expect(members).to_contain_text("AntPool")
    await expect(members).not_to_contain_text("Foundry USA")
    await page.get_by_role("link", name="24h").click()
    await expect(page).to_have_url(re.compile(r"/entity/origin/CN\?window=24h$"))


async def test_a_search_from_any_page_opens_what_it_finds(opened: Opened, node: EmbeddedNode) -> None:
    for script in (True, False):
        page = (await opened("/alerts", java_script_enabled=script)).page
        box = page.get_by_role("searchbox", name="Pool, block or address")
        await box.fill(str(node.tip.height))
        await box.press("Enter")
        await expect(page.locator("h1")).to_contain_text(f"{node.tip.height}")


async def test_a_coinbase_stays_text(opened: Opened, node: EmbeddedNode) -> None:
    for script in (True, False):
        page = (await opened(f"/block/{node.tip.hash}", java_script_enabled=script)).page
        await expect(page.locator("main")).to_contain_text("<img src=x onerror=alert(1)>")
        assert await page.locator("main img").count() == 0


async def test_a_page_of_a_pool_that_there_is_not_is_live_too(opened: Opened, node: EmbeddedNode) -> None:
    found = await opened("/pool/nobody")
    await expect(found.page.locator("#live")).to_have_text("live")
    async with found.page.expect_response("**/pool/nobody") as asked:
        node.mine(PoolSlug("antpool"))
    await (await asked.value).finished()
    await expect(found.page.locator("#live")).to_contain_text("live: block")
    await expect(found.page.locator("h1")).to_have_text("Not found")
    assert {each.partition("(")[2] for each in found.complaints} == {"Not Found)"}
    found.complaints.clear()  # of the browser, which notes every 404


async def test_without_a_script_it_is_whole(opened: Opened) -> None:
    page = (await opened("/?window=24h", java_script_enabled=False)).page
    await expect(page.locator(".lead")).to_contain_text("more than half")
    await page.get_by_role("link", name="operator").click()
    await expect(page.locator("[data-part=shares] h2")).to_contain_text("Shares of operators")
    await expect(page.locator("[data-part=history]")).to_contain_text("30 days")
    await page.locator(".strip a").first.click()
    await expect(page.locator("h1")).to_contain_text("Block")


async def test_on_a_phone_nothing_is_cut_off(opened: Opened, node: EmbeddedNode) -> None:
    day = f"{datetime.fromtimestamp(node.chain.tip.block.header.time, UTC):%Y-%m-%d}"
    for path in (
        "/", "/?level=country", f"/?then={day}", "/pool/antpool", f"/pool/antpool?then={day}", "/memberships",
        "/nodes", f"/block/{node.tip.hash}", "/claims", "/countries", "/alerts", "/audit", "/api", "/runbook",
    ):  # fmt: skip
        page = (await opened(path, viewport=PHONE)).page
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        assert (await page.locator("[data-part=since] tbody tr").count() > 0) is ("then" in path), path


async def test_an_embedded_chart_has_letters_for_the_room_that_there_is(opened: Opened) -> None:
    for viewport, expected in ((PHONE, 400), (DESKTOP, 960)):
        page = (await opened("/embed/history?metric=hhi_unbiased&window=24h&incomplete=true", viewport=viewport)).page
        await expect(page.locator("img")).to_have_js_property("complete", value=True)
        assert await page.evaluate("document.images[0].naturalWidth") == expected


async def test_the_entity_that_is_compared_is_in_view(opened: Opened) -> None:
    for path, name in (
        ("/pool/antpool?with=foundryusa", "Foundry USA"),
        ("/entity/origin/CN?with=US", "United States"),
    ):
        page = (await opened(path, viewport={"width": 768, "height": 900})).page
        column = await page.get_by_role("columnheader", name=name).bounding_box()
        table = await page.locator(".scroll", has=page.get_by_role("columnheader", name=name)).bounding_box()
        assert column
        assert table
        assert column["x"] + column["width"] <= table["x"] + table["width"], path


async def test_on_a_phone_a_name_without_spaces_stays_in_its_column(opened: Opened) -> None:
    page = (await opened("/", viewport=PHONE)).page
    for name in ("SpiderPool", "NameWithoutSpaces" * 4):
        await page.evaluate("name => document.querySelector('.shares tbody th a').textContent = name", name)
        ends = "['.shares', 'main'].map((each) => document.querySelector(each).getBoundingClientRect().right)"
        table, whole = await page.evaluate(ends)
        assert table <= whole, name


# -- live --------------------------------------------------------------------------------------------------------------


async def test_a_new_block_is_there_without_a_reload(opened: Opened, node: EmbeddedNode, host: Host) -> None:
    found = await opened("/?window=24h")
    await expect(found.page.locator("#live")).to_have_text("live")
    await found.page.locator("#smaller, .strip a").first.focus()

    node.mine(VIABTC)

    await expect(found.page.locator(".strip li").first).to_contain_text(str(node.tip.height))
    await expect(found.page.locator("#card-last ~ .figure")).to_contain_text("ViaBTC")
    await host.daemon.wait_for(node.tip.hash)
    assert sum(address.endswith("page.css") for address in found.asked) == 1


async def test_an_update_keeps_state_and_focus(opened: Opened, node: EmbeddedNode) -> None:
    page = (await opened("/?level=template&window=24h&metric=nakamoto")).page
    await expect(page.locator("#live")).to_have_text("live")
    await page.locator(".strip li").nth(1).get_by_role("link").focus()
    focused = await page.evaluate("document.activeElement.getAttribute('href')")
    await page.get_by_label("from", exact=True).fill("2023-11-14")
    await page.locator(".strip li").nth(1).get_by_role("link").focus()

    node.mine(VIABTC)

    await expect(page.locator(".strip li").first).to_contain_text(str(node.tip.height))
    assert await page.evaluate("document.activeElement.getAttribute('href')") == focused
    assert page.url.endswith("/?level=template&window=24h&metric=nakamoto")
    await expect(page.get_by_label("from", exact=True)).to_have_value("2023-11-14")


async def test_a_reorganisation_is_seen(opened: Opened, node: EmbeddedNode) -> None:
    page = (await opened()).page
    await expect(page.locator("#live")).to_have_text("live")

    node.reorg(1, FOUNDRY)

    await expect(page.locator(".strip li.stale")).to_contain_text("stale")
    await expect(page.locator("[data-part=races]")).to_contain_text("ViaBTC")


async def test_it_survives_a_restart_of_the_daemon(host: Host, browser: Browser, node: EmbeddedNode) -> None:
    async with tab(browser) as found:
        page = found.page
        await page.goto(host.daemon.url)
        await expect(page.locator("#live")).to_have_text("live")

        await host.stop()
        await expect(page.locator("#live")).to_contain_text("not live")
        node.mine(ANTPOOL)
        await host.start()

        await expect(page.locator(".strip li").first).to_contain_text(str(node.tip.height))
        await expect(page.locator("#live")).to_contain_text("live")
        assert not any("Error" in each and "net::" not in each for each in found.complaints)


# -- behind a proxy ----------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def nginx(host: Host, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Behind `proxy_pass` and nothing else: at the root, and below paths, one of which nginx removes."""
    folder, port = tmp_path_factory.mktemp("nginx"), free_port()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{ access_log off;\n{paths}server {{ listen 127.0.0.1:{port};\n"
        f"location / {{ proxy_pass {host.daemon.url}; }}\n"
        f"location /a/pools/ {{ proxy_pass {host.daemon.url}/; }}\n"
        f"location {BELOW}/ {{ proxy_pass {host.daemon.url}; }}\n}} }}\n"
    )
    process = subprocess.Popen(  # noqa: ASYNC220 -- it only starts
        [program("nginx"), "-p", folder, "-e", "stderr", "-c", folder / "nginx.conf"], stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while True:
                with suppress(aiohttp.ClientConnectorError):
                    async with session.get(f"http://127.0.0.1:{port}/healthz"):
                        break
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("below", ["", "/a/pools", BELOW])
async def test_it_works_behind_nginx_as_it_comes_and_below_a_path(
    nginx: str, browser: Browser, node: EmbeddedNode, below: str
) -> None:
    async with tab(browser) as found:
        page = found.page
        await page.goto(f"{nginx}{below}/?window=24h")
        await charted(page)
        await expect(page.locator("#live")).to_have_text("live")
        node.mine(ANTPOOL)
        await expect(page.locator(".strip li").first).to_contain_text(str(node.tip.height))
        await page.get_by_role("link", name="operator", exact=True).click()
        await expect(page.locator("[data-part=shares] h2")).to_contain_text("Shares of operators")
        await page.locator("[data-part=shares]").get_by_role("link", name="AntPool", exact=True).first.click()
        await expect(page.locator("h1")).to_contain_text("AntPool")
        await charted(page)
        await page.get_by_role("searchbox").fill("Foundry USA")
        await page.get_by_role("searchbox").press("Enter")
        await expect(page.locator("h1")).to_contain_text("Foundry USA")
        assert page.url.startswith(f"{nginx}{below}/")
        assert [address for address in found.asked if not address.startswith(f"{nginx}{below}/")] == []
        assert found.complaints == []


async def test_a_page_that_hears_nothing_says_so(opened: Opened, host: Host) -> None:
    found = await opened("/claims")
    page = found.page
    await page.clock.install()
    await page.route("**/api/v1/events", lambda _: asyncio.Event().wait())
    await page.goto(f"{host.daemon.url}/claims")
    await page.clock.fast_forward(41_000)
    await expect(page.locator("#live")).to_contain_text("not live")


# -- for everyone ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path",
    ["/", "/?level=country", "/?at=20&then=10", "/claims", "/countries", "/memberships?level=origin", "/alerts",
     "/nodes", "/api", "/audit?at=20", "/glossary", "/search?q=pool", "/entity/origin/CN?window=30d",
     "/pool/antpool?then=20", "/block/newest"],
)  # fmt: skip
async def test_it_is_accessible(opened: Opened, node: EmbeddedNode, path: str, scheme: str) -> None:
    page = (await opened(path.replace("newest", node.tip.hash), color_scheme=scheme)).page
    if await page.locator("[data-part=history]").count():
        await charted(page)
    assert await violations(page) == []


async def test_the_check_of_accessibility_finds_what_is_wrong(opened: Opened) -> None:
    page = (await opened("/glossary")).page
    await page.evaluate(
        "const p = document.createElement('p'); p.textContent = 'grey'; p.style.color = '#777';"
        "p.style.background = '#888'; document.body.append(p)"  # beside what is updated
    )
    assert any(each.startswith("color-contrast") for each in await violations(page))


async def test_the_keyboard_reaches_everything(opened: Opened) -> None:
    page = (await opened()).page
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    reached = []
    for _ in range(120):
        await page.keyboard.press("Tab")
        reached.append(
            await page.evaluate("[document.activeElement.tagName, document.activeElement.textContent.trim()].join(' ')")
        )
    for what in ("A pool", "A operator", "A 24h", "A Foundry USA", "A HHI", "A 30 days"):
        assert any(each.startswith(what) for each in reached), reached


async def test_a_term_is_explained_by_the_keyboard_too(opened: Opened) -> None:
    for script in (True, False):
        page = (await opened("/?window=30b", java_script_enabled=script)).page
        button = page.get_by_role("button", name="What is Nakamoto coefficient?")
        text = page.get_by_text("The smallest number of entities with more than half of the blocks")
        await expect(text).to_be_hidden()
        await button.focus()
        await page.keyboard.press("Enter")
        await expect(text).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(text).to_be_hidden()
        await button.click()
        await page.get_by_role("link", name="Glossary").first.click()
        await expect(page).to_have_url(re.compile("/glossary#nakamoto-coefficient$"))


async def test_the_keyboard_walks_through_a_chart(opened: Opened) -> None:
    page = (await opened("/?window=30b")).page
    await charted(page)
    chart, tip = page.get_by_role("slider"), page.locator(".chart .tip")
    last = int(await chart.get_attribute("aria-valuemax") or 0)

    await page.get_by_role("button", name="Show").focus()
    await page.keyboard.press("Tab")
    await expect(chart).to_be_focused()
    assert last > 1
    await expect(chart).to_have_attribute("aria-valuenow", str(last))
    await expect(chart).to_have_attribute("aria-valuetext", re.compile(r"UTC: .*Foundry USA [\d.]+\s%, 95 % interval"))
    await expect(tip).to_contain_text("Foundry USA")
    await page.keyboard.press("ArrowLeft")
    await expect(chart).to_have_attribute("aria-valuenow", str(last - 1))
    await page.keyboard.press("Home")
    await expect(chart).to_have_attribute("aria-valuenow", "0")
    await page.keyboard.press("Tab")
    await expect(tip).to_be_hidden()


async def test_a_finger_moves_through_a_chart(opened: Opened) -> None:
    page = (await opened(viewport=PHONE, has_touch=True)).page
    await charted(page)

    await page.locator(".chart > svg").tap()

    await expect(page.locator(".chart .tip")).to_contain_text("Foundry USA")


async def test_the_theme_is_a_choice_that_is_kept(opened: Opened) -> None:
    page = (await opened("/", color_scheme="light")).page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(paper)
    await page.get_by_role("button", name="Theme").click()
    dark = await page.evaluate(paper)
    assert dark != light
    await page.reload()
    assert await page.evaluate(paper) == dark
