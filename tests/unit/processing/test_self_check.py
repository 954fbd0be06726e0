"""The daily self-check: silent while all is well, it repairs counts that have drifted, and reports a broken chain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from unittest.mock import AsyncMock, patch

import pytest
from structlog.testing import capture_logs
from support.databases import ask
from support.stored import fill, judged

from monitor.hub import Hub
from monitor.model import Judged, Plan, Window
from monitor.processing.counter import Rulebook, WindowCounter
from monitor.processing.self_check import EVERY_BLOCKS, SelfCheck
from monitor.registry.loading import load_registry
from monitor.store.store import Store
from monitor.vitals import Vitals

BLOCKS = 400
WINDOWS = tuple(map(Window.parse, ("24h", "100b")))
CHAIN = [*islice(judged(), BLOCKS + 1)]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'blocks.sqlite'}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with await Store.open(url) as opened:
        await fill(opened, iter(CHAIN[:-1]))
        yield opened


@pytest.fixture
async def counter(store: Store) -> WindowCounter:
    counting = WindowCounter(store, WINDOWS, Rulebook.of(load_registry(), "main"))
    await counting.recount()
    return counting


@pytest.fixture
def vitals() -> Vitals:
    return Vitals()


@pytest.fixture
def hub(vitals: Vitals) -> Hub:
    return Hub(vitals)


@pytest.fixture
def self_check(store: Store, counter: WindowCounter, hub: Hub, vitals: Vitals) -> SelfCheck:
    return SelfCheck(store, counter, lock=asyncio.Lock(), recount=counter.recount, hub=hub, vitals=vitals)


def number(vitals: Vitals, name: str, check: str | None = None) -> float | None:
    return vitals.registry.get_sample_value(f"pool_monitor_self_check_{name}", {"check": check} if check else {})


async def add(store: Store, counter: WindowCounter, block: Judged) -> None:
    await store.apply(Plan(CHAIN[-2].block.ref, block.block.hash, connects=(block.block,)), [block])
    counter.add([block])


async def test_nothing_is_found_while_all_is_well(
    self_check: SelfCheck, store: Store, counter: WindowCounter, vitals: Vitals
) -> None:
    await add(store, counter, CHAIN[-1])

    assert await self_check.check()
    for check in ("counts", "chain"):
        assert number(vitals, "failures_total", check) == 0
        assert number(vitals, "last_run_timestamp_seconds", check)
    assert number(vitals, "drift_blocks") == 0


async def test_counts_that_have_drifted_are_repaired_and_reported(
    self_check: SelfCheck, counter: WindowCounter, vitals: Vitals
) -> None:
    right = counter.concentration()
    counter._table._running._blocks[0, 1, 3] += 2  # noqa: SLF001 -- there is no way to do it from outside
    assert counter.concentration() != right

    with capture_logs() as logged:
        assert await self_check.check()

    assert counter.concentration() == right
    assert number(vitals, "failures_total", "counts") == 1
    assert number(vitals, "drift_blocks") == 2
    [line] = [each for each in logged if each["log_level"] == "error"]
    assert line["event"] == "counts of windows had drifted, counted anew"
    assert "level pool, window 100b" in line["first"]

    assert await self_check.check()
    assert number(vitals, "drift_blocks") == 0


async def test_blocks_that_come_during_a_check_are_no_drift(
    self_check: SelfCheck, store: Store, counter: WindowCounter, vitals: Vitals
) -> None:
    reading = store.reading

    async def meanwhile(work: object) -> object:
        await add(store, counter, CHAIN[-1])
        return await reading(work)  # type: ignore[arg-type]

    with patch.object(store, "reading", meanwhile):
        assert await self_check.check()

    assert number(vitals, "failures_total", "counts") == 0


async def test_a_new_count_during_a_check_leaves_it_undecided(
    self_check: SelfCheck, store: Store, counter: WindowCounter, vitals: Vitals
) -> None:
    reading = store.reading

    async def meanwhile(work: object) -> object:
        counter._recounts += 1  # noqa: SLF001 -- as a reorganisation would
        return await reading(work)  # type: ignore[arg-type]

    with patch.object(store, "reading", meanwhile):
        assert not await self_check.check()

    assert number(vitals, "failures_total", "counts") == 0


async def test_history_that_was_rewritten_is_compared_once_it_is_counted(
    self_check: SelfCheck, url: str, counter: WindowCounter, vitals: Vitals
) -> None:
    ask(url, "UPDATE blocks SET attribution = 1")
    ask(url, "INSERT INTO metadata VALUES ('rewritten', '7')")

    assert not await self_check.check()

    await counter.recount()
    assert await self_check.check()
    assert number(vitals, "failures_total", "counts") == 0


async def test_what_was_found_is_known_to_the_alerts_and_not_before(
    self_check: SelfCheck, url: str, hub: Hub, counter: WindowCounter
) -> None:
    assert hub.self_check == {}

    ask(url, "UPDATE blocks SET stale = 1 WHERE height = :height", height=CHAIN[-5].block.height)
    await counter.recount()
    await self_check.check()

    assert hub.self_check == {"counts": 0, "chain": 1}


async def test_a_gap_in_the_stored_chain_is_reported(self_check: SelfCheck, url: str, vitals: Vitals) -> None:
    missing = CHAIN[-5].block.height
    ask(url, "UPDATE blocks SET stale = 1 WHERE height = :height", height=missing)

    with capture_logs() as logged:
        await self_check.check()

    assert number(vitals, "failures_total", "chain") == 1
    assert {"the stored best chain is broken"} <= {each["event"] for each in logged}
    assert f"the blocks {missing} to {missing} are missing" in [each.get("first") for each in logged]


async def test_a_check_follows_every_day_of_blocks(self_check: SelfCheck, counter: WindowCounter, hub: Hub) -> None:
    check = AsyncMock(return_value=True)
    state = await counter.state(Plan(CHAIN[-2].block.ref, CHAIN[-2].block.hash))
    assert state
    taken = replace(state.snapshot(), caught_up=True)
    with patch.object(self_check, "check", check), patch.object(self_check, "_note_inputs", AsyncMock()):
        running = asyncio.create_task(self_check.run())
        for height in (0, 1000, 1000 + EVERY_BLOCKS - 1, 1000 + EVERY_BLOCKS, 1001 + EVERY_BLOCKS):
            if height:
                hub.publish(replace(taken, tip=replace(taken.tip, height=height)))
            for _ in range(5):
                await asyncio.sleep(0)
        running.cancel()

    assert check.await_count == 1
