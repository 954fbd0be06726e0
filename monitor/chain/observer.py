"""Follows the tip of one node, whatever chain it is on. A node that is away, behind or wrong spoils only itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn, Protocol

import structlog

from monitor.chain.source import ChainSource
from monitor.errors import OnAnotherChain, PoolMonitorError, StoreRefused
from monitor.logs import log_failure
from monitor.model import BlockHash, BlockRef, ChainTip, HeaderFacts, NodeFacts, NodeRole, Notice

_LEAST_PAUSE_SECONDS, _MOST_PAUSE_SECONDS = 1.0, 60.0

log = structlog.get_logger()


class ObservedNode(ChainSource, Protocol):
    """A node that also tells of branches which it does not follow, and keeps what it was last heard to say."""

    facts: NodeFacts | None
    best: BlockHash | None
    """Its best block."""
    heard_at: float | None
    """When it said so, Unix time."""
    fault: str | None
    """Why it does not answer; None while it does."""

    async def header(self, block: BlockHash) -> HeaderFacts | None:
        """A header of any branch; None if the node does not know the block."""

    async def raw_header(self, block: BlockHash) -> bytes | None:
        """The same as serialised."""

    async def at(self, height: int) -> BlockRef:
        """The block at a height of its best chain; raises `NodeBusy` if that is shorter."""

    async def chain_tips(self) -> list[ChainTip]:
        """The ends of all branches that the node knows."""


class Observer:
    """One node, and why it is not believed."""

    def __init__(
        self, name: str, node: ObservedNode, *, role: NodeRole = NodeRole.OBSERVER, trusted: bool = True
    ) -> None:
        self.name = name
        self.node = node
        self.role = role
        self.trusted = trusted
        """Whether its word is taken for what cannot be checked."""
        self.fault: str | None = None
        """Why it is not followed: it does not answer, or is on another network. None while it is."""
        self.doubt: str | None = None
        """What was wrong with its branch at the last look; None if nothing was."""
        self._failed = False
        """Whether an unexpected error was logged."""
        self._notice = Notice(0.0)
        self._noticed = asyncio.Event()

    @property
    def reason(self) -> str | None:
        """Why it does not count; None while it answers and is believed."""
        if known := self.fault or self.doubt or self.node.fault:
            return known
        return None if self.node.best else "it has not answered yet"

    async def news(self) -> Notice:
        """Wait for the next notice, or for its being away. For one caller, while `run` listens to the node."""
        await self._noticed.wait()
        self._noticed.clear()
        return self._notice

    async def run(
        self, check: Callable[[BlockHash], Awaitable[None]], arrived: Callable[[Observer, Notice | None], None]
    ) -> NoReturn:
        """Follow its tip for ever.

        Args:
            check: called with its genesis block when it is met; raises if that is not ours.
            arrived: called after each change, with the notice if its tip is news; when the node is met it is not.
        """
        pause = _LEAST_PAUSE_SECONDS
        while True:
            try:
                await self._meet(check)
                await self.node.tip()
                self.fault = None
                arrived(self, None)
                pause = _LEAST_PAUSE_SECONDS
                await self._follow(arrived)
            except PoolMonitorError as error:  # a refusal, too: this node spoils nothing but itself
                self._fail(error)
            except Exception as error:  # noqa: BLE001 -- an error of ours that an answer caused spoils no other node
                self.fault = self.unexpected(error)
            self._pass_on(Notice(time.monotonic()))
            arrived(self, None)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _MOST_PAUSE_SECONDS)

    async def _meet(self, check: Callable[[BlockHash], Awaitable[None]]) -> None:
        genesis = await self.node.ready()
        try:
            await check(genesis)
        except StoreRefused:  # its remedy is for the counted node
            raise OnAnotherChain.of_network(self.node.facts.network if self.node.facts else "unknown") from None

    async def _follow(self, arrived: Callable[[Observer, Notice | None], None]) -> NoReturn:
        while True:
            known = self.node.best
            notice = await self.node.news()
            self._pass_on(notice)
            if await self.node.tip() != known:
                arrived(self, notice)

    def unexpected(self, error: Exception) -> str:
        """What to say of the node after an error of ours that an answer of it has caused; the first is logged."""
        if not self._failed:
            self._failed = True
            log_failure("an observed node caused an unexpected error", error, node=self.name)
        return f"its answers caused an unexpected error ({type(error).__name__})"

    def _pass_on(self, notice: Notice) -> None:
        self._notice = notice
        self._noticed.set()

    def _fail(self, error: PoolMonitorError) -> None:
        if self.fault is None:
            log.warning("an observed node is away", node=self.name, reason=str(error))
        self.fault = str(error)
