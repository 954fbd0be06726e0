"""The blocks below a given one, in segments from the top down, from block files or from the node.

Each missing block is known by its hash, because the block above it names it. So wrong answers are noticed, and block
files can be read without a running node.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from monitor.errors import NodeBusy, NodeError, NodeRefused
from monitor.model import NO_BLOCK, Block, BlockRef
from monitor.node.blockfiles import BlockFiles, FileScan, gathered
from monitor.node.blocklinks import Linked, linked
from monitor.node.blockrecords import RECORD, Lost, Records
from monitor.node.client import NodeClient
from monitor.wire import display_hash

BACKFILL_CONNECTIONS = 2
"""To the node, for a backfill; the daemon uses as many fewer meanwhile."""
_FIRST_FILES = 128
"""Scanned first, from the newest back; then twice as many each time. A sixth of all files holds a year of blocks."""


@dataclass(frozen=True, slots=True)
class MissingBlocks:
    """Which blocks are missing."""

    top: BlockRef
    """The highest missing block."""
    lowest: int
    """Height of the lowest block that is wanted."""
    tip: BlockRef
    """The tip of our chain; blocks that do not lead to it are stale."""
    size: int
    """Most blocks in a segment."""

    @property
    def is_done(self) -> bool:
        """Whether nothing is missing."""
        return self.top.height < self.lowest

    def below(self, segment: Segment) -> MissingBlocks:
        """What is still missing after this segment."""
        first = segment.blocks[0]
        return replace(self, top=BlockRef(first.height - 1, first.header.parent))


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive blocks below what is stored, and the stale blocks at their heights."""

    blocks: tuple[Block, ...]
    """Lowest first, each the parent of the next."""
    stale: tuple[Block, ...] = ()


def from_files(files: BlockFiles, missing: MissingBlocks, report: Callable[[int, int], None]) -> Iterator[Segment]:
    """Read the node's block files, down to the lowest block that they hold.

    Args:
        files: of the same network.
        missing: what to read.
        report: called after each file that was scanned, with the number of scanned files and of all files.

    Raises:
        NodeError: no chain in the files leads down from `missing.top`, or a file was removed meanwhile.
    """
    table, links = _linked(files, missing, report)
    lowest = max(missing.lowest, links.first_height)
    by_height = np.argsort(links.stale_heights, kind="stable")
    stale, stale_heights = links.stale[by_height], links.stale_heights[by_height]
    end_of_stale = missing.tip.height + 1  # the first segment includes the stale blocks above it
    for start, end in _bounds(lowest, missing.top.height, missing.size):
        rows = links.chain[start - links.first_height : end - links.first_height]
        beside = slice(*np.searchsorted(stale_heights, (start, end_of_stale)).tolist())
        yield Segment(
            tuple(_read(files, table[rows], start)),
            tuple(_read_stale(files, table[stale[beside]], stale_heights[beside].tolist())),
        )
        end_of_stale = start


async def from_node(node: NodeClient, missing: MissingBlocks) -> AsyncIterator[Segment]:
    """Ask the node, by the fastest interface that it offers, for as many segments at once as there are connections.

    Args:
        node: one that is ready; blocks that it has pruned are left out.
        missing: what to ask for.

    Raises:
        NodeError: the node is away, or follows another chain.
    """
    assert node.facts
    top = missing.top
    bounds = _bounds(max(missing.lowest, node.facts.first_height), top.height, missing.size)
    tasks = deque(asyncio.create_task(_between(node, *each)) for each in islice(bounds, BACKFILL_CONNECTIONS))
    try:
        while tasks:
            blocks, error = await tasks[0]
            tasks.popleft()
            tasks.extend(asyncio.create_task(_between(node, *each)) for each in islice(bounds, 1))
            if blocks and blocks[-1].ref == top:
                top = BlockRef(blocks[0].height - 1, blocks[0].header.parent)
                yield Segment(blocks)
            elif error is None:
                error = NodeBusy(f"block {top.height} {top.hash} is not on the node's best chain")
            if error:
                raise error
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _bounds(lowest: int, highest: int, size: int) -> Iterator[tuple[int, int]]:
    """Heights from the top down: where each segment begins, and one above where it ends."""
    return ((max(lowest, end - size), end) for end in range(highest + 1, lowest, -size))


def _linked(files: BlockFiles, missing: MissingBlocks, report: Callable[[int, int], None]) -> tuple[Records, Linked]:
    """The records of as many of the newest files as needed, and the chain among them."""
    numbers = files.numbers()
    table: Records = np.zeros(0, RECORD)
    end, step = len(numbers), _FIRST_FILES
    while end:
        start = max(0, end - step)
        scans = enumerate(files.scan(numbers[start:end]), len(numbers) - end + 1)
        table = np.concatenate((gathered(_reported(scans, len(numbers), report)), table))
        end, step = start, 2 * step
        links = _from_the_top(table, missing)
        if links and (links.first_height <= missing.lowest or not end):
            return table, links
    raise NodeRefused(
        f"block {missing.top.hash} is not in the block files of {files.folder}: is node.blocks_dir this node's?"
    )


def _reported(
    scans: Iterable[tuple[int, FileScan]], total: int, report: Callable[[int, int], None]
) -> Iterator[FileScan]:
    """The scans, each reported with its number."""
    for number, scan in scans:
        yield scan
        report(number, total)


def _from_the_top(table: Records, missing: MissingBlocks) -> Linked | None:
    """The chain down from our tip, else from the highest missing block; None if neither leads to that block."""
    top = missing.top
    for start in (missing.tip, top):
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
    """Those that can be read: nothing depends on stale blocks."""
    for at, height in enumerate(heights):
        for block in files.read(records[at : at + 1], height):
            if isinstance(block, Block):
                yield block


async def _between(node: NodeClient, start: int, end: int) -> tuple[tuple[Block, ...], NodeError | None]:
    """The blocks of the best chain at the heights from `start` to below `end`; fewer where the chain ends.

    They are requested from the top down, so that those above one that fails can be stored; its error comes with them.
    """
    refs: list[BlockRef] = []
    blocks: deque[Block] = deque()
    try:
        last = BlockRef(-1, NO_BLOCK) if start == 0 else await node.at(start - 1)
        while last.height + 1 < end and (hashes := await node.successors(last, end - 1 - last.height)):
            refs += [BlockRef(height, each) for height, each in enumerate(hashes, start=last.height + 1)]
            last = refs[-1]
        for ref in reversed(refs):
            blocks.appendleft(await node.block(ref))
    except NodeError as error:
        return tuple(blocks), error
    return tuple(blocks), None
