"""A source that is not believed: each block is checked before the follower sees it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from monitor.chain.source import ChainSource
from monitor.consensus.difficulty import PERIOD_BLOCKS, DifficultyRules, Link
from monitor.consensus.merkle import coinbase_id
from monitor.consensus.verification import Verdict, verify_block, verify_coinbase
from monitor.model import Block, BlockHash, BlockRef, Notice
from monitor.wire import display_hash

_REMEMBERED = 2 * PERIOD_BLOCKS
"""Links that are kept: the rules look back one period, and a few branches fit beside it."""


class ProvingSource(ChainSource, Protocol):
    """A node that can prove that a block contains its coinbase."""

    async def coinbase_proof(self, block: BlockHash, txid: str) -> bytes | None:
        """A merkle block for the coinbase; None if the node does not give one.

        Raises:
            InvalidBlock: the node says that the block has no such transaction.
        """


class VerifiedSource:
    """A source with checked blocks. `block` raises `InvalidBlock` for one that breaks a rule.

    Args:
        source: the node.
        rules: called when the node is ready: the rules of its network, or None if they are not known.
        proves: whether the node has to prove each coinbase, for which it reads the whole block.
        known: ancestors of the blocks to come, such as the stored ones; without them, the first block is not checked
            against its parent, and no change of difficulty before a whole period has been seen.
        now: Unix time.
    """

    def __init__(
        self,
        source: ProvingSource,
        rules: Callable[[], DifficultyRules | None],
        *,
        proves: bool = False,
        known: Iterable[Link] = (),
        now: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._rules_of_node = rules
        self._rules: DifficultyRules | None = None
        self._proves = proves
        self._now = now
        self._links = {each.hash: each for each in known}
        self._fetching: dict[BlockHash, asyncio.Event] = {}
        self.verdict: Verdict | None = None
        """What was found about the last block; None before the first, and without rules."""

    async def ready(self) -> BlockHash:
        """See `ChainSource.ready`."""
        genesis = await self._source.ready()
        self._rules = self._rules_of_node()
        return genesis

    async def tip(self) -> BlockHash:
        """See `ChainSource.tip`."""
        return await self._source.tip()

    async def is_on_main_chain(self, block: BlockHash) -> bool:
        """See `ChainSource.is_on_main_chain`."""
        return await self._source.is_on_main_chain(block)

    async def successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        """See `ChainSource.successors`."""
        return await self._source.successors(block, count)

    async def start_for(self, *, seconds: int, blocks: int) -> BlockRef:
        """See `ChainSource.start_for`."""
        return await self._source.start_for(seconds=seconds, blocks=blocks)

    async def news(self) -> Notice:
        """See `ChainSource.news`."""
        return await self._source.news()

    async def block(self, ref: BlockRef) -> Block:
        """A block that breaks no rule that can be checked; see `ChainSource.block`.

        Raises:
            InvalidBlock: it breaks one.
        """
        done = self._fetching[ref.hash] = asyncio.Event()
        try:
            block = await self._source.block(ref)
            proof = await self._proof(block) if self._proves else None
            if parent := self._fetching.get(block.header.parent):  # blocks of a batch arrive in any order
                await parent.wait()
            self._check(block, proof)
        finally:
            done.set()
            self._fetching.pop(ref.hash, None)
        return block

    async def _proof(self, block: Block) -> bytes | None:
        return await self._source.coinbase_proof(block.hash, display_hash(coinbase_id(block)))

    def _check(self, block: Block, proof: bytes | None) -> None:
        if self._rules is None:
            return
        parent = self._links.get(block.header.parent)
        verdict = verify_block(block, parent, self._rules, below=self._below, now=self._now())
        if self._proves:
            verdict = Verdict(verdict.block, (*verdict.findings, verify_coinbase(block, proof)))
        self.verdict = verdict
        verdict.require()
        self._links.pop(block.hash, None)
        self._links[block.hash] = Link.of(block)
        if len(self._links) > 2 * _REMEMBERED:
            self._links = dict(list(self._links.items())[-_REMEMBERED:])

    def _below(self, link: Link) -> Link | None:
        return self._links.get(link.parent)
