"""Audit and custody begin once a block's snapshot is published: they add nothing to the time until its event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event

import pytest
from support.fake_chain import ALL, FakeNode

from monitor.analysis.counting.levels import POOL
from monitor.audit.observer import AuditObserver
from monitor.chain.follower import Follower
from monitor.config import AuditSection
from monitor.custody.observer import CustodyObserver
from monitor.errors import NodeBusy
from monitor.hub import Hub
from monitor.model import BlockAudit, BlockHash, BlockRef, BlockTemplate, Judged, Plan, PoolSlug, Snapshot, Window
from monitor.pipeline import Pipeline
from monitor.processing.counter import CountedState, Rulebook, WindowCounter
from monitor.registry.loading import load_pools
from monitor.store.store import Store
from monitor.vitals import Vitals


class WholeBlocks:
    """What audit and custody ask of a node, which has no whole block now."""

    spare = True

    def __init__(self, chain: FakeNode) -> None:
        self._chain = chain
        self.asked: list[int] = []
        """Heights of the blocks that were asked for."""
        self.templates = asyncio.Event()

    async def refusal(self) -> str | None:
        return None

    async def template(self) -> BlockTemplate:
        self.templates.set()
        return BlockTemplate(self._chain.best.hash, ())

    async def mempool(self) -> list[str]:
        return []

    async def raw_block(self, ref: BlockRef) -> bytes:
        self.asked.append(ref.height)
        raise NodeBusy("not now")

    async def spent_outputs(self, block: BlockHash) -> bytes | None:
        raise AssertionError(block)

    async def follow_mempool(self, heard: Callable[[str, bool], None], connected: Callable[[], None]) -> None:
        """Announces nothing."""


class Steps:
    """The two steps of the pipeline that a test can hold: until the event, and from it to the snapshot."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.storing, self.store_it = asyncio.Event(), asyncio.Event()
        self.computing, self.compute_it = Event(), Event()
        self.store_it.set()
        self.compute_it.set()
        apply, snapshot = store.apply, CountedState.snapshot

        async def held_apply(plan: Plan, judged: Sequence[Judged]) -> list[PoolSlug | None]:
            self.storing.set()
            await self.store_it.wait()
            return await apply(plan, judged)

        def held_snapshot(state: CountedState) -> Snapshot:
            self.computing.set()
            assert self.compute_it.wait(10)
            return snapshot(state)

        monkeypatch.setattr(store, "apply", held_apply)
        monkeypatch.setattr(CountedState, "snapshot", held_snapshot)

    def hold(self) -> None:
        """The next block is not stored until told."""
        for event in (self.storing, self.store_it, self.computing, self.compute_it):
            event.clear()


@asynccontextmanager
async def running(node: FakeNode, whole: WholeBlocks, store: Store, hub: Hub) -> AsyncIterator[None]:
    """The pipeline with audit and custody."""
    vitals = Vitals()
    counter = WindowCounter(store, (Window.parse("3b"),), Rulebook(load_pools(), (POOL,)))
    pipeline = Pipeline(
        Follower(node, store, ALL, vitals=vitals, pause=lambda _: 0.0), store, counter, hub=hub, vitals=vitals
    )

    async def found(audit: BlockAudit) -> None:
        raise AssertionError(audit)

    audit = AuditObserver(whole, hub, AuditSection(interval_seconds=600), found=found, state=lambda *_: None)
    custody = CustodyObserver(whole, store.evidence, hub, complete=lambda: True, days=10_000, show=lambda _: None)
    tasks = [asyncio.create_task(each) for each in (pipeline.follow(), pipeline.publish(), audit.run(), custody.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(there: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not there():  # noqa: ASYNC110 -- threads set some of them
            await asyncio.sleep(0.001)


async def others_run() -> None:
    """Whatever could run now has run."""
    for _ in range(200):
        await asyncio.sleep(0)


async def test_nothing_of_both_runs_between_a_block_and_its_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node, hub = FakeNode(130), Hub(Vitals())
    whole = WholeBlocks(node)
    async with await Store.open(f"sqlite:///{tmp_path / 'blocks.sqlite'}") as store:
        steps = Steps(store, monkeypatch)
        async with running(node, whole, store, hub):
            await until(lambda: bool(hub.snapshot and hub.snapshot.tip.height == 129 and whole.asked))
            await whole.templates.wait()
            await others_run()

            with hub.listen("test") as news:
                steps.hold()
                (block,) = node.mine()
                await steps.storing.wait()
                await others_run()
                assert block.height not in whole.asked  # it has arrived

                steps.store_it.set()
                await news.get()
                await until(steps.computing.is_set)
                await others_run()
                assert block.height not in whole.asked  # its event was sent

                steps.compute_it.set()
                await until(lambda: whole.asked.count(block.height) == 2)  # its snapshot was, too: both ask for it
