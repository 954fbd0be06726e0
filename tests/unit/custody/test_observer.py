"""The observer searches each block once, and everything again when older coinbases become known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.custody.observer import CustodyObserver
from monitor.errors import NodeRefused
from monitor.hub import Hub
from monitor.model import NO_BLOCK, BlockRef, CustodyState, Plan
from monitor.store.store import Store
from monitor.vitals import Vitals


class Node:
    """Gives blocks from a height on; none of them spends anything."""

    spare = True

    def __init__(self, first: int = 0) -> None:
        self.first = first
        self.asked: list[int] = []

    async def raw_block(self, ref: BlockRef) -> bytes:
        self.asked.append(ref.height)
        if ref.height < self.first:
            raise NodeRefused("Block not available (pruned data)")
        return bytes(80) + b"\0"


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
