"""The blocks of a node's best chain above the counted one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from monitor.chain.branches import Line
from monitor.chain.observer import ObservedNode
from monitor.errors import NodeBusy
from monitor.model import Block, BlockHash, BlockRef, BranchBlock, HeaderFacts, Judged

_WALK = 144
"""Headers that are requested one by one. The fork of a longer branch is found by a search over heights."""
_LONGEST = 20_000
"""Blocks of a branch that are kept."""
_CHUNK = 50
"""Blocks that are fetched before the next look at the nodes."""


class BranchStore(Protocol):
    """What is stored of branches; see `store.branches`."""

    async def find(self, block: BlockHash) -> BranchBlock | None:
        """A stored block; None if it is not stored."""

    async def best_at(self, height: int) -> BlockHash | None:
        """The counted block at a height; None if history does not have it."""

    async def lowest(self) -> int:
        """The height at which history begins."""

    async def add(self, judged: Sequence[Judged]) -> None:
        """Store blocks that are not on the counted chain."""


async def trace(node: ObservedNode, tip: BlockHash, store: BranchStore, *, known: Line | None = None) -> Line | None:
    """The line from the counted chain to a block.

    Args:
        node: knows the block.
        tip: the block.
        store: holds the counted chain.
        known: the line to an earlier tip.

    Returns:
        The line; without blocks if the tip is counted. None if it parts from the counted chain below our history.

    Raises:
        NodeError: the node is away, or does not know the block any more.
    """
    old = {block.ref.hash: at for at, block in enumerate(known.blocks, start=1)} if known else {}
    if known and not await _still_stands(known, store):
        old, known = {}, None
    walked: list[BranchBlock] = []
    requested = 0
    below = tip
    while True:
        if known and below in old:
            return _line(known.fork, (*known.blocks[: old[below]], *walked[::-1]))
        block = await store.find(below)
        if block and block.counted:
            return _line(block.ref, walked[::-1])
        if block is None:
            if requested == _WALK:
                fork = await _fork(node, walked[-1].ref.height - 1, store)
                return _line(fork, walked[::-1]) if fork else None
            requested += 1
            block = _of_header(await _header(node, below))
        walked.append(block)
        below = block.parent
        if block.ref.height == 0:
            return None


async def complete(line: Line, node: ObservedNode, *, trusted: bool) -> list[Block]:
    """Blocks that are missing in a line, checked: those of which there is only the header, then those below the lowest.

    At most a chunk of them; a block that the node does not have ends them. They are fetched from the fork upward, so
    that each is checked against blocks of ours. Where the way down to the fork is not known yet, that is not possible:
    then nothing is fetched from a node that is not trusted.

    Raises:
        InvalidBlock: one of them breaks a consensus rule.
        NodeError: the node is away.
    """
    if not line.is_whole and not trusted:
        return []
    if headers := [block for block in line.blocks if not block.attributed]:
        return await _upward(headers, node)
    return [] if line.is_whole or len(line.blocks) >= _LONGEST else await _downward(line, node)


async def _upward(headers: Sequence[BranchBlock], node: ObservedNode) -> list[Block]:
    found: list[Block] = []
    with suppress(NodeBusy):  # only the header is there
        for each in headers[:_CHUNK]:
            block = await node.block(each.ref)
            await node.check(BlockRef(each.ref.height - 1, each.parent), (block,))
            found.append(block)
    return found


async def _downward(line: Line, node: ObservedNode) -> list[Block]:
    found: list[Block] = []
    below = line.blocks[0]
    ref = BlockRef(below.ref.height - 1, below.parent)
    with suppress(NodeBusy):
        while len(found) < _CHUNK and ref.height > line.fork.height:
            block = await node.block(ref)
            found.append(block)
            ref = BlockRef(ref.height - 1, block.header.parent)
    for block in reversed(found):
        await node.check(BlockRef(block.height - 1, block.header.parent), (block,))
    return found


async def _still_stands(known: Line, store: BranchStore) -> bool:
    """Whether a line begins where the counted chain ends it, still."""
    fork = await store.find(known.fork.hash)
    if fork is None or not fork.counted:
        return False
    lowest = await store.find(known.blocks[0].ref.hash) if known.blocks else None
    return lowest is None or not lowest.counted


async def _fork(node: ObservedNode, high: int, store: BranchStore) -> BlockRef | None:
    """The highest block up to a height that is counted and on the node's best chain; None if there is none."""
    low = await store.lowest()
    found = None
    while low <= high:
        middle = (low + high) // 2
        ours, theirs = await store.best_at(middle), await node.at(middle)
        if ours == theirs.hash:
            found, low = theirs, middle + 1
        else:
            high = middle - 1
    return found


async def _header(node: ObservedNode, block: BlockHash) -> HeaderFacts:
    found = await node.header(block)
    if found is None:
        raise NodeBusy(f"the node does not know block {block} any more")
    return found


def _of_header(header: HeaderFacts) -> BranchBlock:
    return BranchBlock(
        header.ref,
        header.parent,
        time=header.time,
        bits=header.bits,
        version=header.version,
        pool=None,
        attributed=False,
        counted=False,
    )


def _line(fork: BlockRef, blocks: Sequence[BranchBlock]) -> Line:
    """The line of these blocks. Where they stand on the fork, heights are counted from it, whatever the node says."""
    if blocks and blocks[0].parent == fork.hash:
        refs = [BlockRef(height, block.ref.hash) for height, block in enumerate(blocks, fork.height + 1)]
        blocks = [block._replace(ref=ref) for block, ref in zip(blocks, refs, strict=True)]
    return Line(fork, tuple(blocks[-_LONGEST:]))
