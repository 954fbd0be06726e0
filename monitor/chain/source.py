"""The few questions that the follower asks of a node."""

from __future__ import annotations

from typing import Protocol

from monitor.model import Block, BlockHash, BlockRef, Notice


class ChainSource(Protocol):
    """A node that can be asked.

    Every question but the last may raise `NodeAway` (wait for it), `NodeBusy` (ask again) or `NodeRefused` (give up).
    """

    async def ready(self) -> BlockHash:
        """The genesis block of the chain it serves; raises `NodeAway` while it starts or downloads."""

    async def tip(self) -> BlockHash:
        """Hash of the node's best block."""

    async def is_on_main_chain(self, block: BlockHash) -> bool:
        """Whether the node has `block` on its best chain now; False also when it never saw it."""

    async def successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        """Up to `count` blocks that follow `block` on the best chain, lowest first; none when it is not on it."""

    async def block(self, ref: BlockRef) -> Block:
        """A block as far as its coinbase."""

    async def start_for(self, *, seconds: int, blocks: int) -> BlockRef:
        """The block after which to begin, so that what follows covers so much header time and so many blocks.

        Later than that if the node has pruned what would be needed. The place before the genesis block is height -1.
        """

    async def news(self) -> Notice:
        """Return when there may be news; where the notice names a block, that was the node's best one then."""
