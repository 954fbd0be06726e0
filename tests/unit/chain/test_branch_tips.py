"""Branches that a node knows and does not follow."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from support.fake_chain import BEFORE_ALL, FakeNode, judge
from support.observed import ObservedFake

from monitor.chain.branch_tips import fetch_tips
from monitor.chain.observer import Observer
from monitor.errors import InvalidBlock
from monitor.model import Block, BlockRef, ChainTip, Judged, Plan
from monitor.store.store import Store


def judged(blocks: Iterable[Block]) -> tuple[Judged, ...]:
    return judge(blocks, "toy")


class World:
    """A store with a chain, and a node that left a branch of three blocks."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.node = FakeNode(10)
        self.left = self.node.chain[7:]
        self.node.mine(4, depth=3)
        self.fake = ObservedFake(self.node)
        self.length = 3

        async def chain_tips() -> list[ChainTip]:
            return [
                ChainTip(self.node.best, 0, status="active"),
                ChainTip(self.left[-1].ref, self.length, status="valid-fork"),
            ]

        self.fake.chain_tips = chain_tips  # type: ignore[method-assign]

    async def follow(self, blocks: list[Block]) -> None:
        below = BlockRef(blocks[0].height - 1, blocks[0].header.parent) if blocks[0].height else BEFORE_ALL
        await self.store.apply(Plan(below, blocks[-1].hash, connects=tuple(blocks)), judged(blocks))

    async def stored(self, *, trusted: bool = True) -> list[int]:
        """Heights of the stored blocks of the branch, after the node was asked."""
        await fetch_tips(Observer("node", self.fake, trusted=trusted), self.store.branches, judged)
        found = [await self.store.branches.find(block.hash) for block in self.left]
        return [block.ref.height for block in found if block]


@pytest.fixture
async def world(tmp_path: Path) -> World:
    return World(await Store.open(f"sqlite:///{tmp_path / 'blocks.sqlite'}"))


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_branch_on_our_chain_is_stored_with_what_the_node_says_of_it(world: World, trusted: bool) -> None:  # noqa: FBT001
    async with world.store:
        await world.follow(world.node.chain)
        assert await world.stored(trusted=trusted) == [7, 8, 9]
        [seen] = await world.store.branches.sightings()
        assert (seen.block, seen.status) == (world.left[-1].ref, "valid-fork")


async def test_below_our_history_only_a_trusted_node_is_believed(world: World) -> None:
    async with world.store:
        await world.follow(world.node.chain[9:])
        assert await world.stored(trusted=False) == []
        assert await world.stored() == [7, 8, 9]


async def test_what_a_stranger_invents_above_a_wrong_block_is_not_stored(world: World) -> None:
    async with world.store:
        await world.follow(world.node.chain)

        async def check(onto: BlockRef, blocks: tuple[Block, ...]) -> None:
            if blocks[0].hash == world.left[0].hash:
                raise InvalidBlock(f"block {onto.height + 1} has too little work")

        world.fake.check = check  # type: ignore[assignment, method-assign]
        assert await world.stored(trusted=False) == []
        assert await world.store.branches.headers() == []


async def test_of_a_block_that_is_not_there_a_trusted_node_has_the_header(world: World) -> None:
    async with world.store:
        await world.follow(world.node.chain)
        world.fake.without = {world.left[1].hash}
        assert await world.stored() == [7, 9]
        assert [each.ref for each in await world.store.branches.headers()] == [world.left[1].ref]


async def test_a_branch_that_never_ends_is_not_followed_for_ever(world: World) -> None:
    async with world.store:
        await world.follow(world.node.chain)
        world.length = 2**31 - 1
        assert await world.stored(trusted=False) == [7, 8, 9]
        assert world.node.asked.count("header") == 3
