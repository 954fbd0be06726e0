"""From our tip and the node's answers to the next step along the chain. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.errors import ChainError
from monitor.model import Block, BlockRef


class Inconsistent(ChainError):  # noqa: N818 -- an answer, not a fault
    """The answers do not fit together: the node changed its mind between them. Ask again."""


def joined(onto: BlockRef, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The same blocks, once it is sure that they continue `onto` without a gap.

    Args:
        onto: the block that the first one must stand on.
        blocks: lowest first; may be empty.

    Raises:
        Inconsistent: some block does not name the one before it as its parent.
    """
    below = onto
    for block in blocks:
        if not stands_on(block, below):
            raise Inconsistent(
                f"block {block.height} {block.hash} stands on {block.header.parent}, "
                f"but below it we have {below.height} {below.hash}"
            )
        below = block.ref
    return tuple(blocks)


def stands_on(block: Block, below: BlockRef) -> bool:
    """Whether `below` is the block's parent."""
    return block.header.parent == below.hash and block.height == below.height + 1
