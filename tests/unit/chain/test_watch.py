"""All nodes together, as they are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from support import fake_chain
from support.fake_chain import FakeNode
from support.observed import ObservedFake
from unit.chain.test_lines import Stored

from monitor.chain.branches import BranchCounts, BranchRules
from monitor.chain.fallback import FallbackSource
from monitor.chain.observer import Observer
from monitor.chain.watch import NodesWatch
from monitor.model import (
    TREE_HEIGHTS,
    Block,
    BlockEvents,
    BlockHash,
    BlockRef,
    BranchBlock,
    Judged,
    NodeRole,
    NodeState,
    NodesView,
    Plan,
    Relation,
    Sighting,
)
from monitor.outputs.web.pages.tree import CELL, draw


class BranchesInMemory(Stored):
    """The counted chain and the other branches, in memory."""

    followed: frozenset[BlockHash] = frozenset()

    async def tip(self) -> BlockRef | None:
        return self.chain[-1].ref

    async def above(self, height: int) -> list[BranchBlock]:
        found = [await self.find(each.hash) for each in (*self.chain, *self.beside.values()) if each.height > height]
        return sorted((each for each in found if each), key=lambda each: each.ref.height)

    async def first_seen(self, block: BlockHash) -> float | None:  # noqa: ARG002
        return None

    async def followed_tips(self) -> frozenset[BlockHash]:
        return self.followed

    async def followed_blocks(self) -> frozenset[BlockHash]:
        return frozenset(self.beside) if self.followed else frozenset()

    async def note_followed_tips(self, tips: Iterable[BlockHash]) -> None:
        self.followed = frozenset(tips)

    async def note_sightings(self, seen: Iterable[Sighting]) -> None:
        """Sightings are not looked at."""

    async def add_header(self, ref: BlockRef, header: bytes | None, source: str) -> None:
        """Headers are not looked at."""

    def count(self, chain: Sequence[Block]) -> None:
        """Count this chain from now on."""
        self.beside = {each.hash: each for each in (*self.beside.values(), *self.chain) if each not in chain}
        self.chain = list(chain)


class World:
    """Nodes that have the same ten blocks: `home` is counted, the others are observers."""

    def __init__(self, *others: str) -> None:
        self.nodes = {"home": FakeNode(10)}
        for name in others:
            self.nodes[name] = self.copy("home")
        self.observed = {name: ObservedFake(node) for name, node in self.nodes.items()}
        self.store = BranchesInMemory(self.nodes["home"].chain)
        self.views: list[NodesView] = []
        self.start()

    def start(self) -> None:
        """Start the watch, again: what it had in memory is gone."""
        for each in self.observed.values():
            each.best = None
        observers = [
            Observer(name, node, role=NodeRole.COUNTED if name == "home" else NodeRole.OBSERVER)
            for name, node in self.observed.items()
        ]
        self.source = FallbackSource(observers, self.store.tip, patience=60)
        rules = BranchRules(fake_chain.judge, lambda _blocks: BranchCounts(), split_depth=2, split_seconds=0)
        self.watch = NodesWatch(self.source, self.store, rules=rules, publish=self.views.append, lag=lambda _: None)

    def copy(self, name: str) -> FakeNode:
        node = FakeNode(1)
        node.chain, node.known = list(self.nodes[name].chain), dict(self.nodes[name].known)
        return node

    def follow(self, name: str) -> None:
        """Another node has its chain counted."""
        self.source.followed = next(each for each in self.source.nodes if each.name == name)
        self.store.count(self.nodes[name].chain)

    async def hear(self, *names: str) -> None:
        """These nodes say which block is their best; without names all do."""
        for name in names or self.nodes:
            await self.observed[name].tip()

    def catch_up(self) -> None:
        tip = self.store.chain[-1].ref
        self.watch.take(BlockEvents(Plan(tip, tip.hash), judged=()))

    async def look(self) -> NodesView:
        """The view after all has been fetched."""
        while await self.watch.look():
            pass
        return self.views[-1]


def states(view: NodesView) -> dict[str, NodeState]:
    return {each.name: each for each in view.nodes}


def hashes(blocks: Iterable[Judged | Block]) -> set[BlockHash]:
    return {each.block.hash if isinstance(each, Judged) else each.hash for each in blocks}


async def test_the_followed_node_is_where_it_says_it_is_also_when_it_falls_behind() -> None:
    world = World("friend")
    world.catch_up()
    await world.hear()
    home = world.nodes["home"]
    home.switch(depth=5)
    await world.hear("home")
    behind = states(await world.look())["home"]
    assert (behind.tip, behind.relation, behind.apart) == (home.best, Relation.BEHIND, 0)

    home.switch(blocks=world.store.chain[5:])
    mined = home.mine(2)
    await world.hear("home")
    ahead = states(await world.look())["home"]
    assert (ahead.tip, ahead.relation, ahead.apart) == (mined[-1].ref, Relation.AHEAD, 2)


async def test_a_reorganisation_of_the_followed_node_that_is_not_counted_yet_is_no_split() -> None:
    world = World("friend")
    world.catch_up()
    world.nodes["home"].mine(4, depth=3)
    await world.hear()
    view = await world.look()
    assert states(view)["home"].relation is Relation.BRANCH
    assert view.splits == ()
    assert world.store.beside == {}, "its blocks are about to be counted"


async def test_a_split_keeps_its_age_and_lasts_when_the_other_branch_is_counted() -> None:
    world = World("core", "knots", "knots2")
    for name in ("knots", "core"):
        world.nodes[name].mine(1 if name == "knots" else 3)
    world.nodes["knots2"].switch(blocks=world.nodes["knots"].chain[10:])
    world.follow("knots2")
    world.catch_up()
    await world.hear("core", "knots", "knots2")
    [before] = (await world.look()).splits

    world.nodes["home"].switch(blocks=world.nodes["core"].chain[10:])
    world.follow("home")
    world.catch_up()
    await world.hear()
    [after] = (await world.look()).splits

    assert (before.depth, before.lasting) == (after.depth, after.lasting) == (3, True)
    assert (before.ancestor, before.since) == (after.ancestor, after.since)
    assert [each.nodes for each in after.branches] == [("home", "core"), ("knots", "knots2")]


async def test_what_is_of_two_chains_is_not_published() -> None:
    world = World("friend")
    world.catch_up()
    await world.hear()
    await world.look()
    friend = world.nodes["friend"]
    friend.mine(4, depth=2)
    await world.hear("friend")
    friend.before_answer = lambda _question: world.store.count(friend.chain)  # a step of the counted chain meanwhile
    published = len(world.views)
    assert await world.watch.look()
    assert len(world.views) == published
    friend.before_answer = lambda _question: None
    assert states(await world.look())["friend"].relation is Relation.SAME


async def test_after_a_restart_nodes_agree_or_not_only_once_they_have_said_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World("friend", "far")
    world.nodes["friend"].mine(3, depth=2)
    for name in ("friend", "far"):
        world.start()
        assert (await world.look()).agree is None, "nothing is counted yet"
        world.catch_up()
        assert (await world.look()).agree is None, "no node has answered yet"
        await world.hear("home", name)
        view = await world.look()
        assert view.agree is (False if name == "friend" else None)

    monkeypatch.setattr("monitor.chain.watch._START_SECONDS", 0.0)
    assert (await world.look()).agree, "the friend is away"


async def test_a_branch_is_followed_until_its_node_is_seen_on_another_one() -> None:
    world = World("friend")
    friend = world.nodes["friend"]
    friend.mine(3, depth=2)
    world.catch_up()
    await world.hear()
    branch, tip = {each.hash for each in friend.chain[8:]}, friend.best.hash
    assert (await world.look()).followed_blocks == branch
    assert world.store.followed == {tip}

    world.start()
    world.catch_up()
    await world.hear("home")
    assert (await world.look()).followed_blocks == branch
    assert world.store.followed == {tip}, "the friend has not said where it is"
    friend.switch(depth=3, blocks=world.store.chain[8:])
    await world.hear("friend")
    assert (await world.look()).followed_blocks == set()
    assert world.store.followed == set()


async def test_the_tree_of_a_long_branch_has_the_fork_the_counted_chain_and_every_node() -> None:
    world = World("friend", "late")
    friend = world.nodes["friend"]
    friend.mine(250)
    world.nodes["home"].mine(5)
    world.nodes["late"].switch(depth=3)
    world.store.count(world.nodes["home"].chain)
    world.catch_up()
    await world.hear()
    view = await world.look()

    present = {block.ref for block in view.tree}
    assert {node.tip for node in view.nodes} <= present
    assert {block.ref for block in world.store.chain[-3:]} <= present
    assert {view.splits[0].ancestor, friend.chain[10].ref} <= present
    assert len({ref.height for ref in present}) == TREE_HEIGHTS
    above, below = next(iter(view.folded.items()))
    heights = {block.ref.hash: block.ref.height for block in view.tree}
    assert heights[above] - heights[below] > 190
    assert draw(view).height < 40 * CELL
    assert len({cell.x for cell in draw(view).cells if cell.block.ref.hash in (above, below)}) == 1
