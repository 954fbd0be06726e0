"""The observer searches each block once, and everything again when older coinbases become known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.fake_chain import BEFORE_ALL, block_on, chain_on, judge

from monitor.custody.observer import CustodyObserver
from monitor.custody.spends import coinbase_txid
from monitor.errors import NodeRefused
from monitor.hub import Hub
from monitor.model import NO_BLOCK, BlockRef, CustodyState, Plan
from monitor.store.store import Store
from monitor.vitals import Vitals


class Node:
    """Gives blocks from a height on; none of them spends anything, except for those that it is given."""

    spare = True

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.asked: list[int] = []
        self.blocks: dict[int, bytes] = {}

    async def raw_block(self, ref: BlockRef) -> bytes:
        self.asked.append(ref.height)
        if ref.height < self.first:
            raise NodeRefused("Block not available (pruned data)")
        return self.blocks.get(ref.height, bytes(80) + b"\0")


@asynccontextmanager
async def searched(store: Store, node: Node) -> AsyncIterator[CustodyState]:
    """The state once this chain was searched."""
    states: asyncio.Queue[CustodyState] = asyncio.Queue()
    observer = CustodyObserver(
        node, store.evidence, Hub(Vitals()), complete=lambda: True, days=10_000, show=states.put_nowait
    )
    running = asyncio.create_task(observer.run())
    try:
        while (state := await states.get()).missing:
            pass
        yield state
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def store(tmp_path: object) -> AsyncIterator[Store]:
    async with await Store.open(f"sqlite:///{tmp_path}/blocks.sqlite") as opened:
        chain = chain_on(BEFORE_ALL, 140)
        await opened.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
        yield opened


async def test_blocks_are_searched_once_from_the_newest_down(store: Store) -> None:
    node = Node()
    async with searched(store, node) as state:
        assert state == CustodyState(None, scanned=40, missing=0, spends=0)
    assert node.asked == [*range(139, 99, -1)]  # those below spend no coinbase that is known
    again = Node()
    async with searched(store, again):
        assert again.asked == []


async def test_a_pruned_node_gives_what_it_has(store: Store) -> None:
    node = Node(first=130)
    async with searched(store, node) as state:
        assert state.scanned == 10
    assert min(node.asked) == 129  # once
    assert node.asked.count(129) == 1


async def test_rewards_of_blocks_that_replaced_others_are_followed_too(store: Store) -> None:
    node, old = Node(), [each for each, _ in await store.evidence.coinbases(0)]
    observer = CustodyObserver(
        node, store.evidence, Hub(Vitals()), complete=lambda: True, days=10_000, show=lambda _: None
    )  # fmt: skip
    await observer._search()  # noqa: SLF001 -- once, to the end

    winner = block_on(old[-3], script=b"/winner/")
    chain = [winner, *chain_on(winner.ref, 120)]
    await store.apply(Plan(old[-3], NO_BLOCK, tuple(old[:-3:-1]), connects=tuple(chain)), judge(chain))
    spend = coinbase_txid(winner.coinbase) + bytes(4) + b"\0" + b"\xff" * 4
    node.blocks[chain[110].height] = bytes(80) + b"\1" + bytes(4) + b"\1" + spend + b"\1" + bytes(8) + b"\0" + bytes(4)
    await observer._search()  # noqa: SLF001

    assert (await store.evidence.counts(0, lowest=0))[2] == 1

    await store.apply(Plan(winner.ref, NO_BLOCK, tuple(each.ref for each in chain[:0:-1])), ())
    scanned, _, spends = await store.evidence.counts(0, lowest=0)
    assert (scanned, spends) == (winner.height - 99, 0), "what went stale is not counted"
