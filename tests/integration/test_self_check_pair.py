"""A monitor that follows another one on the same database checks its own counts, and leaves the stored blocks alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from itertools import islice

import pytest
from structlog.testing import capture_logs
from support.postgresql import Postgresql
from support.services import PATIENCE
from support.stored import fill, judged

from monitor.hub import Hub
from monitor.model import BlockHash, Judged, Plan, Window
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.self_check import SelfCheck
from monitor.registry.loading import load_registry
from monitor.standby import Standby
from monitor.store.store import Store
from monitor.vitals import Vitals

WINDOWS = tuple(map(Window.parse, ("24h", "100b")))
CHAIN = [*islice(judged(), 301)]


@dataclass
class Pair:
    """What writes, and the parts of the monitor that follows."""

    writer: Store
    follower: Store
    counter: WindowCounter
    standby: Standby
    hub: Hub
    vitals: Vitals
    self_check: SelfCheck

    async def shows(self, block: Judged) -> None:
        async with asyncio.timeout(10 * PATIENCE):
            while not (self.hub.snapshot and self.hub.snapshot.tip_hash == block.block.hash):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def number(self, name: str, check: str) -> float | None:
        return self.vitals.registry.get_sample_value(f"pool_monitor_self_check_{name}", {"check": check})


@pytest.fixture
async def pair(postgresql: Postgresql) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as there:
        url = there.enter_context(postgresql.database())
        writer = await there.enter_async_context(await Store.open(url))
        await fill(writer, iter(CHAIN[:-1]))
        follower = await there.enter_async_context(await Store.open(url, standby=True))
        assert not await follower.take()
        vitals = Vitals()
        hub, counter = Hub(vitals), WindowCounter(follower, WINDOWS, Rulebook.of(load_registry(), "main"))
        standby = Standby(follower, counter, hub=hub)
        self_check = SelfCheck(
            follower, counter, lock=standby.lock, recount=standby.recount, hub=hub, vitals=vitals, writes=False
        )
        made = Pair(writer, follower, counter, standby, hub, vitals, self_check)
        following = asyncio.create_task(standby.follow())
        await made.shows(CHAIN[-2])
        yield made
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_a_follower_repairs_its_own_counts(pair: Pair) -> None:
    assert await pair.self_check.check()
    assert pair.number("failures_total", "counts") == 0
    right = pair.counter.concentration()
    pair.counter._table._running._blocks[0, 1, 3] += 2  # noqa: SLF001 -- there is no way to do it from outside
    assert pair.counter.concentration() != right

    with capture_logs() as logged:
        assert await pair.self_check.check()

    assert "counts of windows had drifted, counted anew" in [each["event"] for each in logged]
    assert pair.counter.concentration() == right
    assert pair.hub.snapshot
    assert pair.hub.snapshot.concentration[0].blocks == right[0].blocks
    assert pair.number("failures_total", "counts") == 1
    assert pair.hub.self_check["counts"] > 0
    assert (pair.number("last_run_timestamp_seconds", "chain"), pair.hub.self_check.get("chain")) == (None, None)

    await pair.writer.apply(Plan(CHAIN[-2].block.ref, CHAIN[-1].block.hash, connects=(CHAIN[-1].block,)), [CHAIN[-1]])
    await pair.shows(CHAIN[-1])
    assert await pair.self_check.check()
    assert pair.hub.self_check == {"counts": 0}


async def test_blocks_that_the_writer_has_replaced_meanwhile_are_no_drift(pair: Pair) -> None:
    left, last = CHAIN[-2], CHAIN[-3].block.ref
    other = replace(CHAIN[-2].block, header=replace(CHAIN[-2].block.header, hash=BlockHash("ab" * 32)))
    rival = replace(CHAIN[-2], block=other, attribution=replace(CHAIN[10].attribution))
    assert rival.attribution.pool != left.attribution.pool
    async with pair.standby.lock:  # it does not look now
        await pair.writer.apply(
            Plan(last, other.hash, disconnects=(left.block.ref,), connects=(other,)), [rival]
        )  # fmt: skip
        assert await pair.counter.drift() is None
    await pair.shows(rival)

    assert await pair.self_check.check()
    assert pair.number("failures_total", "counts") == 0
