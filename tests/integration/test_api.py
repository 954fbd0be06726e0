"""What the daemon serves, asked of the daemon itself on the embedded node."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.daemon import Inside, inside
from support.stored import judged

from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config
from monitor.embedded import EmbeddedNode, Signature
from monitor.model import BlockRecord, PoolSlug
from monitor.outputs.web.tables import blocks_as_csv
from monitor.registry.loading import load_pools

FOUNDRY, ANTPOOL, HOSTILE = PoolSlug("foundryusa"), PoolSlug("antpool"), PoolSlug("hostile")
HOSTILE_TAG = b'"}\n# EOF\nup 0{\\x"<script>alert(1)</script>\xff\xfe'
MINED = (*[FOUNDRY] * 5, *[ANTPOOL] * 3, HOSTILE, PoolSlug("unknown"))


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    """Ten blocks: five, three, and two of nobody known."""
    signatures = {**signatures_of(load_pools("main")), HOSTILE: Signature(HOSTILE_TAG, b"\x51")}
    async with EmbeddedNode(signatures=signatures) as node:
        node.mine(MINED[0], time=1_700_000_000)  # years after the genesis block, which is in no window of time then
        for pool in MINED[1:]:
            node.mine(pool)
        yield node


def config(node: EmbeddedNode, folder: Path, **web: object) -> Config:
    """A daemon on this node."""
    return Config.model_validate({
        "node": {"url": node.url, "cookie_file": node.cookie_file, "poll_seconds": 0.2, "timeout_seconds": 1.0},
        "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
        "web": {"port": 0, **web},
    })  # fmt: skip


@pytest.fixture
async def daemon(node: EmbeddedNode, tmp_path: Path) -> AsyncIterator[Inside]:
    """One that has caught up."""
    async with inside(config(node, tmp_path)) as daemon:
        await daemon.wait_for(node.tip.hash)
        yield daemon


# -- right questions ---------------------------------------------------------------------------------------------------


async def test_status_says_where_it_stands(daemon: Inside, node: EmbeddedNode) -> None:
    status = await daemon.ask("/api/v1/status")
    assert status["ready"] is True
    assert status["waiting"] is None
    assert (status["height"], status["first_height"], status["pruned"]) == (10, 0, False)
    assert status["tip"]["hash"] == node.tip.hash
    assert status["tip"]["pool_slug"] is None
    assert status["tip"]["time"].endswith("Z")
    assert status["windows"] == ["24h", "3d", "7d", "30d", "90d", "1y", "2016b"]
    assert status["node"]["network"] == "regtest"
    assert re.fullmatch(r"\d+\.\d+\.\d+", status["version"])


async def test_shares_are_those_of_the_blocks(daemon: Inside) -> None:
    answer = await daemon.ask("/api/v1/shares?window=24h")
    (window,) = answer["windows"]
    assert (window["level"], window["window"], window["blocks"], window["unknown"]) == ("pool", "24h", 10, 2)
    first, second = window["shares"]
    assert (first["entity"], first["name"], first["blocks"], first["share"]) == ("foundryusa", "Foundry USA", 5, 0.5)
    assert (second["entity"], second["blocks"]) == ("antpool", 3)
    assert 0 < first["sampling_lower"] < 0.5 < first["sampling_upper"] == first["upper"] < 1
    assert first["lower"] == 0  # all of its blocks are of low confidence: tags without a payout
    assert len((await daemon.ask("/api/v1/shares"))["windows"]) == 7


async def test_indices_are_those_of_the_shares(daemon: Inside) -> None:
    answer = await daemon.ask("/api/v1/concentration?window=24h&level=pool")
    (window,) = answer["windows"]
    assert window["split"]["hhi"] == pytest.approx(10_000 * (25 + 9 + 1 + 1) / 100)
    assert window["merged"]["hhi"] == pytest.approx(10_000 * (25 + 9 + 4) / 100)
    assert window["headline_hhi"] == window["split"]["hhi_unbiased"]
    combined, sampling = (window["estimates"][kind]["hhi"] for kind in ("combined", "split"))
    assert combined["lower"] <= sampling["lower"] < window["headline_hhi"] < sampling["upper"] <= combined["upper"]
    assert window["split"]["nakamoto"] == 2  # five of ten are not more than half
    assert window["split"]["top_share"] == {"1": 0.5, "2": 0.8, "3": 0.9}
    assert window["merged"]["top_share"]["3"] == 1.0


async def test_shares_now_are_those_of_one_level(daemon: Inside) -> None:
    answer = await daemon.ask("/api/v1/shares/now")
    assert (answer["level"], answer["height"]) == ("pool", 10)
    assert [share["entity"] for share in answer["shares"]] == ["foundryusa", "antpool"]
    assert all(share["lower"] < share["share"] < share["upper"] for share in answer["shares"])


async def test_confirmations_are_as_many_as_the_risk_asks_for(daemon: Inside) -> None:
    answer = await daemon.ask("/api/v1/confirmations?level=pool&risk=0.5&amount=50")
    (level,) = answer["levels"]
    assert (answer["risk"], answer["amount"]) == (0.5, 50.0)
    assert answer["reward"] == pytest.approx(50, rel=1e-3)  # and some fees
    assert level["entity"] == "foundryusa"
    assert {p <= 0.5: int(z) >= level["needed"] for z, p in level["probabilities"].items()} == {
        True: True,
        False: False,
    }
    assert level["unprofitable"] is not None
    assert level["probabilities"]["504"] < level["probabilities"]["6"]
    without = await daemon.ask("/api/v1/confirmations")
    assert (without["risk"], without["amount"], without["levels"][0]["unprofitable"]) == (0.001, None, None)


async def test_blocks_come_highest_first_in_pages(daemon: Inside, node: EmbeddedNode) -> None:
    page = (await daemon.ask("/api/v1/blocks?limit=4"))["blocks"]
    assert [block["height"] for block in page] == [10, 9, 8, 7]
    page = (await daemon.ask("/api/v1/blocks?limit=500&below=7"))["blocks"]
    assert [block["height"] for block in page] == [6, 5, 4, 3, 2, 1, 0]

    stale = node.tip.hash
    node.reorg(2, ANTPOOL)
    await daemon.wait_for(node.tip.hash)

    page = (await daemon.ask("/api/v1/blocks?limit=5"))["blocks"]
    assert [(block["height"], block["stale"]) for block in page] == [
        (11, False), (10, False), (10, True), (9, False), (9, True),
    ]  # fmt: skip
    assert page[2]["hash"] == stale


async def test_blocks_can_be_those_of_a_pool_or_a_time(daemon: Inside) -> None:
    async def heights(query: str) -> list[int]:
        return [each["height"] for each in (await daemon.ask(f"/api/v1/blocks?{query}"))["blocks"]]

    every = (await daemon.ask("/api/v1/blocks?limit=500"))["blocks"]
    theirs = [each["height"] for each in every if each["pool_slug"] == "antpool"]
    assert await heights("pool=antpool") == theirs != []
    assert await heights("pool=unknown") == [each["height"] for each in every if each["pool_slug"] is None]
    assert await heights("pool=antpool&below=6") == [height for height in theirs if height < 6]
    assert await heights("pool=antpool&stale=true") == []
    time = {each["height"]: each["time"] for each in every}
    assert await heights(f"from={time[4]}&to={time[7]}") == [7, 6, 5, 4]
    page = await daemon.ask("/api/v1/blocks?from=2023-11-14&limit=4")
    following = await daemon.ask(f"/api/v1/blocks?from=2023-11-14&limit=100&below={page['next_below']}")
    assert [each["height"] for each in page["blocks"] + following["blocks"]] == list(range(10, 0, -1))
    assert following["next_below"] is None


async def test_blocks_are_rows_of_csv_too(daemon: Inside) -> None:
    every = (await daemon.ask("/api/v1/blocks?limit=500"))["blocks"]
    _, kind, body = await daemon.get("/api/v1/blocks?format=csv&limit=10000")
    rows = list(csv.DictReader(io.StringIO(body.decode())))
    assert kind == "text/csv; charset=utf-8"
    assert [(int(row["height"]), row["hash"], row["pool_slug"] or None) for row in rows] == [
        (each["height"], each["hash"], each["pool_slug"]) for each in every
    ]
    assert rows[0]["stale"] == "false"
    assert (await daemon.get("/api/v1/blocks?limit=10001"))[0] == 400


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx"])
def test_a_text_of_a_stranger_begins_no_formula_in_a_spreadsheet(name: str) -> None:
    found = next(judged())
    record = BlockRecord(replace(found, attribution=replace(found.attribution, miner=name)), stale=False)
    [row] = csv.DictReader(io.StringIO(blocks_as_csv([record], {})))
    assert row["miner"] == f"'{name}"


async def test_a_block_says_who_mined_it_and_how_we_know(daemon: Inside, node: EmbeddedNode) -> None:
    block = await daemon.ask(f"/api/v1/blocks/{node.mine(ANTPOOL).upper()}")
    if "status" in block:
        await daemon.wait_for(node.tip.hash)
        block = await daemon.ask(f"/api/v1/blocks/{node.tip.hash.upper()}")
    assert (block["height"], block["pool_slug"], block["pool_name"]) == (11, "antpool", "AntPool")
    assert block["method"] in {"tag", "address"}
    assert block["evidence"]
    assert block["confidence"] == "low"
    assert block["candidates"][0]["pool_slug"] == "antpool"
    assert block["stale"] is False
    assert bytes.fromhex(block["coinbase"]["script_hex"])
    assert block["value_sat"] == sum(each["value_sat"] for each in block["coinbase"]["outputs"])


async def test_what_strangers_write_stays_out_of_labels_and_pages(daemon: Inside, node: EmbeddedNode) -> None:
    pools = load_pools("main").by_slug
    text = (await daemon.get("/metrics"))[2].decode()
    found = {
        sample.labels.get("entity") or sample.labels.get("pool")
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.labels.get("level", "pool") == "pool" and not sample.name.startswith("pool_monitor_economy_")
    }
    assert {"foundryusa", "antpool", "unknown"} <= found
    assert found - {None, "unknown"} <= pools.keys()
    assert "script>" not in text

    block = (await daemon.ask("/api/v1/blocks?limit=2"))["blocks"][1]
    assert HOSTILE_TAG.hex() in block["coinbase"]["script_hex"]  # as hex, and only there
    assert "alert" not in json.dumps(block)
    assert b"alert(1)" not in (await daemon.get("/"))[2]
    assert node.tip.height == 10


# -- wrong questions ---------------------------------------------------------------------------------------------------

WRONG = {
    "/nowhere": (404, "Not Found"),
    "/api/v1/nowhere": (404, "Not Found"),
    "/api/v1/status?verbose=1": (400, "unknown parameter 'verbose'; this path has none"),
    "/api/v1/shares?windows=24h": (400, "unknown parameter 'windows'; choose one of: at, format, level, window"),
    "/api/v1/shares?then=2025-01-31": (400, "'then' is for pages; request the earlier day with 'at' and compare"),
    "/api/v1/shares?window=25h": (400, "unknown window '25h'; choose one of: 24h, 3d, 7d, 30d, 90d, 1y, 2016b"),
    "/api/v1/concentration?level=galaxy": (400, "unknown level 'galaxy'; choose one of: pool"),
    "/api/v1/shares/now?window=24h": (400, "unknown parameter 'window'; choose one of: at, format, level"),
    "/api/v1/confirmations?risk=0": (400, "invalid risk '0'; input should be greater than 0"),
    "/api/v1/confirmations?risk=1": (400, "invalid risk '1'; input should be less than 1"),
    "/api/v1/confirmations?risk=nan": (400, "invalid risk 'nan'; input should be a finite number"),
    "/api/v1/confirmations?amount=-1": (400, "invalid amount '-1'; input should be greater than 0"),
    "/api/v1/confirmations?amount=inf": (400, "invalid amount 'inf'; input should be a finite number"),
    "/api/v1/confirmations?amount=21000001": (400, "invalid amount '21000001'; input should be less than or equal"),
    "/api/v1/confirmations?amount=all": (400, "invalid amount 'all'; input should be a valid number"),
    "/api/v1/confirmations?level=galaxy": (400, "unknown level 'galaxy'; choose one of: pool"),
    "/api/v1/blocks?limit=0": (400, "invalid limit '0'; input should be "),
    "/api/v1/blocks?limit=10001": (400, "invalid limit '10001'; input should be "),
    "/api/v1/blocks?limit=-1": (400, "invalid limit '-1'; input should be "),
    "/api/v1/blocks?limit=ten": (400, "invalid limit 'ten'; input should be "),
    "/api/v1/blocks?limit=%D9%A1": (400, "invalid limit '\u0661'; input should be "),
    "/api/v1/blocks?below=99999999999": (400, "invalid below '99999999999'; input should be "),
    "/api/v1/history?step=5m": (400, "invalid step '5m'; use for example 1h or 1d"),
    "/api/v1/alerts?state=off": (400, "unknown state 'off'; choose one of: pending, firing, resolved"),
    "/api/v1/blocks/xyz": (400, "invalid hash 'xyz'; string should match pattern "),
    f"/api/v1/blocks/{'ab' * 32}": (404, "this block is not stored here"),
}


async def test_a_wrong_question_is_answered_with_a_problem_document(daemon: Inside) -> None:
    for path, (expected, detail) in WRONG.items():
        status, content_type, body = await daemon.get(path)
        problem = json.loads(body)
        assert (status, content_type) == (expected, "application/problem+json; charset=utf-8"), path
        assert problem.keys() >= {"type", "title", "status", "detail"}, path
        assert problem["status"] == expected, path
        assert problem["detail"].startswith(detail), path


async def test_what_is_only_for_reading_cannot_be_written(daemon: Inside) -> None:
    for path in ("/api/v1/status", "/metrics", "/"):
        async with daemon.session.post(daemon.url + path) as response:
            assert response.status == 405
            assert response.content_type == "application/problem+json"


# -- health ------------------------------------------------------------------------------------------------------------


async def test_readiness_follows_the_node(node: EmbeddedNode, tmp_path: Path) -> None:
    node.warm_up()
    async with inside(config(node, tmp_path)) as daemon:
        await daemon.wait_for(waiting="starting")
        assert (await daemon.get("/healthz"))[0] == 200
        assert (await daemon.get("/readyz"))[0] == 503
        assert (await daemon.get("/api/v1/shares"))[0] == 503
        assert b"pool_monitor_block_height" not in (await daemon.get("/metrics"))[2]

        node.warmed_up()
        await daemon.wait_for(node.tip.hash)
        status, _, body = await daemon.get("/readyz")
        assert (status, json.loads(body)) == (
            200,
            {"ready": True, "waiting": None, "writer": True, "height": 10, "first_height": 0, "pruned": False,
             "history": None},
        )  # fmt: skip

        await node.stop()
        await daemon.wait_for(waiting="cookie")
        assert (await daemon.get("/readyz"))[0] == 503
        assert (await daemon.ask("/api/v1/shares?window=24h"))["windows"][0]["blocks"] == 10  # what is known stays

        await node.start()
        node.mine(FOUNDRY)
        await daemon.wait_for(node.tip.hash)
        assert (await daemon.get("/readyz"))[0] == 200

        node.stall()
        await daemon.wait_for(waiting="in time", seconds=20)
        node.resume()
        await daemon.wait_for(node.tip.hash)


# -- the token ---------------------------------------------------------------------------------------------------------


async def test_with_a_token_everything_but_health_needs_it(node: EmbeddedNode, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("open sesame\n")
    async with inside(config(node, tmp_path, token_file=secret)) as daemon:
        right = {"Authorization": "Bearer open sesame"}
        for path in ("/metrics", "/", "/api/v1/status", "/api/v1/blocks", "/nowhere"):
            for headers in ({}, {"Authorization": "Bearer open"}, {"Authorization": "Basic x"}, {"Authorization": "é"}):
                status, content_type, body = await daemon.get(path, **headers)
                assert (status, content_type) == (401, "application/problem+json; charset=utf-8")
                assert b"sesame" not in body
            assert (await daemon.get(path, **right))[0] in {200, 404, 503}
        for path in ("/healthz", "/readyz"):
            assert (await daemon.get(path))[0] in {200, 503}
        await asyncio.sleep(0)


async def test_two_daemons_in_one_process_do_not_share_anything(node: EmbeddedNode, tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    async with inside(config(node, folders[0])) as one, inside(config(node, folders[1])) as two:
        answers: list[Any] = [await each.wait_for(node.tip.hash) for each in (one, two)]
        assert answers[0]["tip"] == answers[1]["tip"]
        for each in (one, two):
            assert b"pool_monitor_window_blocks" in (await each.get("/metrics"))[2]


# -- the page ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["pool", "template", "operator", "origin", "country"])
async def test_the_page_shows_every_level_and_each_window_once(daemon: Inside, level: str) -> None:
    status, content_type, body = await daemon.get(f"/?level={level}&window=3d")
    page = body.decode()
    assert (status, content_type) == (200, "text/html; charset=utf-8")
    assert re.search(rf'aria-current="true">{level}<', page)
    assert page.count('aria-current="true">3d<') == 1
    assert page.count('<th scope="row">24h</th>') == 1


async def test_the_page_takes_what_it_does_not_know_for_the_usual(daemon: Inside) -> None:
    _, _, body = await daemon.get("/?level=<script>&window=<b>")
    assert 'aria-current="true">pool<' in body.decode()
    assert "<script>" not in body.decode()
