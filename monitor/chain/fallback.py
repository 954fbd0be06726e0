"""The counted node as a source of the chain; while it is away, an observer on the same chain stands in for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from monitor.chain.observer import ObservedNode, Observer
from monitor.errors import NodeAway, NodeRefused, PoolMonitorError
from monitor.model import Block, BlockHash, BlockRef, Notice

_RETURN_SECONDS = 5.0
"""How often the counted node is asked meanwhile."""

_T = TypeVar("_T")
log = structlog.get_logger()


class FallbackSource:
    """A `ChainSource` made of several nodes, of which one is asked.

    Another stands in only if it has our tip on its best chain, so that its chain continues ours and has at least as
    much work. The counted node is asked again as soon as it has our tip, or a chain with more work.
    """

    def __init__(
        self,
        nodes: Sequence[Observer],
        tip: Callable[[], Awaitable[BlockRef | None]],
        *,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Combine nodes.

        Args:
            nodes: the counted node, then the observers in the order in which they may stand in.
            tip: our tip.
            patience: how long the counted node may be away before, seconds.
            clock: monotonic, seconds.
        """
        self.nodes = tuple(nodes)
        """The counted node first."""
        self._counted = self.nodes[0]
        self._tip = tip
        self._patience = patience
        self._clock = clock
        self._away_since: float | None = None
        self._asked_at = clock()
        self.followed = self._counted
        """The node that is asked."""

    # -- chain.source --------------------------------------------------------------------------------------------------

    async def ready(self) -> BlockHash:
        """See `ChainSource.ready`."""
        return await self._ask(lambda node: node.ready())

    async def tip(self) -> BlockHash:
        """See `ChainSource.tip`."""
        await self._return()
        return await self._ask(lambda node: node.tip())

    async def hash_at(self, height: int) -> BlockHash | None:
        """See `ChainSource.hash_at`."""
        return await self._ask(lambda node: node.hash_at(height))

    async def successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        """See `ChainSource.successors`."""
        return await self._ask(lambda node: node.successors(block, count))

    async def block(self, ref: BlockRef) -> Block:
        """See `ChainSource.block`."""
        return await self._ask(lambda node: node.block(ref))

    async def check(self, onto: BlockRef, blocks: Sequence[Block]) -> None:
        """See `ChainSource.check`."""
        await self._ask(lambda node: node.check(onto, blocks))

    async def start_for(self, *, seconds: int, blocks: int) -> BlockRef:
        """See `ChainSource.start_for`."""
        return await self._ask(lambda node: node.start_for(seconds=seconds, blocks=blocks))

    async def news(self) -> Notice:
        """See `ChainSource.news`. While another node stands in, it is time to ask the counted one now and then."""
        if self.followed is self._counted:
            return await self.followed.node.news()
        try:
            async with asyncio.timeout(_RETURN_SECONDS):
                return await self.followed.news()  # its observer listens to the node already
        except TimeoutError:  # unless it makes a pause after an error
            return Notice(time.monotonic())

    # -- who is asked --------------------------------------------------------------------------------------------------

    async def _ask(self, question: Callable[[ObservedNode], Awaitable[_T]]) -> _T:
        try:
            answer = await question(self.followed.node)
        except (NodeAway, NodeRefused):
            if self._away_since is None:
                self._away_since = self._clock()
            if self._clock() - self._away_since >= self._patience:
                await self._stand_in()
            raise
        self._away_since = None
        return answer

    async def _stand_in(self) -> None:
        """Ask another node from now on, if there is one on our chain."""
        tip = await self._tip()
        for other in self.nodes:
            if other is self.followed or not other.trusted or other.doubt or tip is None:
                continue
            try:
                await other.node.ready()
                fits = self._has_same_rules(other) and await other.node.hash_at(tip.height) == tip.hash
            except PoolMonitorError:  # it is away, too
                continue
            if fits:
                log.warning("another node stands in", node=other.name, instead_of=self.followed.name, height=tip.height)
                self.followed, self._away_since = other, None
                return

    def _has_same_rules(self, other: Observer) -> bool:
        """Whether its chain is, and will be, that of the counted node as last heard."""
        counted, theirs = self._counted.node.facts, other.node.facts
        return counted is None or theirs is None or counted.chain == theirs.chain

    async def _return(self) -> None:
        """Ask the counted node again once it has what we have."""
        if self.followed is self._counted or self._clock() - self._asked_at < _RETURN_SECONDS:
            return
        self._asked_at = self._clock()
        try:
            await self._counted.node.ready()
            best, tip = await self._counted.node.tip(), await self._tip()
            has_ours = tip is None or await self._counted.node.hash_at(tip.height) == tip.hash
            if not has_ours and not await self._has_more_work(best, tip):
                return
        except PoolMonitorError:  # not yet
            return
        log.info("the counted node is back", node=self._counted.name, instead_of=self.followed.name)
        self.followed, self._away_since = self._counted, None

    async def _has_more_work(self, best: BlockHash, tip: BlockRef | None) -> bool:
        theirs = await self._counted.node.header(best)
        ours = await self.followed.node.header(tip.hash) if tip else None
        return theirs is not None and ours is not None and theirs.chain_work > ours.chain_work
