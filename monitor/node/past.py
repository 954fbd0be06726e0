"""The past below a block, segment by segment from the top down, by each of the ways there are.

What is missing is known by its hash, because the block above names it, and so is everything below: whatever a file or a
node gives instead is noticed. So the files need no node that runs, and no tip.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from monitor.errors import NodeBusy, NodeError, NodeRefused
from monitor.model import NO_BLOCK, Block, BlockRef
from monitor.node.bitcoind import Bitcoind
from monitor.node.blockfiles import BlockFiles, gathered
from monitor.node.blocklinks import Linked, linked
from monitor.node.blockrecords import RECORD, Lost, Records
from monitor.wire import display_hash

_T = TypeVar("_T")

_FIRST_FILES = 128
"""Scanned at once, from the newest back, then twice as many: a year of the past is in a sixth of the files."""
_AT_ONCE = 2
"""Segments under way: while one begins, by asking which blocks it has, or ends, the other keeps the node busy."""
IN_FLIGHT = 4
"""Requests under way, all together: half of what a daemon may have, which lends them meanwhile."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is missing."""

    top: BlockRef
    """The highest missing block."""
    lowest: int
    """The height down to which blocks are wanted."""
    tip: BlockRef
    """The tip of our chain, which tells what is stale."""
    size: int
    """Blocks in a segment, at most."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing."""
        return self.top.height < self.lowest

    def below(self, segment: Segment) -> Wanted:
        """What is missing once there is this segment."""
        first = segment.blocks[0]
        return replace(self, top=BlockRef(first.height - 1, first.header.parent))


@dataclass(frozen=True, slots=True)
class Segment:
    """The blocks just below what there was, and what went stale beside them."""

    blocks: tuple[Block, ...]
    """Lowest first, each the parent of the next."""
    stale: tuple[Block, ...] = ()


def from_files(files: BlockFiles, wanted: Wanted, tell: Callable[[int, int], None]) -> Iterator[Segment]:
    """Read the node's block files, as far down as they go.

    Args:
        files: of the same network.
        wanted: what is missing.
        tell: called now and then with how many files were searched, of how many at most.

    Raises:
        NodeError: they do not lead down from `wanted.top`, or no longer: the node has pruned, or is another.
    """
    table, links = _linked(files, wanted, tell)
    lowest = max(wanted.lowest, links.first_height)
    by_height = np.argsort(links.stale_heights, kind="stable")
    stale, stale_heights = links.stale[by_height], links.stale_heights[by_height]
    most = wanted.tip.height + 1  # the first segment has the stale blocks above it as well
    for start, end in _bounds(lowest, wanted.top.height, wanted.size):
        rows = links.chain[start - links.first_height : end - links.first_height]
        beside = slice(*np.searchsorted(stale_heights, (start, most)).tolist())
        yield Segment(
            tuple(_read(files, table[rows], start)),
            tuple(_read_stale(files, table[stale[beside]], stale_heights[beside].tolist())),
        )
        most = start


async def from_node(node: Bitcoind, wanted: Wanted) -> AsyncIterator[Segment]:
    """Ask the node, by the best way that it offers, several blocks at once.

    Args:
        node: one that has been asked what it is; what it has pruned is not asked for.
        wanted: what is missing.

    Raises:
        NodeError: it is away; or it follows another chain, at least for now.
    """
    assert node.facts
    top = wanted.top
    bounds = _bounds(max(wanted.lowest, node.facts.first_height), top.height, wanted.size)
    async with _ahead(_between(node, *each) for each in bounds) as segments:
        async for blocks in segments:
            if not blocks or blocks[-1].ref != top:
                raise NodeBusy(f"block {top.height} {top.hash}, on which ours stand, is not on the node's best chain")
            top = BlockRef(blocks[0].height - 1, blocks[0].header.parent)
            yield Segment(blocks)


