"""The loop that follows a node: ask about our tip, turn the answers into the next plan.

There is one path for everything that can happen to a chain. Is our tip still on the node's best chain? If not, step
back one block and ask again; then connect the blocks that follow. Reorganisations of any depth, same-height switches,
invalidated blocks, restarts and the first start all take it, and the cursor is the tip of what is stored.

Absence is not denial: a block of ours is left only for another one at a height that we have. A node that ends at one of
our blocks is behind, and is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from monitor.chain.plan import Behind, Inconsistent, joined, stands_on
from monitor.chain.source import ChainSource
from monitor.errors import ChainError, InvalidBlock, NodeAway, NodeBusy, NodeError, NodeRefused
from monitor.model import Block, BlockHash, BlockRef, Notice, Plan, Reach
from monitor.outages import Outage
from monitor.vitals import Vitals

_BATCH = 500
"""Most blocks in a plan: they are stored in one transaction, and requested again if the best chain changes."""
_CONTRADICTIONS = 100
"""More in a row than a reorganisation explains: the node is broken."""
LASTING_SECONDS = 900.0
"""A node that has answered before and refuses for less time than this is away, not wrongly configured."""
_PAUSE = wait_random_exponential(multiplier=0.1, max=5)
"""Seconds before a request is repeated."""

_PASSING = (NodeAway, NodeBusy, InvalidBlock, Inconsistent)
"""Errors that a repeated request may cure."""
_KINDS = {
    NodeBusy: "node_busy",
    NodeRefused: "node_refused",
    InvalidBlock: "invalid_block",
    Inconsistent: "inconsistent",
    Behind: "node_behind",
}
"""Labels of `errors_total`; all other errors are `node_away`."""

_T = TypeVar("_T")
Pause: TypeAlias = Callable[[RetryCallState], float]

log = structlog.get_logger()


class StoredChain(Protocol):
    """What the follower needs of our own chain."""

    async def has(self, block: BlockHash) -> bool:
        """Whether this block is on our best chain."""

    async def below(self, block: BlockRef) -> BlockRef | None:
        """The parent of this block of our best chain; None if it is the first one stored."""

    async def claim(self, genesis: BlockHash) -> None:
        """Raise if our chain begins with another genesis block."""


class Follower:
    """Follows one node's best chain by hash."""

    def __init__(
        self,
        source: ChainSource,
        stored: StoredChain,
        reach: Reach,
        *,
        vitals: Vitals,
        batch: int = _BATCH,
        pause: Pause = _PAUSE,
    ) -> None:
        self._source = source
        self._stored = stored
        self._reach = reach
        self._vitals = vitals
        self._batch = batch
        self._pause = pause
        self._met = False
        self._caught_up = False
        self._answered = False
        """Whether the node has ever answered, now or before the last start."""
        self._refused_since: float | None = None
        self._outage = Outage()
        self.waiting: str | None = None
        """Why the node is being waited for; None while it answers."""
        self.stepped_at = time.monotonic()
        """When it began or ended a request last: every request ends in time, so an old time says that intake stands
        still."""

    async def plans(self, tip: BlockRef | None) -> AsyncIterator[Plan]:
        """Every step from `tip` on, for ever. Each is requested after the caller has stored the one before.

        An empty plan says that we have caught up. It comes only if no other plan says so.

        Args:
            tip: the tip of what is stored; None to begin as far back as `reach` says.
        """
        self._answered, self._caught_up = self._answered or tip is not None, False
        notice = Notice(time.monotonic())
        while True:
            looked = self.stepped_at = time.monotonic()
            try:
                plan = await self._persistently(partial(self._plan, tip, notice))
            except Behind as error:
                self._log_waiting(error)
                notice = await self._source.news()
                continue
            if plan.is_empty and self._caught_up:
                notice = await self._source.news()
                continue
            yield plan
            # What follows without another notice came after this look, or it would be in the plan.
            tip, notice = plan.end, Notice(looked)
            self._caught_up = plan.caught_up

    async def meet(self) -> None:
        """Wait until the node serves a chain, and check that it is ours."""
        await self._persistently(self._meet)

    async def _persistently(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """An answer, however long it takes: wait for a node that is away, ask again one that is busy."""
        try:
            answer = await ask()
        except (NodeError, ChainError) as error:
            if not self._may_pass(error):
                raise
            self._log_waiting(error)
            answer = await self._again(ask)
        self._answered, self._refused_since = True, None
        self.waiting = None
        if (seconds := self._outage.recovered()) is not None:
            log.info("connection restored", seconds=seconds)
        return answer

    def _may_pass(self, error: BaseException) -> bool:
        """Whether a repeated request may cure it, as it may cure a refusal by a node that has answered before."""
        if not isinstance(error, NodeRefused):
            self._refused_since = None
            return isinstance(error, _PASSING)
        now = time.monotonic()
        self._refused_since = now if self._refused_since is None else self._refused_since
        return self._answered and now - self._refused_since < LASTING_SECONDS

    async def _again(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        contradictions = 0
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(self._may_pass),
            wait=self._pause,
            before_sleep=lambda state: self._log_waiting(state.outcome.exception() if state.outcome else None),
        ):
            with attempt:
                self.stepped_at = time.monotonic()
                try:
                    answer = await ask()
                except Inconsistent as error:
                    contradictions += 1
                    if contradictions == _CONTRADICTIONS:
                        raise ChainError(f"the node contradicts itself; is its database damaged? {error}") from None
                    raise
        return answer

    async def _meet(self) -> None:
        if not self._met:
            await self._stored.claim(await self._source.ready())
            self._met = True

    async def _plan(self, tip: BlockRef | None, notice: Notice) -> Plan:
        await self._meet()
        if tip and (plan := await self._announced(tip, notice)):
            return plan
        noticed = notice.at
        node_tip = await self._source.tip()
        if tip and node_tip == tip.hash:
            return Plan(tip, node_tip, noticed=noticed)
        if tip and (plan := await self._one_more(tip, node_tip, noticed)):
            return plan
        if tip and await self._stored.has(node_tip):
            raise Behind(f"the node is behind: its best block {node_tip} is one of ours, our tip is block {tip.height}")
        common, disconnects = await self._common_block(tip)
        onto = common or await self._source.start_for(seconds=self._reach.seconds, blocks=self._reach.blocks)
        hashes = await self._source.successors(onto, self._batch)
        refs = [BlockRef(onto.height + above, each) for above, each in enumerate(hashes, start=1)]
        blocks = joined(onto, await self._fetch(refs))
        await self._source.check(onto, blocks)
        if not blocks:
            raise Inconsistent(f"the node's tip {node_tip} is not ours, yet nothing follows block {onto.height}")
        if disconnects and not common:
            log.warning("no stored block is on the node's chain, starting over", blocks=len(disconnects))
        return Plan(onto, node_tip, tuple(disconnects), connects=blocks, noticed=noticed)

    async def _announced(self, tip: BlockRef, notice: Notice) -> Plan | None:
        """The usual case: the block that the notice names stands on our tip."""
        if notice.tip not in {None, tip.hash}:
            with suppress(NodeBusy):
                return await self._one_more(tip, BlockHash(str(notice.tip)), notice.at)
        return None

    async def _one_more(self, tip: BlockRef, node_tip: BlockHash, noticed: float) -> Plan | None:
        """The usual case, in one request: the node's tip stands on ours, so ours is still on its chain."""
        if not self._caught_up:
            return None
        block = await self._source.block(BlockRef(tip.height + 1, node_tip))
        if not stands_on(block, tip):
            return None
        await self._source.check(tip, (block,))
        return Plan(tip, node_tip, connects=(block,), noticed=noticed)

    async def _common_block(self, tip: BlockRef | None) -> tuple[BlockRef | None, list[BlockRef]]:
        """Our highest block on the node's best chain, and our blocks above it, highest first.

        Raises:
            Behind: the node has no other block at any of their heights.
        """
        disconnects: list[BlockRef] = []
        replaced, common = False, tip
        while common and (theirs := await self._source.hash_at(common.height)) != common.hash:
            replaced = replaced or theirs is not None
            disconnects.append(common)
            common = await self._stored.below(common)
        if disconnects and not replaced:
            raise Behind(f"the node is behind: its best chain ends below block {disconnects[-1].height}, which we have")
        return common, disconnects

    async def _fetch(self, refs: list[BlockRef]) -> list[Block]:
        """The blocks below the first one that fails; its error, if it is the lowest."""
        tasks = [asyncio.create_task(self._source.block(ref)) for ref in refs]
        blocks: list[Block] = []
        try:
            for task in tasks:
                blocks.append(await task)  # those before an error are kept
                self.stepped_at = time.monotonic()
        except NodeError:
            if not blocks:
                raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return blocks

    def _log_waiting(self, error: BaseException | None) -> None:
        self._vitals.errors.labels(_kind(error)).inc()
        self.waiting = str(error)
        if isinstance(error, (NodeAway, NodeRefused)):  # another node may come back
            self._met = False
        if (seconds := self._outage.failed()) is not None:
            log.warning("waiting for the node", reason=str(error), seconds=seconds)


def _kind(error: BaseException | None) -> str:
    """The label of the error in `errors_total`."""
    return next((label for kind, label in _KINDS.items() if isinstance(error, kind)), "node_away")
