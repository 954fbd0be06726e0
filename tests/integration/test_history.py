"""How shares and indices went, asked of the daemon itself on the embedded node."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from support.daemon import Inside, inside

from monitor.cli.demo_daemon import signatures_of
from monitor.config import Config
from monitor.embedded import EmbeddedNode
from monitor.model import PoolSlug
from monitor.registry.loading import load_pools

FOUNDRY, ANTPOOL, UNKNOWN = PoolSlug("foundryusa"), PoolSlug("antpool"), PoolSlug("unknown")
START, HOUR = 1_700_000_000, 3600


@pytest.fixture
async def node() -> AsyncIterator[EmbeddedNode]:
    """Three hours with four blocks each; the genesis block is years older."""
    async with EmbeddedNode(signatures=signatures_of(load_pools("main"))) as node:
        for hour, pools in enumerate([[FOUNDRY] * 4, [FOUNDRY, FOUNDRY, ANTPOOL, UNKNOWN], [ANTPOOL] * 4]):
            for at, pool in enumerate(pools, start=1):
                node.mine(pool, time=START + hour * HOUR + at * HOUR // 4)
        yield node


def config(node: EmbeddedNode, folder: Path) -> Config:
    """A daemon on this node."""
    return Config.model_validate({
        "node": {"url": node.url, "cookie_file": node.cookie_file, "poll_seconds": 0.2, "timeout_seconds": 1.0},
        "store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"},
        "web": {"port": 0},
    })  # fmt: skip


@pytest.fixture
async def daemon(node: EmbeddedNode, tmp_path: Path) -> AsyncIterator[Inside]:
    async with inside(config(node, tmp_path)) as daemon:
        await daemon.wait_for(node.tip.hash)
        yield daemon


async def test_an_index_has_a_number_for_each_step(daemon: Inside) -> None:
    answer = await daemon.ask(f"/api/v1/history?metric=hhi&step=1h&from={START}")

    assert answer["times"] == [START + hour * HOUR for hour in range(4)]
    assert (answer["level"], answer["window"], answer["step"]) == ("pool", "1h", 3600)
    assert (answer["from"], answer["to"]) == (START, START + 3 * HOUR)
    assert answer["series"]["split"]["value"] == [None, 10_000, 3750, 10_000]
    assert answer["series"]["split"]["lower"][2] < 3750 < answer["series"]["split"]["upper"][2]


async def test_shares_have_a_series_for_each_of_the_largest(daemon: Inside) -> None:
    answer = await daemon.ask(f"/api/v1/history?metric=shares&step=1h&window=2h&from={START + HOUR}&limit=1")

    series = answer["series"]
    assert {name: each["value"] for name, each in series.items()} == {
        "foundryusa": [1, 0.75, 0.25], "others": [0, 0.125, 0.625], "unknown": [0, 0.125, 0.125],
    }  # fmt: skip
    assert all(
        low <= value <= high
        for each in series.values()
        for low, value, high in zip(each["lower"], each["value"], each["upper"], strict=True)
    )


async def test_the_newest_point_is_what_the_present_says(daemon: Inside) -> None:
    history = await daemon.ask("/api/v1/history?metric=nakamoto&window=24h&level=operator")
    (present,) = (await daemon.ask("/api/v1/concentration?window=24h&level=operator"))["windows"]

    assert history["series"]["split"]["value"][-1] == present["split"]["nakamoto"]
    assert history["series"]["split"]["value"][-2] is None  # nobody mined for years
    assert history["times"][-1] == START + 3 * HOUR


async def test_a_window_is_named_as_it_was_asked_for(daemon: Inside) -> None:
    chosen = await daemon.ask("/api/v1/history")
    assert re.fullmatch(r"\d+d", chosen["window"])
    assert chosen["step"] == int(chosen["window"][:-1]) * 86_400
    assert (await daemon.ask(f"/api/v1/history?from={START}&step=24h"))["window"] == "24h"
    assert (await daemon.ask(f"/api/v1/history?from={START}&step=24h&window=1y"))["window"] == "1y"


async def test_moments_are_written_either_way(daemon: Inside) -> None:
    """1,700,000,000 is 2023-11-14T22:13:20Z."""
    unix = await daemon.ask(f"/api/v1/history?step=1h&from={START}&to={START + 2 * HOUR}")
    iso = await daemon.ask("/api/v1/history?step=1h&from=2023-11-14T22:13:20Z&to=2023-11-15T01:13:20%2B01:00")
    bare = await daemon.ask("/api/v1/history?step=1h&from=2023-11-14T22:13:20&to=2023-11-15T00:13:20")

    assert unix == iso == bare
    assert len(unix["times"]) == 3


async def test_what_has_not_changed_is_not_sent_again(daemon: Inside, node: EmbeddedNode) -> None:
    path = f"{daemon.url}/api/v1/history?step=1h&from={START}"
    async with aiohttp.ClientSession() as session:

        async def ask(tag: str = "") -> tuple[int, str]:
            async with session.get(path, headers={"If-None-Match": tag} if tag else {}) as response:
                assert response.headers["Cache-Control"] == "no-cache"
                return response.status, response.headers["ETag"]

        status, tag = await ask()
        assert status == 200
        assert await ask(tag) == (304, tag)
        assert await ask(f'W/{tag}, "other"') == (304, tag)
        async with session.get(f"{path}&metric=gini", headers={"If-None-Match": tag}) as response:
            assert response.status == 200  # another question

        node.mine(ANTPOOL, time=START + 3 * HOUR + 1)
        await daemon.wait_for(node.tip.hash)
        status, newer = await ask(tag)
        assert (status, newer != tag) == (200, True)

        node.reorg(1, FOUNDRY)
        await daemon.wait_for(node.tip.hash)
        status, newest = await ask(newer)
        assert (status, newest not in {tag, newer}) == (200, True)


async def test_a_reorganisation_changes_the_past(daemon: Inside, node: EmbeddedNode) -> None:
    path = f"/api/v1/history?metric=shares&step=1h&from={START + 3 * HOUR}&to={START + 3 * HOUR}"
    before = await daemon.ask(path)
    node.reorg(1, UNKNOWN)
    await daemon.wait_for(node.tip.hash)

    after = await daemon.ask(path)

    assert before["series"]["antpool"]["value"] == [1]
    assert after["series"]["antpool"]["value"] != [1]


WRONG = {
    "metric=luck": "unknown metric 'luck'; choose one of: hhi, ",
    "level=galaxy": "unknown level 'galaxy'; choose one of: pool, template, operator, country",
    "windows=7d": "unknown parameter 'windows'; choose one of: level, metric, window, from, to, step, limit",
    "window=2016b": "invalid window ",
    "window=NaN": "invalid window ",
    "window=9999999y": "invalid window ",
    "step=0d": "invalid step ",
    "step=-1d": "invalid step ",
    "step=1e9": "invalid step ",
    "step=": "invalid step ",
    "step=1h": "that is ",
    "from=2000000000&to=1999999999": "from is later than to",
    "from=4294967295": "from is later than to",
    "from=4294967296": "invalid from ",
    "from=99999999999999999999": "invalid from ",
    "from=nan": "invalid from ",
    "from=inf": "invalid from ",
    "from=0001-01-01T00:00:00%2B14:00": "invalid from ",
    "to=9999-12-31T23:59:59-14:00": "invalid to ",
    "to=yesterday": "invalid to ",
    "to=%D9%A1": "invalid to ",
    "from=0&to=4294967295&step=1h": "that is 1193047 points, and 2000 is the most",
    "limit=0": "invalid limit ",
    "limit=41": "invalid limit ",
    "limit=%C2%B2": "invalid limit ",
}


async def test_a_wrong_question_is_answered_with_a_problem_document(daemon: Inside) -> None:
    for query, detail in WRONG.items():
        status, content_type, body = await daemon.get(f"/api/v1/history?{query}")
        assert (status, content_type) == (400, "application/problem+json; charset=utf-8"), query
        assert json.loads(body)["detail"].startswith(detail), query


async def test_the_widest_question_is_answered(daemon: Inside) -> None:
    answer = await daemon.ask("/api/v1/history?from=0&to=4294967295&window=136y&metric=shares&limit=40")

    assert 200 < len(answer["times"]) <= 400
    assert sum(series["value"][-1] for series in answer["series"].values()) == pytest.approx(1)


async def test_nothing_is_told_before_there_is_a_block(node: EmbeddedNode, tmp_path: Path) -> None:
    node.warm_up()
    async with inside(config(node, tmp_path / "new")) as daemon:
        await daemon.wait_for(waiting="starting")
        status, _, body = await daemon.get("/api/v1/history")
        assert status == 503
        assert "/readyz" in json.loads(body)["detail"]
