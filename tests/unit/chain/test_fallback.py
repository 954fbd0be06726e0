"""A node that stands in for the counted one."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from support.fake_chain import FakeNode
from support.observed import ObservedFake

from monitor.chain import fallback
from monitor.chain.fallback import FallbackSource
from monitor.chain.observer import Observer
from monitor.errors import NodeAway
from monitor.model import BlockRef, NodeRole


class World:
    """Two nodes with one chain, our tip on it, and a clock."""

    def __init__(self, *, trusted: bool = True) -> None:
        self.chain = FakeNode(10)
        self.home, self.friend = ObservedFake(self.chain), ObservedFake(self.chain)
        self.tip: BlockRef | None = self.chain.best
        self.now = 0.0
        nodes = [Observer("home", self.home, role=NodeRole.COUNTED), Observer("friend", self.friend, trusted=trusted)]
        self.source = FallbackSource(nodes, self._tip, patience=60, clock=lambda: self.now)

    async def _tip(self) -> BlockRef | None:
        return self.tip

    async def ask(self) -> str:
        """Ask for the tip; the node that answers from then on."""
        with suppress(NodeAway):
            await self.source.tip()
        return self.source.followed.name

    async def lose(self) -> None:
        """The counted node goes away, for long."""
        self.home.away = True
        await self.ask()
        self.now += 60
        await self.ask()


async def test_nobody_stands_in_for_a_node_that_answers_again_in_time() -> None:
    world = World()
    world.home.away = True
    assert await world.ask() == "home"
    world.now += 59
    assert await world.ask() == "home"
    world.home.away = False
    assert await world.ask() == "home"
    world.home.away = True
    world.now += 59
    assert await world.ask() == "home"


async def test_another_stands_in_after_a_minute_and_leaves_when_the_counted_node_has_our_tip() -> None:
    world = World()
    await world.lose()
    assert world.source.followed.name == "friend"
    assert await world.source.tip() == world.chain.best.hash
    world.home.away = False
    assert await world.ask() == "friend"  # it is asked now and then
    world.now += 60
    assert await world.ask() == "home"


async def test_a_counted_node_that_comes_back_behind_is_not_asked_yet() -> None:
    world = World()
    await world.lose()
    world.home.node = behind = FakeNode(1)
    behind.chain = world.chain.chain[:8]
    behind.known = {block.hash: block for block in behind.chain}
    world.home.away = False
    world.now += 60
    assert await world.ask() == "friend"
    behind.chain = list(world.chain.chain)
    behind.known = {block.hash: block for block in behind.chain}
    world.now += 60
    assert await world.ask() == "home"


async def test_a_counted_node_with_more_work_on_another_branch_is_asked_again() -> None:
    world = World()
    await world.lose()
    world.home.node = other = FakeNode(1)
    other.chain = world.chain.chain[:8]
    other.known = {block.hash: block for block in world.chain.chain}
    other.mine(5)
    world.home.away = False
    world.now += 60
    assert await world.ask() == "home"


@pytest.mark.parametrize("why", ["not trusted", "another branch", "away", "not believed", "no tip"])
async def test_who_does_not_stand_in(why: str) -> None:
    world = World(trusted=why != "not trusted")
    if why == "another branch":
        world.friend.node = FakeNode(12)
    if why == "away":
        world.friend.away = True
    if why == "not believed":
        world.source.nodes[1].doubt = "it served a block without work"
    if why == "no tip":
        world.tip = None
    await world.lose()
    assert world.source.followed.name == "home"


async def test_when_the_one_that_stands_in_goes_away_too_the_counted_node_is_tried() -> None:
    world = World()
    await world.lose()
    world.friend.away, world.home.away = True, False
    await world.ask()
    world.now += 60
    assert await world.ask() == "home"


async def test_new_blocks_are_looked_for_even_if_the_observer_of_the_one_that_stands_in_makes_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It does so for up to a minute after an error of its own, such as a full disk."""
    monkeypatch.setattr(fallback, "_RETURN_SECONDS", 0.01)
    world = World()
    await world.lose()
    assert world.source.followed.name == "friend"

    notice = await world.source.news()

    assert notice.tip is None
    assert time.monotonic() - notice.at < 60
