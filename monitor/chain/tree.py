"""Which blocks the tree of branches shows: the newest ones, and what a long branch would push out of sight. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from monitor.chain.branches import Line
from monitor.model import TREE_HEIGHTS, BlockHash, BlockRef, BranchBlock

_ENDS = 3
"""Heights that are shown at least of the end of each branch, and of the counted chain."""


def shown(
    blocks: Mapping[BlockHash, BranchBlock], lines: Iterable[Line], tips: Iterable[BlockRef]
) -> tuple[BranchBlock, ...]:
    """The blocks of the highest heights; among these are always the ends of all branches, their forks and the tips.

    Args:
        blocks: all that are known, by hash.
        lines: the branches of nodes.
        tips: the best blocks of nodes.

    Returns:
        The blocks at `TREE_HEIGHTS` heights, or some more; highest first, the counted one first at each height.
    """
    present = sorted({block.ref.height for block in blocks.values()}, reverse=True)
    counted = max((block.ref.height for block in blocks.values() if block.counted), default=0)
    heights = {tip.height for tip in tips}
    for top in (counted, *(line.tip.height for line in lines if line.blocks)):
        heights.update(range(top - _ENDS + 1, top + 1))
    for line in lines:
        heights |= {line.fork.height, line.fork.height + 1} if line.blocks else set()
    heights &= {*present}
    for height in present:
        if len(heights) >= TREE_HEIGHTS:
            break
        heights.add(height)
    found = (block for block in blocks.values() if block.ref.height in heights)
    return tuple(sorted(found, key=lambda block: (-block.ref.height, not block.counted, block.ref.hash)))


def folded(blocks: Mapping[BlockHash, BranchBlock], tree: Iterable[BranchBlock]) -> dict[BlockHash, BlockHash]:
    """For each shown block above blocks that are left out: the next shown one below, on the same branch."""
    tree = tuple(tree)
    visible = {block.ref.hash for block in tree}
    found = {}
    for block in tree:
        below = block.parent
        while below not in visible and (hidden := blocks.get(below)):
            below = hidden.parent
        if below != block.parent and below in visible:
            found[block.ref.hash] = below
    return found
