"""The watch between hub and store: what our nodes know goes in, and its state is shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.fake_chain import chain_on, judge
from support.pools import rounds_of
from support.published import published
from support.services import PATIENCE
from support.stratum import StratumServer, Template, job

from monitor.attribution.match import attribute
from monitor.config import StratumSection
from monitor.hub import Hub
from monitor.model import (
    NO_BLOCK,
    Block,
    BlockEvents,
    BlockRef,
    EvidenceKind,
    JobPosition,
    Plan,
    StratumView,
)
from monitor.processing.stratum import NOT_CONFIGURED, run_stratum
from monitor.registry.loading import load_pools
from monitor.store.store import Store
from monitor.stratum.watch import Timing
from monitor.vitals import Vitals

TXIDS = tuple(f"{number:064x}" for number in range(1, 41))
BEFORE = BlockRef(899, NO_BLOCK)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """A database without blocks."""
    async with await Store.open(f"sqlite:///{tmp_path / 'blocks.sqlite'}") as store:
        yield store


async def put(store: Store, chain: Sequence[Block]) -> None:
    """Store these blocks."""
    await store.apply(Plan(BEFORE, chain[-1].hash, connects=tuple(chain)), judge(chain))


def on(block: Block, *, without: int = 0) -> Template:
    """What a pool would mine on top of a block."""
    return Template(block.hash, block.height + 1, block.header.bits, block.header.time, TXIDS[without:])


@asynccontextmanager
async def running(hub: Hub, store: Store, *servers: StratumServer) -> AsyncIterator[None]:
    endpoints = [{"pool": f"pool{number}", "url": each.url} for number, each in enumerate(servers)]
    registry = load_pools("main")
    task = asyncio.create_task(
        run_stratum(
            StratumSection.model_validate({"endpoints": endpoints}), "main", hub=hub, store=store,
            attribute=lambda coinbase: attribute(coinbase, registry), timing=Timing(lambda _: 0.02, look_seconds=0.02),
        )
    )  # fmt: skip
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(there: Callable[[], object]) -> None:
    async with asyncio.timeout(20 * PATIENCE):
        while not there():  # noqa: ASYNC110 -- another thread ends it
            await asyncio.sleep(0.01)


def shown(hub: Hub) -> StratumView:
    assert hub.stratum
    return hub.stratum


def parents(hub: Hub) -> set[str | None]:
    return {each.parent for each in hub.stratum.pools} if hub.stratum else set()


async def test_without_servers_it_says_so_and_does_nothing(store: Store) -> None:
    hub = Hub(Vitals())
    async with running(hub, store):
        await until(lambda: hub.stratum)

    assert shown(hub) == StratumView(NOT_CONFIGURED)


async def test_positions_follow_the_chain_and_rounds_are_stored_when_they_are_over(store: Store) -> None:
    chain = chain_on(BEFORE, 5)
    hub = Hub(Vitals())
    await put(store, chain[:2])
    with StratumServer() as one, StratumServer() as other:
        for server in (one, other):
            server.announce(job(on(chain[1]), tag=b"/Foundry USA Pool #dropgold/"))
        async with running(hub, store, one, other):
            await until(lambda: hub.stratum and all(each.position for each in hub.stratum.pools))
            first, second = shown(hub).pools
            assert first.position is second.position is JobPosition.TIP
            assert (first.height, first.group, first.attributed) == (901, 1, "foundryusa")

            for server in (one, other):
                server.announce(job(on(chain[2])))
            await until(lambda: parents(hub) == {chain[2].hash})
            assert {each.position for each in shown(hub).pools} == {JobPosition.UNKNOWN}, "quicker than our node"
            for block in chain[2:4]:
                hub.announce(BlockEvents(Plan(chain[1].ref, block.hash, connects=(block,)), tuple(judge([block]))))
            assert await store.stratum.rounds(0) == [], "first the numbers of the block are published"
            hub.publish(replace(published(3).snapshot, tip_hash=chain[3].hash))
            async with asyncio.timeout(20 * PATIENCE):
                while not (saved := await store.stratum.rounds(0)):  # noqa: ASYNC110 -- another thread ends it
                    await asyncio.sleep(0.01)
            await until(lambda: {each.position for each in shown(hub).pools} == {JobPosition.BEHIND})
            one.announce(job(on(chain[3], without=1)))
            hub.announce(BlockEvents(Plan(chain[2].ref, chain[4].hash, disconnects=(chain[3].ref,)), ()))
            await until(lambda: shown(hub).pools[0].position is JobPosition.BRANCH)

    (finished,) = saved
    assert finished.parent == chain[1].ref
    assert finished.shared == {("pool0", "pool1"): 1}
    assert finished.transactions == chain[2].tx_count - 1


async def test_what_was_found_before_is_shown_after_a_restart(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = rounds_of(lambda _: {"a": "n", "b": "n", "c": "c"}, 40)
    monkeypatch.setattr(time, "time", lambda: rounds[-1].at)
    hub = Hub(Vitals())
    for each in rounds:
        await store.stratum.save(each)
    with StratumServer() as server:
        async with running(hub, store, server):
            await until(lambda: hub.stratum)

    assert shown(hub).groups == (("a", "b"),)
    assert shown(hub).similar[0].pools == ("a", "b")
    (found,) = await store.evidence.evidence()
    assert (found.kind, found.pools, found.similarity) == (EvidenceKind.STRATUM, ("a", "b"), 1)
    assert found.p < 0.001
    assert found.text.startswith("announced ")


async def test_a_pool_that_is_stuck_at_an_old_block_is_behind_and_not_on_a_block_that_no_node_has(
    store: Store,
) -> None:
    hub, chain = Hub(Vitals()), chain_on(BEFORE, 150)
    await put(store, chain)
    with StratumServer() as server:
        server.announce(job(on(chain[3])))
        async with running(hub, store, server):
            await until(lambda: hub.stratum and shown(hub).pools[0].position is JobPosition.BEHIND)
    assert shown(hub).pools[0].height == chain[3].height
