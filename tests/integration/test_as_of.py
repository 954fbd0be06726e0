"""The numbers as of an earlier block: page and API, by height and by day."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support.daemon import Inside, following
from support.published import hub_after
from support.served import server, sources

from monitor.cli.demo_daemon import signatures_of
from monitor.embedded import EmbeddedNode
from monitor.model import PoolSlug
from monitor.outputs.web.pages.pages import Pages
from monitor.registry.loading import load_pools

FOUNDRY, ANTPOOL = PoolSlug("foundryusa"), PoolSlug("antpool")
START = 1_700_000_000


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    """Two blocks of Foundry USA and one of AntPool; a day later, three of AntPool."""
    async with EmbeddedNode(network="main", signatures=signatures_of(load_pools("main"))) as node:
        node.mine(FOUNDRY, time=START)
        node.mine(FOUNDRY)
        node.mine(ANTPOOL)
        node.mine(ANTPOOL, time=START + 86_400)
        node.mine(ANTPOOL)
        node.mine(ANTPOOL)
        yield node


@pytest.fixture
async def daemon(node: EmbeddedNode, tmp_path: Path) -> AsyncIterator[Inside]:
    async with following(node, tmp_path, windows=["24h", "3b"]) as daemon:
        yield daemon


def blocks(answer: Any) -> dict[str, int]:  # noqa: ANN401 -- JSON
    return {share["entity"]: share["blocks"] for share in answer["windows"][0]["shares"] if share["blocks"]}


@pytest.mark.parametrize("at", ["3", "2023-11-14", "2023-11-15T00:00:00Z"])
async def test_windows_end_at_an_earlier_block(daemon: Inside, at: str) -> None:
    then = await daemon.ask(f"/api/v1/shares?window=3b&at={at}")
    assert then["tip"]["height"] == 3
    assert blocks(then) == {"foundryusa": 2, "antpool": 1}
    assert then["windows"][0]["shares"][0]["upper"] is not None, "it has its interval"
    assert blocks(await daemon.ask("/api/v1/shares?window=3b")) == {"antpool": 3}

    indices = await daemon.ask(f"/api/v1/concentration?window=3b&at={at}")
    assert indices["windows"][0]["split"]["nakamoto"] == 1
    assert (await daemon.ask(f"/api/v1/pools/foundryusa?at={at}"))["newest"]["blocks"] == 2
    assert (await daemon.ask(f"/api/v1/entities/origin/US?window=3b&at={at}"))["shares"][1]["blocks"] == 2


async def test_an_earlier_state_equals_what_was_published_then(daemon: Inside, node: EmbeddedNode) -> None:
    paths = [f"/api/v1/{what}?window=24h" for what in ("shares", "concentration")]
    height = node.tip.height
    before = [await daemon.ask(path) for path in paths]
    await daemon.wait_for(node.mine(FOUNDRY))
    assert [await daemon.ask(f"{path}&at={height}") for path in paths] == before


async def test_its_races_are_those_of_its_windows(daemon: Inside, node: EmbeddedNode) -> None:
    """One that only a window of blocks still covers, and later none."""
    node.reorg(depth=1)
    await daemon.wait_for(node.mine(FOUNDRY, time=START + 4 * 86_400))
    height, before = node.tip.height, (await daemon.ask("/api/v1/signals"))["races"]
    assert len(before) == 1
    for _ in range(3):
        await daemon.wait_for(node.mine(FOUNDRY))
    assert (await daemon.ask("/api/v1/signals"))["races"] == []
    assert (await daemon.ask(f"/api/v1/signals?at={height}"))["races"] == before


async def test_the_page_says_as_of_when_it_is_and_links_keep_it(daemon: Inside) -> None:
    for path in ("/?window=3b", "/entity/origin/US?window=3b", "/pool/foundryusa?window=3b", "/claims?"):
        body = (await daemon.get(f"{path}&at=3"))[2].decode()
        assert "As of block 3, 2023-11-14" in body, path
    body = (await daemon.get("/?window=3b&at=3"))[2].decode()
    assert "AntPool" in body
    assert "/pool/foundryusa?window=3b&amp;at=3" in body
    assert "to=1700001200" in body, "the chart ends there, too"
    assert "As of block" not in (await daemon.get("/?window=3b"))[2].decode()


async def test_an_earlier_date_is_compared_with_now(daemon: Inside) -> None:
    shown = await text(daemon, "/?window=3b&at=3")
    assert "Then and now 3 blocks to 2023-11-14, and to 2023-11-15" in shown
    assert re.search(r"AntPool 33\.3 %.*? 100\.0 %.*? \+66\.7 Foundry USA 66\.7 %.*? \u221266\.7", shown)
    assert "Then and now" not in (await daemon.get("/?window=3b"))[2].decode()


async def test_any_two_dates_are_compared(daemon: Inside) -> None:
    """Of all entities and of one; in either order, with the same address."""
    for then, at in (("1", "3"), ("3", "1")):
        shown = await text(daemon, f"/?window=3b&then={then}&at={at}")
        assert "Then and now 3 blocks to 2023-11-14, and to 2023-11-14" in shown
        assert re.search(r"Foundry USA 100\.0 %.*? 66\.7 %.*? \u221233\.3", shown)
    for path in ("/pool/antpool", "/entity/origin/CN"):
        assert re.search(r"3b 33\.3 %.*? 100\.0 %.*? \+66\.7", await text(daemon, f"{path}?then=3")), path
        assert "Then and now" not in await text(daemon, path)
    body = (await daemon.get("/?window=3b&then=2023-11-14"))[2].decode()
    assert '"then" value="2023-11-14"' in body
    assert "/pool/antpool?window=3b&amp;then=2023-11-14" in body, "links keep it"
    assert (await daemon.get("/?then=99"))[0] == 404


async def test_a_page_without_an_earlier_state_says_why(daemon: Inside) -> None:
    why = "which alerts fired is in the history below"
    assert f"This page is of now, not of 3: {why}" in await text(daemon, "/alerts?at=3")
    assert why in await text(daemon, "/alerts")
    assert 'name="at"' not in (await daemon.get("/alerts"))[2].decode(), "there is no control"
    assert "As of block 3, 2023-11-14" in await text(daemon, "/audit?at=3")
    assert (await daemon.ask("/api/v1/audit?at=3"))["blocks"] == []


async def test_two_entities_are_compared(daemon: Inside) -> None:
    for path, other in (("/pool/antpool", "foundryusa"), ("/entity/origin/CN", "US")):
        body = (await daemon.get(f"{path}?window=24h&at=3&with={other}"))[2].decode()
        assert re.search(rf"entity=\w+%2C{other}", body), "both lines are in the chart"
        assert f'<option value="{other}" selected>' in body
        unknown = (await daemon.get(f"{path}?at=3&with=%3Cscript%3E"))[2].decode()
        assert "script%3E" not in unknown.partition('class="chart"')[2]


async def test_what_is_not_stored_or_not_a_time_is_said(daemon: Inside) -> None:
    for at, status in (("9", 404), ("2001-01-01", 404), ("yesterday", 400)):
        assert (await daemon.get(f"/api/v1/shares?at={at}"))[0] == status
    for at in ("9", "2001-01-01", "yesterday"):
        status, content_type, body = await daemon.get(f"/?at={at}")
        assert (status, content_type) == (404, "text/html; charset=utf-8")
        assert b"Not found" in body


async def test_many_readers_of_one_day_wait_for_one_computation(daemon: Inside) -> None:
    """Also of more pages than may wait for different things."""
    pages = [f"/?window={window}&level={level}&at=3" for window in ("24h", "3b") for level in ("pool", "template")]
    others = [f"{page}&metric={metric}" for page in pages for metric in ("gini", "theil", "hhi_unbiased")]
    assert {status for status, *_ in await asyncio.gather(*map(daemon.get, [*pages, *others]))} == {200}


async def text(daemon: Inside, path: str) -> str:
    """A page without its marks."""
    status, _, body = await daemon.get(path)
    assert status == 200
    return " ".join(re.sub(r"<[^>]*>", " ", body.decode()).split())


class _NothingStored:
    """A history without any block."""

    edition = "1"

    def kept(self, _: object) -> None:
        return None

    async def snapshot(self, _: object) -> None:
        return None


async def test_a_page_that_had_to_wait_too_long_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = hub_after(3)
    over = sources(hub, history=_NothingStored())
    async with server([Pages(over)], over) as running, aiohttp.ClientSession(running.url) as session:
        with monkeypatch.context() as busy:
            busy.setattr("monitor.outputs.web.sources._MAX_WAITING", 0)
            async with session.get("/?at=1") as response:
                assert response.status == 503
                assert "Too many requests" in await response.text()
        async with session.get("/?at=1") as response:
            assert response.status == 404
            assert "<h1>Not found</h1>" in await response.text()