def _bounds(lowest: int, highest: int, size: int) -> Iterator[tuple[int, int]]:
    """Heights from the top down: where each segment begins, and one above where it ends."""
    end = highest + 1
    while end > lowest:
        start = max(lowest, end - size)
        yield start, end
        end = start


def _linked(files: BlockFiles, wanted: Wanted, tell: Callable[[int, int], None]) -> tuple[Records, Linked]:
    """Where the blocks are: from as many of the newest files as it takes."""
    numbers = files.numbers()
    table: Records = np.zeros(0, RECORD)
    end, step = len(numbers), _FIRST_FILES
    while end:
        start = max(0, end - step)
        found = gathered(files.scan(_told(numbers[start:end], len(numbers) - end, len(numbers), tell)))
        table = np.concatenate((found, table))
        end, step = start, 2 * step
        links = _from_the_top(table, wanted)
        if links and (links.first_height <= wanted.lowest or not end):
            return table, links
    raise NodeRefused(
        f"block {wanted.top.hash} is not in the block files of {files.folder}: is node.blocks_dir this node's?"
    )


def _told(numbers: Sequence[int], before: int, total: int, tell: Callable[[int, int], None]) -> Iterator[int]:
    for done, number in enumerate(numbers, start=before + 1):
        yield number
        tell(done, total)


def _from_the_top(table: Records, wanted: Wanted) -> Linked | None:
    """The chain from our tip down, else from the block that is missing; None when that is not there."""
    top = wanted.top
    for start in (wanted.tip, top):
        try:
            links = linked(table, start)
        except NodeBusy:
            continue
        at = top.height - links.first_height
        if at >= 0 and display_hash(table["hash"][links.chain[at]].tobytes()) == top.hash:
            return links
    return None


def _read(files: BlockFiles, records: Records, first_height: int) -> Iterator[Block]:
    for block in files.read(records, first_height):
        if isinstance(block, Lost):
            raise NodeError(f"block file {block.file} at byte {block.offset}: {block.reason}")
        yield block


def _read_stale(files: BlockFiles, records: Records, heights: list[int]) -> Iterator[Block]:
    """What cannot be read is left out: it is of no consequence."""
    for at, height in enumerate(heights):
        for block in files.read(records[at : at + 1], height):
            if isinstance(block, Block):
                yield block


async def _between(node: Bitcoind, start: int, end: int) -> tuple[Block, ...]:
    """The blocks between two heights on the best chain, or fewer if it ends."""
    last = BlockRef(-1, NO_BLOCK) if start == 0 else await node.at(start - 1)
    refs: list[BlockRef] = []
    while last.height + 1 < end and (hashes := await node.successors(last, end - 1 - last.height)):
        refs += [BlockRef(height, each) for height, each in enumerate(hashes, start=last.height + 1)]
        last = refs[-1]
    return await _fetched(node, refs)


@asynccontextmanager
async def _ahead(answers: Iterator[Coroutine[Any, Any, _T]]) -> AsyncIterator[AsyncIterator[_T]]:
    """The answers in their order; the next ones are asked for meanwhile."""
    coming: deque[asyncio.Task[_T]] = deque()

    async def each() -> AsyncIterator[_T]:
        coming.extend(map(asyncio.create_task, islice(answers, _AT_ONCE)))
        while coming:
            answer = await coming[0]
            coming.popleft()
            coming.extend(map(asyncio.create_task, islice(answers, 1)))
            yield answer

    try:
        yield each()
    finally:
        for task in coming:
            task.cancel()
        await asyncio.gather(*coming, return_exceptions=True)


async def _fetched(node: Bitcoind, refs: Sequence[BlockRef]) -> tuple[Block, ...]:
    """All of them, or the first error: then the others are no longer wanted."""
    found: dict[BlockRef, Block] = {}
    coming = iter(refs)

    async def work() -> None:
        for ref in coming:
            found[ref] = await node.block(ref)

    workers = [asyncio.create_task(work()) for _ in range(IN_FLIGHT // _AT_ONCE)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    return tuple([found[ref] for ref in refs])
