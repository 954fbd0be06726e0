"""What the follower needs of a node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from monitor.model import Block, BlockHash, BlockRef, Notice


class ChainSource(Protocol):
    """A node.

    Every method but `news` may raise `NodeAway` (wait for it), `NodeBusy` (ask again) or `NodeRefused` (give up).
    """

    async def ready(self) -> BlockHash:
        """The genesis block of the chain it serves; raises `NodeAway` while it starts or downloads."""

    async def tip(self) -> BlockHash:
        """Hash of the node's best block."""

    async def hash_at(self, height: int) -> BlockHash | None:
        """The block at this height of the node's best chain; None if that chain is shorter."""

    async def successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        """Up to `count` blocks that follow `block` on the best chain, lowest first; empty if it is not on it."""

    async def block(self, ref: BlockRef) -> Block:
        """A block as far as its coinbase."""

    async def check(self, onto: BlockRef, blocks: Sequence[Block]) -> None:
        """Check blocks that follow `onto`, lowest first, as far as the node is not believed.

        Raises:
            InvalidBlock: one of them breaks a consensus rule.
        """

    async def start_for(self, *, seconds: int, blocks: int) -> BlockRef:
        """The block to begin after, so that the following ones cover so much header time and so many blocks.

        A later one if the node has pruned those. Before the genesis block, the height is -1.
        """

    async def news(self) -> Notice:
        """Wait for a notice that there may be a new block. A block it names was the node's best one then."""
