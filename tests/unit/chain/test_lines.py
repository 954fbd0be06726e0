"""The blocks of a node's best chain above the counted one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from support.fake_chain import FakeNode, chain_on, judge
from support.observed import ObservedFake

from monitor.chain import lines
from monitor.chain.branches import Line, completed
from monitor.chain.lines import complete, trace
from monitor.errors import NodeError
from monitor.model import Block, BlockHash, BlockRef, BranchBlock, HeaderFacts, Judged


class Stored:
    """What is stored, in memory."""

    def __init__(self, chain: Sequence[Block]) -> None:
        self.chain = list(chain)
        self.beside: dict[BlockHash, Block] = {}

    async def find(self, block: BlockHash) -> BranchBlock | None:
        found = next((each for each in (*self.chain, *self.beside.values()) if each.hash == block), None)
        if found is None:
            return None
        header = found.header
        return BranchBlock(
            found.ref, header.parent, header.time, header.bits, header.version, pool=None, attributed=True,
            counted=found in self.chain,
        )  # fmt: skip

    async def best_at(self, height: int) -> BlockHash | None:
        return next((each.hash for each in self.chain if each.height == height), None)

    async def lowest(self) -> int:
        return self.chain[0].height

    async def add(self, judged: Sequence[Judged]) -> None:
        self.beside.update((each.block.hash, each.block) for each in judged)


async def followed(node: FakeNode, stored: Stored, known: Line | None = None) -> Line:
    """The line to the tip of a node, with everything fetched."""
    line = await trace(ObservedFake(node), node.best.hash, stored, known=known)
    assert line
    while blocks := await complete(line, ObservedFake(node), trusted=True):
        judged = judge(blocks)
        await stored.add(judged)
        line = completed(line, judged)
    return line


async def test_a_tip_that_is_counted_has_an_empty_line() -> None:
    node = FakeNode(5)
    line = await followed(node, Stored(node.chain))
    assert line == Line(node.best)
    assert line.tip == node.best


async def test_a_branch_is_joined_to_the_counted_chain_and_fetched() -> None:
    node = FakeNode(10)
    stored = Stored(node.chain)
    node.mine(4, depth=3)
    line = await followed(node, stored)
    assert line.fork == node.chain[6].ref
    assert [each.ref for each in line.blocks] == [each.ref for each in node.chain[7:]]
    assert all(each.attributed for each in line.blocks)


async def test_a_new_tip_continues_the_line_that_is_known() -> None:
    node = FakeNode(10)
    stored = Stored(node.chain)
    node.mine(4, depth=3)
    before = await followed(node, stored)
    node.mine(1)
    node.asked.clear()
    after = await followed(node, stored, before)
    assert after.blocks[:-1] == before.blocks
    assert node.asked.count("header") == 1
    node.mine(2, depth=2)  # the branch forks in itself
    assert [each.ref for each in (await followed(node, stored, after)).blocks] == [each.ref for each in node.chain[7:]]


async def test_the_line_ends_where_the_counted_chain_has_joined_it() -> None:
    node = FakeNode(10)
    stored = Stored(node.chain)
    node.mine(4, depth=3)
    before = await followed(node, stored)
    stored.chain = list(node.chain[:-1])
    after = await followed(node, stored, before)
    assert (after.fork, len(after.blocks)) == (node.chain[-2].ref, 1)


async def test_the_fork_of_a_long_branch_is_searched_and_its_blocks_are_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "_WALK", 3)
    monkeypatch.setattr(lines, "_CHUNK", 2)
    node = FakeNode(40)
    stored = Stored(node.chain[5:])
    node.mine(20, depth=15)
    found = await trace(ObservedFake(node), node.best.hash, stored)
    assert found
    assert (found.fork, len(found.blocks), found.is_whole) == (node.chain[24].ref, 3, False)
    assert node.asked.count("header") == 3
    line = await followed(node, stored)
    assert [each.ref for each in line.blocks] == [each.ref for each in node.chain[25:]]


async def test_a_branch_that_parts_below_our_history_has_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_WALK", 3)
    node = FakeNode(20)
    stored = Stored(node.chain[15:])
    node.mine(10, depth=10)
    assert await trace(ObservedFake(node), node.best.hash, stored) is None


async def test_a_block_that_is_not_there_leaves_its_header() -> None:
    node = FakeNode(10)
    stored = Stored(node.chain)
    node.mine(2, depth=1)
    missing = node.best.hash
    fake = ObservedFake(node, without={missing})
    line = await trace(fake, missing, stored)
    assert line
    found = await complete(line, fake, trusted=True)
    assert [each.hash for each in found] == [node.chain[-2].hash]


async def test_a_node_that_does_not_know_its_own_block_is_an_error() -> None:
    node = FakeNode(3)
    [strange] = chain_on(node.best, 1)
    with pytest.raises(NodeError, match="does not know block"):
        await trace(ObservedFake(node), strange.hash, Stored(node.chain))


async def test_of_a_stranger_nothing_is_fetched_that_does_not_stand_on_our_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lines, "_WALK", 3)
    node = FakeNode(40)
    stored = Stored(node.chain)
    node.mine(20, depth=15)
    fake = ObservedFake(node)
    line = await trace(fake, node.best.hash, stored)
    assert line
    assert not line.is_checked
    assert await complete(line, fake, trusted=False) == []


async def test_heights_are_counted_from_our_own_chain() -> None:
    node = FakeNode(10)
    stored = Stored(node.chain)
    node.mine(2, depth=1)
    fake = ObservedFake(node)
    said = fake.header
    fake.header = lambda block: _shifted(said, block)  # type: ignore[method-assign]
    line = await trace(fake, node.best.hash, stored)
    assert line
    assert [block.ref for block in line.blocks] == [block.ref for block in node.chain[9:]]


async def _shifted(said: Any, block: BlockHash) -> HeaderFacts:  # noqa: ANN401 -- a bound method
    header: HeaderFacts = await said(block)
    return header._replace(ref=BlockRef(header.ref.height + 1000, header.ref.hash))
