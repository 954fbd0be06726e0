"""What is noted for the feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from support import node_views
from support.fake_chain import BEFORE_ALL, chain_on, judge
from support.node_views import TIME, TOP, node, view

from monitor.alerts.text import resolved
from monitor.hub import Hub
from monitor.model import (
    Alert,
    AlertState,
    BlockEvents,
    EntryKind,
    JournalEntry,
    NodesView,
    Plan,
    Relation,
    Severity,
)
from monitor.outputs.journal import Journal, open_splits
from monitor.vitals import Vitals

FIRING = Alert("majority", Severity.CRITICAL, AlertState.FIRING, TIME, "A pool has <more>", "Numbers", started=TIME)
RESOLVED = resolved(FIRING, TIME + 60, None)


class Kept:
    """A store that outlives the journal."""

    def __init__(self) -> None:
        self.entries: dict[str, JournalEntry] = {}

    async def newest(self) -> list[JournalEntry]:
        return sorted(self.entries.values(), key=lambda each: -each.at)

    async def note(self, entries: Sequence[JournalEntry]) -> None:
        self.entries |= {each.key: each for each in entries if each.key not in self.entries}

    def titles(self, kind: EntryKind) -> list[str]:
        return [each.title for each in self.entries.values() if each.kind is kind]


class Clock:
    """Time that passes with each look at it."""

    now = TIME + 1000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@asynccontextmanager
async def journal(hub: Hub, store: Kept, clock: Clock) -> AsyncIterator[None]:
    """A running journal that has noted everything at the end."""
    task = asyncio.create_task(Journal(hub, store, clock).run())
    await turns()
    yield
    await turns()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_stale_blocks_are_noted_once_also_after_a_restart() -> None:
    hub, store, clock = Hub(Vitals()), Kept(), Clock()
    for _ in range(2):
        async with journal(hub, store, clock):
            hub.show_nodes(node_views.agreeing())
            hub.show_nodes(view([node()]))

    assert store.titles(EntryKind.STALE) == ["Stale block 900029 of an unknown miner", "Stale block 900028 of f2pool"]


async def test_blocks_of_a_branch_are_stale_once_no_node_follows_it() -> None:
    hub, store, clock = Hub(Vitals()), Kept(), Clock()
    split = node_views.split()
    branch = frozenset(each.ref.hash for each in split.tree if not each.counted and each.ref.height > TOP - 10)
    ended = replace(split, splits=(), nodes=node_views.agreeing().nodes)
    async with journal(hub, store, clock):
        hub.show_nodes(replace(split, followed_blocks=branch))
        await turns()
        assert store.titles(EntryKind.STALE) == [f"Stale block {TOP - 30} of f2pool"]
        hub.show_nodes(ended)

    assert len(store.titles(EntryKind.STALE)) == 1 + len(branch)


async def test_a_split_begins_and_ends_once_across_a_restart() -> None:
    hub, store, clock = Hub(Vitals()), Kept(), Clock()
    async with journal(hub, store, clock):
        hub.show_nodes(node_views.split(lasting=False))
        await turns()
        assert store.titles(EntryKind.SPLIT) == []
        hub.show_nodes(node_views.split())
        hub.show_nodes(node_views.split(length=5))
    async with journal(hub, store, clock):
        unknown = [node(), node("friend", relation=Relation.UNKNOWN)]
        hub.show_nodes(view(unknown))
        await turns()
        assert store.titles(EntryKind.SPLIT_END) == [], "a node that has not answered yet may be on its branch still"
        hub.show_nodes(node_views.split(length=5))
        hub.show_nodes(node_views.agreeing())
        hub.show_nodes(node_views.one())

    assert store.titles(EntryKind.SPLIT) == ["The nodes follow different branches"]
    assert store.titles(EntryKind.SPLIT_END) == ["The nodes follow the same branch again"]
    assert open_splits(await store.newest()) == set()


async def test_a_split_that_comes_back_is_noted_again() -> None:
    hub, store, clock = Hub(Vitals()), Kept(), Clock()
    async with journal(hub, store, clock):
        for shown in (node_views.split(), node_views.agreeing(), node_views.split()):
            hub.show_nodes(shown)

    assert len(store.titles(EntryKind.SPLIT)) == 2
    assert len(open_splits(await store.newest())) == 1


async def test_a_reorganisation_is_noted_with_its_depth() -> None:
    hub, store, clock = Hub(Vitals()), Kept(), Clock()
    blocks = chain_on(BEFORE_ALL, 3)
    plan = Plan(blocks[0].ref, blocks[2].hash, disconnects=tuple(each.ref for each in blocks[:0:-1]))
    async with journal(hub, store, clock):
        hub.announce(BlockEvents(plan, judge(()), {}))

    assert store.titles(EntryKind.REORG) == ["Reorganisation: 2 blocks above 0 left the best chain"]


async def test_alerts_are_noted_when_they_fire_and_are_resolved_also_those_of_a_restart() -> None:
    hub, store, clock = Hub(Vitals()), Kept(), Clock()
    pending, test = replace(FIRING, rule="other", state=AlertState.PENDING), replace(FIRING, rule="test", test=True)
    async with journal(hub, store, clock):
        hub.alert([FIRING, pending, test], [FIRING, pending, test])
        hub.alert([RESOLVED], [RESOLVED])
    assert store.titles(EntryKind.ALERT) == ["A pool has <more>", "Resolved: A pool has <more>"]

    empty = Kept()
    async with journal(hub, empty, clock):
        hub.show_nodes(view([node()]))
    assert empty.titles(EntryKind.ALERT) == ["Resolved: A pool has <more>"]


async def test_a_block_above_the_counted_tip_is_not_stale() -> None:
    hub, store, clock = Hub(Vitals()), Kept(), Clock()
    ahead = node_views.block(node_views.TOP + 1, 1)
    async with journal(hub, store, clock):
        hub.show_nodes(NodesView((node(),), (ahead, *node_views.chain())))

    assert store.entries == {}
