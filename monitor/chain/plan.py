"""Whether the node's answers fit together. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.errors import ChainError
from monitor.model import Block, BlockRef


class Inconsistent(ChainError):  # noqa: N818 -- a passing state
    """The answers do not fit together: the node's best chain changed between them. Ask again."""


class Behind(ChainError):  # noqa: N818 -- a passing state
    """The node's best chain ends at one of our blocks, or below them, and it has no other block at their heights."""


def joined(onto: BlockRef, blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The blocks that continue `onto`, up to the first one that does not fit.

    Args:
        onto: the parent of the first one.
        blocks: lowest first; may be empty.

    Raises:
        Inconsistent: not even the first one fits.
    """
    below = onto
    for count, block in enumerate(blocks):
        if not stands_on(block, below):
            if count:
                return tuple(blocks[:count])
            raise Inconsistent(
                f"block {block.height} {block.hash} stands on {block.header.parent}, "
                f"but below it we have {below.height} {below.hash}"
            )
        below = block.ref
    return tuple(blocks)


def stands_on(block: Block, below: BlockRef) -> bool:
    """Whether `below` is the block's parent."""
    return block.header.parent == below.hash and block.height == below.height + 1
