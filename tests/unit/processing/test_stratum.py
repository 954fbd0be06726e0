"""The watch between hub and store: what our nodes know goes in, and its state is shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

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
    BlockHash,
    BlockRecord,
    BlockRef,
    Evidence,
    EvidenceKind,
    JobPosition,
    Plan,
    StratumRound,
    StratumView,
)
from monitor.processing.stratum import NOT_CONFIGURED, run_stratum
from monitor.registry.loading import load_pools
from monitor.stratum.watch import Timing
from monitor.vitals import Vitals

TXIDS = tuple(f"{number:064x}" for number in range(1, 41))
BEFORE = BlockRef(899, NO_BLOCK)


@dataclass
class Stored:
    """A store with these blocks."""

    chain: list[Block]
    saved: list[StratumRound] = field(default_factory=list)
    found: list[Evidence] = field(default_factory=list)

    @property
    def stratum(self) -> Stored:
        return self

    @property
    def evidence(self) -> Stored:
        return self

    async def replace(self, kinds: Iterable[EvidenceKind], found: Sequence[Evidence], *, since: int) -> None:
        assert [*kinds] == [EvidenceKind.STRATUM]
        assert all(each.until >= since for each in found)
        self.found = [*found]

    async def blocks(self, limit: int) -> list[BlockRecord]:
        return [BlockRecord(each, stale=False) for each in judge(self.chain)][::-1][:limit]

    async def block(self, block_hash: BlockHash) -> BlockRecord | None:
        return next((each for each in await self.blocks(len(self.chain)) if each.judged.block.hash == block_hash), None)

    async def save(self, found: StratumRound) -> None:
        self.saved.append(found)

    async def rounds(self, since: float) -> list[StratumRound]:
        return [each for each in self.saved if each.at >= since]


def on(block: Block, *, without: int = 0) -> Template:
    """What a pool would mine on top of a block."""
    return Template(block.hash, block.height + 1, block.header.bits, block.header.time, TXIDS[without:])


@asynccontextmanager
async def running(hub: Hub, store: Stored, *servers: StratumServer) -> AsyncIterator[None]:
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


async def test_without_servers_it_says_so_and_does_nothing() -> None:
    hub = Hub(Vitals())
    async with running(hub, Stored([])):
        await until(lambda: hub.stratum)

    assert shown(hub) == StratumView(NOT_CONFIGURED)


async def test_positions_follow_the_chain_and_rounds_are_stored_when_they_are_over() -> None:
    chain = chain_on(BEFORE, 5)
    hub, store = Hub(Vitals()), Stored([*chain[:2]])
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
            assert store.saved == [], "first the numbers of the block are published"
            hub.publish(replace(published(3).snapshot, tip_hash=chain[3].hash))
            await until(lambda: store.saved)
            await until(lambda: {each.position for each in shown(hub).pools} == {JobPosition.BEHIND})
            one.announce(job(on(chain[3], without=1)))
            hub.announce(BlockEvents(Plan(chain[2].ref, chain[4].hash, disconnects=(chain[3].ref,)), ()))
            await until(lambda: shown(hub).pools[0].position is JobPosition.BRANCH)

    (saved,) = store.saved
    assert saved.parent == chain[1].ref
    assert saved.shared == {("pool0", "pool1"): 1}
    assert saved.transactions == chain[2].tx_count - 1


async def test_what_was_found_before_is_shown_after_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = rounds_of(lambda _: {"a": "n", "b": "n", "c": "c"}, 40)
    monkeypatch.setattr(time, "time", lambda: rounds[-1].at)
    hub, store = Hub(Vitals()), Stored([], rounds)
    with StratumServer() as server:
        async with running(hub, store, server):
            await until(lambda: hub.stratum)

    assert shown(hub).groups == (("a", "b"),)
    assert shown(hub).similar[0].pools == ("a", "b")
    (found,) = store.found
    assert (found.kind, found.pools, found.similarity) == (EvidenceKind.STRATUM, ("a", "b"), 1)
    assert found.p < 0.001
    assert found.text.startswith("announced ")


async def test_a_pool_that_is_stuck_at_an_old_block_is_behind_and_not_on_a_block_that_no_node_has() -> None:
    hub, chain = Hub(Vitals()), chain_on(BEFORE, 150)
    with StratumServer() as server:
        server.announce(job(on(chain[3])))
        async with running(hub, Stored(chain), server):
            await until(lambda: hub.stratum and shown(hub).pools[0].position is JobPosition.BEHIND)
    assert shown(hub).pools[0].height == chain[3].height
