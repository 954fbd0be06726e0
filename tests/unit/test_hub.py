"""Nobody waits for a slow listener, and what it loses is counted."""

import asyncio
from dataclasses import replace

import pytest
from support.fake_chain import BEFORE_ALL, START

from monitor.hub import Hub, Listener, News
from monitor.model import NO_BLOCK, Alert, AlertState, BlockEvents, BlockRow, Plan, Severity, Snapshot, Tally
from monitor.vitals import Vitals

SNAPSHOT = Snapshot(
    tip=BlockRow(0, START, 0x1D00FFFF, None),
    tip_hash=NO_BLOCK,
    first_height=0,
    caught_up=True,
    registry="none",
    concentration=(),
    tally=Tally(),
)


def update(height: int) -> Snapshot:
    return replace(SNAPSHOT, tip=replace(SNAPSHOT.tip, height=height))


async def heights(listener: Listener[News], count: int) -> list[int]:
    found: list[int] = []
    async with asyncio.timeout(60):
        async for each in listener:
            assert isinstance(each, Snapshot)
            found.append(each.tip.height)
            if len(found) == count:
                return found
    raise AssertionError("it ended")


def dropped(vitals: Vitals, name: str) -> float:
    return vitals.registry.get_sample_value("pool_monitor_output_dropped_total", {"output": name}) or 0


def test_the_latest_snapshot_is_there_for_who_comes_late() -> None:
    hub = Hub(Vitals())
    assert hub.snapshot is None
    hub.publish(update(1))
    hub.publish(update(2))
    assert hub.snapshot == update(2)


async def test_listeners_hear_everything_from_then_on_in_order() -> None:
    hub = Hub(Vitals())
    hub.publish(update(0))
    with hub.listen("a") as first:
        hub.publish(update(1))
        with hub.listen("b") as second:
            hub.publish(update(2))
            hub.publish(update(3))
            assert await heights(first, 3) == [1, 2, 3]
            assert await heights(second, 2) == [2, 3]


async def test_block_events_and_snapshots_keep_their_order() -> None:
    hub = Hub(Vitals())
    events = BlockEvents(Plan(BEFORE_ALL, NO_BLOCK), ())
    with hub.listen("a") as listener:
        hub.announce(events)
        hub.publish(update(1))
        assert [await listener.get(), await listener.get()] == [events, update(1)]
        assert listener.get_nowait() is None


async def test_a_slow_listener_loses_the_oldest_and_it_is_counted() -> None:
    vitals = Vitals()
    hub = Hub(vitals)
    with hub.listen("slow", limit=3) as slow, hub.listen("quick", limit=100) as quick:
        for height in range(10):
            hub.publish(update(height))
        assert await heights(slow, 3) == [7, 8, 9]
        assert await heights(quick, 10) == list(range(10))
    assert dropped(vitals, "slow") == 7
    assert dropped(vitals, "quick") == 0


async def test_a_limit_of_one_keeps_the_newest() -> None:
    hub = Hub(Vitals())
    with hub.listen("slow", limit=1) as slow:
        for height in range(5):
            hub.publish(update(height))
        assert await heights(slow, 1) == [4]


@pytest.mark.parametrize("limit", [0, -1])
def test_there_is_no_listener_without_a_limit(limit: int) -> None:
    """For asyncio, no limit means an endless queue."""
    with pytest.raises(ValueError, match="limit"), Hub(Vitals()).listen("endless", limit=limit):
        pass


async def test_publishing_wakes_a_listener_that_waits() -> None:
    hub = Hub(Vitals())
    with hub.listen("a") as listener:
        waiting = asyncio.create_task(heights(listener, 1))
        await asyncio.sleep(0)
        hub.publish(update(5))
        assert await waiting == [5]


async def test_work_that_is_not_urgent_waits_for_a_snapshot_of_the_newest_block() -> None:
    hub = Hub(Vitals())
    waiting = asyncio.create_task(hub.wait_until_caught_up(3600))
    for _ in range(3):
        await asyncio.sleep(0)
        hub.publish(replace(update(1), caught_up=False))
        hub.announce(BlockEvents(Plan(BEFORE_ALL, NO_BLOCK), ()))
    await asyncio.sleep(0)
    assert not waiting.done()
    hub.publish(update(2))
    async with asyncio.timeout(60):
        await waiting
        await hub.wait_until_caught_up(3600)  # who comes late does not wait


async def test_it_does_not_wait_for_ever_for_a_node_that_is_away() -> None:
    async with asyncio.timeout(60):
        await Hub(Vitals()).wait_until_caught_up(0)


async def test_who_stopped_listening_costs_nothing_more() -> None:
    vitals = Vitals()
    hub = Hub(vitals)
    with hub.listen("gone", limit=1):
        hub.publish(update(1))
    for height in range(5):
        hub.publish(update(height))
    assert dropped(vitals, "gone") == 0
    assert hub._listeners == set()  # noqa: SLF001 -- only memory shows it


async def test_a_listener_that_fails_is_no_listener_any_more() -> None:
    hub = Hub(Vitals())
    with pytest.raises(RuntimeError), hub.listen("failing"):
        raise RuntimeError
    assert hub._listeners == set()  # noqa: SLF001 -- only memory shows it


async def test_two_of_one_name_are_two() -> None:
    hub = Hub(Vitals())
    with hub.listen("events") as first, hub.listen("events") as second:
        hub.publish(update(1))
        assert await heights(first, 1) == await heights(second, 1) == [1]


async def test_alerts_are_news_of_their_own() -> None:
    hub = Hub(Vitals())
    alert = Alert("half", Severity.CRITICAL, AlertState.FIRING, 1.0, "half", "more than half", {"entity": "a"})
    with hub.listen("updates") as updates, hub.listen_to_alerts("alerts") as alerts:
        hub.alert([alert], [alert])
        hub.alert([alert], [])
        hub.publish(update(1))
        assert await alerts.get() == alert
        assert await heights(updates, 1) == [1]
    assert hub.alerts == (alert,)
