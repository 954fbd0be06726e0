"""Who may ask for the past, and when: one question at a time, few waiting, none for a client that is gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from support.served import sources

from monitor.hub import Hub
from monitor.model import Curve, Grid, SeriesQuery, TimeSeries
from monitor.outputs.web.problems import problems
from monitor.outputs.web.routes.endpoint import route
from monitor.outputs.web.routes.history import history as endpoint
from monitor.vitals import Vitals

LONG = TimeSeries("pool", "hhi", Grid(0, 3600, 2, 7200), {"split": Curve([None, 1 / 3], [None, 0.1], None)})


class Slow:
    """Answers when it is let, and tells how many it was asked at once."""

    edition = "1"

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = asyncio.Event()
        self.begun: list[SeriesQuery] = []
        self.left = 0
        self.working = self.most = 0

    async def series(self, asked: SeriesQuery) -> TimeSeries:
        self.begun.append(asked)
        self.asked.set()
        self.working += 1
        self.most = max(self.most, self.working)
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.left += 1
            raise
        finally:
            self.working -= 1
        return LONG


@asynccontextmanager
async def served(history: Slow) -> AsyncIterator[aiohttp.ClientSession]:
    application = web.Application(middlewares=[problems(Vitals())])
    application.add_routes([route(endpoint, sources(Hub(Vitals()), history=history))])
    runner = web.AppRunner(application, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
            yield session
    finally:
        await runner.cleanup()


async def test_an_answer_has_a_number_for_each_time() -> None:
    history = Slow()
    history.go.set()
    async with served(history) as session, session.get("/api/v1/history?metric=hhi&limit=3") as response:
        assert await response.json() == {
            "level": "pool", "metric": "hhi", "window": "2h", "step": 3600, "from": 0, "to": 3600, "times": [0, 3600],
            "complete": [1.0, 1.0],
            "series": {
                "split": {
                    "value": [None, 1 / 3], "lower": [None, 0.1], "upper": None,
                    "sampling_lower": None, "sampling_upper": None,
                },
            },
        }  # fmt: skip
    assert history.begun == [SeriesQuery(metric="hhi", limit=3)]


async def test_questions_are_answered_one_at_a_time_and_few_may_wait() -> None:
    history = Slow()
    async with served(history) as session:
        asking = [asyncio.create_task(session.get("/api/v1/history")) for _ in range(20)]
        (first, *_), _ = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        assert first.result().status == 503
        assert "ask again" in (await first.result().json())["detail"]

        history.go.set()
        answers = [answer.status for answer in await asyncio.gather(*asking)]
        assert set(answers) == {200, 503}
        assert answers.count(200) >= 8
        async with session.get("/api/v1/history") as again:
            assert again.status == 200
    assert history.most == 1


async def test_nobody_works_for_a_client_that_is_gone() -> None:
    history = Slow()
    async with served(history) as session:
        asking = asyncio.create_task(session.get("/api/v1/history"))
        await history.asked.wait()
        asking.cancel()
        async with asyncio.timeout(60):
            while history.working:  # noqa: ASYNC110 -- the server has to notice
                await asyncio.sleep(0.01)
        history.go.set()
        async with session.get("/api/v1/history") as response:
            assert response.status == 200
    assert history.left == 1
