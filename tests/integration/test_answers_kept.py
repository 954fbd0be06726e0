"""An answer is made once for each snapshot, and sent in the form that the asker takes."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
from aiohttp import web
from support.served import server, sources

from monitor.analysis import POOL, BlockTable, snapshot
from monitor.hub import Hub
from monitor.model import BlockHash, BlockRow, PoolSlug, Tally, Window
from monitor.outputs.exposition import Exposition
from monitor.outputs.web.cache import cached
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.metrics import Metrics
from monitor.outputs.web.server import Part
from monitor.vitals import Vitals


class Counting:
    """Answers with how often it was asked."""

    def __init__(self) -> None:
        self.kept_asked = self.live_asked = 0
        self.broken = False

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/kept", self.kept), web.get("/live", self.live)]

    @cached
    async def kept(self, _request: web.Request) -> web.Response:
        self.kept_asked += 1
        await asyncio.sleep(0.05)
        if self.broken:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "broken")
        return web.json_response({"asked": self.kept_asked, "padding": "x" * 2000})

    async def live(self, _request: web.Request) -> web.Response:
        self.live_asked += 1
        return web.json_response({"asked": self.live_asked})


@asynccontextmanager
async def serving(part: Counting, hub: Hub, vitals: Vitals) -> AsyncIterator[aiohttp.ClientSession]:
    parts: list[Part] = [part, Metrics(Exposition(hub, vitals))]
    async with (
        server(parts, sources(hub)) as served,
        aiohttp.ClientSession(served.url, auto_decompress=False) as session,
    ):
        yield session


def publish(hub: Hub, height: int) -> None:
    table = BlockTable.of([BlockRow(height, 1_700_000_000, 0x1D00FFFF, PoolSlug("antpool"))], [POOL])
    tip = BlockHash("11" * 32)
    taken = snapshot(
        table,
        [Window.parse("24h")],
        Tally(),
        tip_hash=tip,
        first_height=height,
        caught_up=True,
        registry="r",
        pool_names={},
    )
    hub.publish(taken)


async def test_many_who_ask_at_once_get_one_answer_until_the_next_snapshot() -> None:
    part, vitals = Counting(), Vitals()
    hub = Hub(vitals)
    async with serving(part, hub, vitals) as session:

        async def ask(path: str) -> bytes:
            async with session.get(path) as answer:
                return await answer.read()

        assert len({*await asyncio.gather(*(ask("/kept") for _ in range(20)))}) == 1
        await ask("/kept")
        assert part.kept_asked == 1
        await ask("/kept?other=1")
        assert part.kept_asked == 2

        publish(hub, 1)

        await ask("/kept")
        assert part.kept_asked == 3
        await asyncio.gather(*(ask("/live") for _ in range(3)))
        assert part.live_asked == 3


async def test_a_fault_is_not_kept() -> None:
    part, vitals = Counting(), Vitals()
    part.broken = True
    async with serving(part, Hub(vitals), vitals) as session:
        for _ in range(2):
            async with session.get("/kept") as answer:
                assert answer.status == 503
        part.broken = False
        async with session.get("/kept") as answer:
            assert answer.status == 200
    assert part.kept_asked == 3


async def test_one_who_goes_away_takes_the_answer_from_nobody() -> None:
    part, vitals = Counting(), Vitals()
    async with serving(part, Hub(vitals), vitals) as session:
        impatient = asyncio.create_task(session.get("/kept").__aenter__())
        await asyncio.sleep(0.02)
        impatient.cancel()
        async with session.get("/kept") as answer:
            assert answer.status == 200
    assert part.kept_asked == 1


async def test_an_answer_is_compressed_for_those_who_take_it_and_told_to_be_unchanged() -> None:
    part, vitals = Counting(), Vitals()
    async with serving(part, Hub(vitals), vitals) as session:
        async with session.get("/kept", headers={"Accept-Encoding": "identity"}) as plain:
            body, tag = await plain.read(), plain.headers["ETag"]
            assert "Content-Encoding" not in plain.headers
        async with session.get("/kept", headers={"Accept-Encoding": "br, gzip;q=0"}) as refused:
            assert await refused.read() == body
        async with session.get("/kept", headers={"Accept-Encoding": "br;q=0.1, gzip;q=0.5"}) as packed:
            assert packed.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(await packed.read()) == body
            assert packed.headers["ETag"] == tag
        async with session.get("/kept", headers={"If-None-Match": tag}) as same:
            assert (same.status, await same.read()) == (304, b"")
        async with session.get("/kept", headers={"If-None-Match": 'W/"other"'}) as other:
            assert other.status == 200


async def test_a_scrape_shows_the_newest_snapshot_and_the_daemons_own_numbers_in_either_format() -> None:
    part, vitals = Counting(), Vitals()
    hub = Hub(vitals)
    async with serving(part, hub, vitals) as session:
        for height, accept in ((5, "*/*"), (6, "application/openmetrics-text; version=1.0.0"), (7, "*/*")):
            publish(hub, height)
            headers = {"Accept-Encoding": "identity", "Accept": accept}
            async with session.get("/metrics", headers=headers) as answer:
                lines = (await answer.text()).splitlines()
            assert f"pool_monitor_block_height {height}.0" in lines
            assert any(line.startswith("# TYPE pool_monitor_block_publish_seconds histogram") for line in lines)
            assert lines.count("# EOF") == ("openmetrics" in accept)
            assert not accept.startswith("application") or lines[-1] == "# EOF"

        vitals.errors.labels("web").inc()
        await asyncio.sleep(0.15)
        async with session.get("/metrics", headers={"Accept-Encoding": "identity"}) as answer:
            assert 'pool_monitor_errors_total{kind="web"} 1.0' in await answer.text()
