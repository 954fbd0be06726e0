"""Whether the node's answers fit together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.errors import ChainError
from monitor.model import Block, BlockRef


class Inconsistent(ChainError):  # noqa: N818 -- a passing state
    """The answers do not fit together: the node's best chain changed between them. Ask again."""


def joined(onto: BlockRef, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The same blocks, checked to continue `onto` without a gap.

    Args:
        onto: the parent of the first one.
        blocks: lowest first; may be empty.

    Raises:
        Inconsistent: the parent of some block is not the one before it.
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
