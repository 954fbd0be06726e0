"""A watch that survives what one node causes, and does not show an old view after a failure of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.fake_chain import BEFORE_ALL, FakeNode, judge
from support.observed import ObservedFake

from monitor.chain import watch as module
from monitor.chain.branches import BranchCounts, BranchRules
from monitor.chain.fallback import FallbackSource
from monitor.chain.observer import Observer
from monitor.chain.watch import NodesWatch
from monitor.errors import StoreError
from monitor.model import BlockHash, NodeRole, NodesView, Plan
from monitor.store.store import Store


class World:
    """A counted node and an observer with the same chain, watched."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.chain = FakeNode(5)
        self.home, self.friend = ObservedFake(self.chain), ObservedFake(self.chain)
        self.nodes = [Observer("home", self.home, role=NodeRole.COUNTED), Observer("friend", self.friend)]
        self.views: asyncio.Queue[NodesView] = asyncio.Queue()
        rules = BranchRules(
            judge=lambda blocks: judge(blocks, "toy"), count=lambda _: BranchCounts(), split_depth=2, split_seconds=600
        )
        source = FallbackSource(self.nodes, store.tip, patience=60)
        self.watch = NodesWatch(source, store.branches, rules=rules, publish=self.views.put_nowait, lag=lambda _: None)

    async def until(self, **ups: bool) -> NodesView:
        """The first view in which these nodes are up or not."""
        async with asyncio.timeout(10):
            while True:
                view = await self.views.get()
                if {each.name: each.up for each in view.nodes} == ups:
                    return view


@asynccontextmanager
async def watching(folder: Path) -> AsyncIterator[tuple[World, asyncio.Task[Any]]]:
    async with await Store.open(f"sqlite:///{folder / 'blocks.sqlite'}") as store:
        world = World(store)
        blocks = tuple(world.chain.chain)
        await store.apply(Plan(BEFORE_ALL, blocks[-1].hash, connects=blocks), judge(blocks, "toy"))
        await world.home.tip()
        world.watch._note_ready(caught_up=True)  # noqa: SLF001 -- as a snapshot would

        async def check(_genesis: BlockHash) -> None:
            """Every chain is ours."""

        task = asyncio.create_task(world.watch.run(check))
        try:
            yield world, task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, ExceptionGroup):
                await task


async def fail(*_: object) -> Any:  # noqa: ANN401
    raise OverflowError("cannot convert float infinity to integer")


@pytest.mark.parametrize("what", ["tip", "header"])
async def test_an_unexpected_error_marks_its_node_and_is_logged_once(tmp_path: Path, what: str) -> None:
    with capture_logs() as logs:
        async with watching(tmp_path) as (world, task):
            await world.until(home=True, friend=True)
            setattr(world.friend, what, fail)
            world.friend.best = BlockHash("ab" * 32)  # a block of its own
            world.chain.ring() if what == "tip" else world.watch._changed.set()  # noqa: SLF001
            view = await world.until(home=True, friend=False)
            assert view.nodes[1].reason == "its answers caused an unexpected error (OverflowError)"
            world.watch._changed.set()  # noqa: SLF001 -- the next look
            await world.views.get()
            assert not task.done()
    assert [each["node"] for each in logs if "unexpected" in each["event"]] == ["friend"]


async def test_the_view_of_a_watch_that_has_failed_is_not_the_present(tmp_path: Path) -> None:
    async with watching(tmp_path) as (world, task):
        await world.until(home=True, friend=True)

        async def broken(_height: int) -> Any:  # noqa: ANN401
            raise StoreError("disk full")

        world.watch._store.above = broken  # type: ignore[method-assign,assignment]  # noqa: SLF001
        world.watch._changed.set()  # noqa: SLF001
        view = await world.until(home=False, friend=False)
        assert "has failed" in str(view.nodes[0].reason)
        with pytest.raises(ExceptionGroup):
            await task


async def test_a_node_that_is_slow_delays_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.05)
    asked, release = asyncio.Event(), asyncio.Event()

    async def slow(_block: BlockHash) -> None:
        asked.set()
        await release.wait()

    async with watching(tmp_path) as (world, task):
        await world.until(home=True, friend=True)
        world.friend.header = slow  # type: ignore[assignment, method-assign]
        world.friend.best = BlockHash("ab" * 32)  # a block of its own
        world.watch._changed.set()  # noqa: SLF001 -- as a notice would
        await asyncio.wait_for(asked.wait(), 10)
        for _ in range(2):
            assert (await asyncio.wait_for(world.views.get(), 10)).nodes[0].up
            world.watch._changed.set()  # noqa: SLF001
        assert not release.is_set()
        release.set()
        view = await world.until(home=True, friend=False)
        assert view.nodes[1].reason
        assert not task.done()
    assert not [each for each in asyncio.all_tasks() if each.get_name().startswith("trace ")]
