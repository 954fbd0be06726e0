"""The pages and what they are made of, as a server gives them out."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from support.daemon import Inside, inside
from support.served import Well, server, sources

from monitor.analysis import POOL, BlockTable, estimated, snapshot
from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config
from monitor.embedded import EmbeddedNode, Signature
from monitor.hub import Hub
from monitor.model import (
    Alert,
    AlertState,
    BlockHash,
    BlockRecord,
    BlockRow,
    Coverage,
    PoolSlug,
    Severity,
    Tally,
    Window,
)
from monitor.outputs.web import sources as state
from monitor.outputs.web.pages.pages import Pages
from monitor.registry.directory import Directory
from monitor.registry.loading import load_pools, load_registry
from monitor.vitals import Vitals

FOUNDRY, ANTPOOL, HOSTILE = PoolSlug("foundryusa"), PoolSlug("antpool"), PoolSlug("hostile")
TAG = b"</dd><script>alert(1)</script>"


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    signatures = {**signatures_of(load_pools("main")), HOSTILE: Signature(TAG, b"\x00\x14" + b"\x07" * 20)}
    async with EmbeddedNode(network="main", signatures=signatures) as node:
        node.mine(FOUNDRY, time=1_700_000_000)
        for pool in (ANTPOOL, FOUNDRY, HOSTILE, HOSTILE):
            node.mine(pool)
        yield node


@pytest.fixture
async def daemon(node: EmbeddedNode, tmp_path: Path) -> AsyncIterator[Inside]:
    config = Config.model_validate({
        "node": {"url": node.url, "cookie_file": node.cookie_file},
        "store": {"url": f"sqlite:///{tmp_path / 'blocks.sqlite'}"},
        "web": {"port": 0},
    })  # fmt: skip
    async with inside(config) as daemon:
        await daemon.wait_for(node.tip.hash)
        yield daemon


# -- pages -------------------------------------------------------------------------------------------------------------


async def test_a_page_may_load_nothing_and_run_nothing_but_our_own(daemon: Inside, node: EmbeddedNode) -> None:
    for path in ("/", f"/block/{node.tip.hash}", "/pool/antpool", "/pool/nobody"):
        async with daemon.session.get(daemon.url + path) as response:
            policy = dict(rule.strip().split(" ", 1) for rule in response.headers["Content-Security-Policy"].split(";"))
            text = await response.text()
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == policy["style-src"] == "'self'"
        assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=|<style", text), path
        assert not re.search(r'(?:src|rel="stylesheet" href)="(?!/static/)', text), path


async def test_a_coinbase_is_escaped_wherever_it_is_shown(daemon: Inside, node: EmbeddedNode) -> None:
    text = (await daemon.get(f"/block/{node.tip.hash}"))[2].decode()
    assert "&lt;script&gt;alert(1)" in text
    for path in ("/", "/pool/foundryusa"):
        assert b"<script>alert" not in (await daemon.get(path))[2]


async def test_an_unknown_miner_has_a_page_too(daemon: Inside) -> None:
    found = await daemon.ask("/api/v1/unknown")
    name = found["miners"][0]["name"]
    assert name.encode() in (await daemon.get("/"))[2]
    status, _, body = await daemon.get(f"/pool/{name}")
    assert status == 200
    assert b"recognised by what the blocks have in common" in body


async def test_what_is_not_there_is_said_in_a_page(daemon: Inside) -> None:
    for path in ("/block/xyz", f"/block/{'ab' * 32}", "/pool/nobody", "/pool/%3Cscript%3E"):
        status, content_type, body = await daemon.get(path)
        assert (status, content_type) == (404, "text/html; charset=utf-8"), path
        assert b"Not found" in body
        assert b"<script>" not in body


async def test_who_has_the_page_already_is_told_so(daemon: Inside) -> None:
    async with daemon.session.get(daemon.url) as response:
        tag = response.headers["ETag"]
        assert response.headers["Cache-Control"] == "no-cache"
    async with daemon.session.get(daemon.url, headers={"If-None-Match": tag}) as response:
        assert response.status == 304


# -- what they are made of ---------------------------------------------------------------------------------------------


async def test_scripts_and_charts_are_kept_for_a_year_and_compressed(daemon: Inside) -> None:
    text = (await daemon.get("/"))[2].decode()
    paths = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
    assert len(paths) == 5
    paths.append(f"{paths[0].rpartition('/')[0]}/vendored/uPlot.esm.js")
    async with aiohttp.ClientSession(daemon.url, auto_decompress=False) as session:
        for path in paths:
            async with session.get(path, headers={"Accept-Encoding": "gzip"}) as response:
                packed = await response.read()
                assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
                small = response.headers.get("Content-Encoding") != "gzip"
            async with session.get(path, headers={"Accept-Encoding": "identity"}) as response:
                assert (packed if small else gzip.decompress(packed)) == await response.read()
                assert len(packed) < 2000 or not small
        assert len(packed) < 60_000
        async with session.get("/static/of-long-ago/page.css") as response:
            assert (response.status, response.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "/static/x/nothing.js",
        "/static/x/vendored/LICENSE.uPlot",
        "/static/x/..%2Fpage.py",
        "/static/x/../../page.py",
        "/static/x/",
    ],
)
async def test_nothing_else_is_given_out(daemon: Inside, path: str) -> None:
    assert (await daemon.get(path))[0] == 404


# -- the API of pools --------------------------------------------------------------------------------------------------


async def test_pools_come_largest_first(daemon: Inside) -> None:
    pools = (await daemon.ask("/api/v1/pools"))["pools"]
    assert [pool["slug"] for pool in pools[:2]] == ["foundryusa", "antpool"]
    assert pools[0]["shares"][0]["window"] == "24h"
    assert pools[0]["shares"][0]["blocks"] == 2
    assert pools[-1]["shares"] == []
    assert len(pools) > 100


async def test_a_pool_is_told_with_everything(daemon: Inside) -> None:
    told = await daemon.ask("/api/v1/pools/antpool")
    assert (told["slug"], told["name"], told["kind"]) == ("antpool", "AntPool", "pool")
    assert told["memberships"]
    assert told["belongs"].keys() == {"template", "operator", "origin", "country"}
    assert {each["window"]: each["of"] for each in told["shares"]}["24h"] == 5
    assert told["signals"].keys() == {
        "streak", "luck", "empty_blocks", "rewards", "signalling", "bip54", "race_record", "races",
    }  # fmt: skip
    assert told["newest"]["blocks"] == 1
    assert told["newest"]["payouts"][0]["address"] in told["addresses"]

    status, content_type, body = await daemon.get("/api/v1/pools/nobody")
    assert (status, content_type) == (404, "application/problem+json; charset=utf-8")
    assert json.loads(body)["detail"] == "unknown pool 'nobody'; /api/v1/pools has the list"
    assert (await daemon.get("/api/v1/pools?x=1"))[0] == 400


# -- how often it is made ----------------------------------------------------------------------------------------------


@dataclass
class Past:
    """A store without blocks, that counts how often it is asked."""

    asked: int = 0

    async def blocks(self, limit: int, *, below: int | None = None) -> list[BlockRecord]:  # noqa: ARG002
        self.asked += 1
        return []

    async def block(self, wanted: BlockHash) -> BlockRecord | None:  # noqa: ARG002
        return None

    async def blocks_of(self, pool: PoolSlug, limit: int) -> list[BlockRecord]:  # noqa: ARG002
        return []


@asynccontextmanager
async def served(hub: Hub, past: Past, health: Well) -> AsyncIterator[aiohttp.ClientSession]:
    """Only the pages."""
    over = sources(hub, store=past, health=health, directory=Directory(load_registry()))
    async with server([Pages(over)], over) as running, aiohttp.ClientSession(running.url) as session:
        yield session


def publish(hub: Hub, pools: str) -> None:
    """A block for each letter."""
    rows = [BlockRow(at, 1_700_000_000 + 600 * at, 0x1D00FFFF, PoolSlug(pool)) for at, pool in enumerate(pools)]
    ledger, windows = BlockTable.of(rows, [POOL]), [Window.parse("24h")]
    found = snapshot(
        ledger, windows, Tally(), tip_hash=BlockHash("ab" * 32), first_height=0, caught_up=True, registry="abc",
        pool_names={PoolSlug("a"): "Anna", PoolSlug("b"): "Bert"},
    )  # fmt: skip
    hub.publish(estimated(found, ledger, windows))


async def text(session: aiohttp.ClientSession, path: str = "/") -> str:
    async with session.get(path) as response:
        assert response.status == 200
        return await response.text()


async def test_a_page_is_made_once_for_each_snapshot() -> None:
    hub, past = Hub(Vitals()), Past()
    async with served(hub, past, Well()) as session:
        assert "No block is stored yet" in await text(session)

        publish(hub, "aab")
        pages = {await text(session) for _ in range(5)}
        assert (len(pages), past.asked) == (1, 1)
        assert "Anna" in pages.pop()

        publish(hub, "aabb")
        await text(session)
        assert past.asked == 2


async def test_what_the_node_and_the_rules_say_is_shown_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_AGE_SECONDS", 1e9)
    hub, health = Hub(Vitals()), Well()
    async with served(hub, Past(), health) as session:
        publish(hub, "aab")
        assert "No alert is firing" in await text(session)

        alert = Alert(
            "majority", Severity.CRITICAL, AlertState.FIRING, 1_700_000_000.0, "Anna has <more> than half", ""
        )
        pending = Alert("other", Severity.INFO, AlertState.PENDING, 1_700_000_000.0, "not yet", "")
        hub.alert([alert, pending], [alert])
        shown = await text(session)
        assert "Anna has &lt;more&gt; than half" in shown
        assert "Critical" in shown
        assert "not yet" not in shown

        health.waiting = "nothing listens at 127.0.0.1:8332"
        assert "The node does not answer: nothing listens" in await text(session)


async def test_a_history_with_a_gap_says_so_and_why() -> None:
    hub, health = Hub(Vitals()), Well()
    async with served(hub, Past(), health) as session:
        publish(hub, "aab")
        assert "older block" not in await text(session)

        health.coverage = Coverage(1100, 100, 2000, by="block files")
        shown = await text(session)
        assert "1,000 older blocks are missing and being fetched (block files, 47 % complete)." in shown

        health.coverage = Coverage(101, 100, 2000, reason="the node has pruned the blocks below <101>")
        shown = await text(session)
        assert "1 older block is missing: the node has pruned the blocks below &lt;101&gt;." in shown
