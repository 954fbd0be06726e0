"""The observer: keeps what the node would have mined, and audits each block after its event.

It is supervised and bounded, and never in the way: it listens to the hub like an output, asks the node for one thing at
a time, and compares on a thread. A node that cannot be audited with is reported once, in a sentence, and asked again
later.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn, Protocol

import structlog

from monitor.audit.compare import AuditRules, compare
from monitor.audit.full_block import full_block
from monitor.audit.mempool import FirstSeen
from monitor.audit.templates import Template, Templates
from monitor.config import AuditSection
from monitor.errors import NodeAway, NodeError, WireError
from monitor.hub import Hub
from monitor.model import Block, BlockAudit, BlockEvents, BlockHash, BlockRef, BlockTemplate

_LONGEST_INTERVAL = 600.0
_RETRY_SECONDS = 600.0
"""Until a node that cannot be audited with is asked again."""
_SOON_SECONDS = 10.0
"""Until a node that is away is asked again, and a mempool that is not announced over ZMQ."""
_SILENCE_SECONDS = 60.0
"""Without a transaction over ZMQ for so long, the mempool is requested with each template."""
_RESYNC_SECONDS = 600.0
"""Between requests for the whole mempool, while it is announced over ZMQ."""
_SHORTEST_SHARE = 0.1
"""Of the interval: the next template is taken that soon if there is a new block."""
_BUSY_SECONDS = 0.2
"""Until connections to the node are counted again."""
_WAITING_BLOCKS = 8
_MOST_FAILURES = 3
"""Requests that fail in a row, until the audit is off: one may pass."""

log = structlog.get_logger()


class AuditNode(Protocol):
    """What the audit asks of the node."""

    @property
    def spare(self) -> bool:
        """Whether a request now would leave a connection free for new blocks."""

    async def refusal(self) -> str | None:
        """Why the node cannot be audited with, in a sentence; None if it can."""

    async def template(self) -> BlockTemplate:
        """What the node would mine now."""

    async def mempool(self) -> list[str]:
        """Identifiers of all transactions in the mempool."""

    async def raw_block(self, ref: BlockRef) -> bytes:
        """A whole block, as serialised."""

    async def spent_outputs(self, block: BlockHash) -> bytes | None:
        """What a block spends, as serialised; None where the node does not say."""

    async def follow_mempool(self, heard: Callable[[str, bool], None], connected: Callable[[], None]) -> None:
        """Hear of transactions that enter or leave the mempool; returns if the node does not announce them."""


class AuditObserver:
    """Audits the blocks of the counted chain.

    Args:
        node: the counted node.
        hub: announces blocks.
        section: grace, margin, and how often.
        found: called with each audit, in the order of the blocks.
        state: called with the reason why there is no audit, or None, and the interval of templates in seconds.
        sanctioned: scripts of the user's list.
    """

    def __init__(
        self,
        node: AuditNode,
        hub: Hub,
        section: AuditSection,
        *,
        found: Callable[[BlockAudit], Awaitable[None]],
        state: Callable[[str | None, float], None],
        sanctioned: frozenset[bytes] = frozenset(),
    ) -> None:
        self._node = node
        self._hub = hub
        self._section = section
        self._rules = AuditRules(grace_seconds=section.grace_seconds, margin=section.margin_ratio)
        self._sanctioned = sanctioned
        self._found = found
        self._state = state
        self._seen = FirstSeen()
        self._templates = Templates(seconds=2 * section.grace_seconds + 600)
        self._interval = section.interval_seconds
        self._heard_at = float("-inf")
        """When a transaction was last heard of over ZMQ, Unix time."""
        self._synced_at = float("-inf")
        self._wake = asyncio.Event()
        """Set by a new block, which needs a template on top of it."""
        self._noted = deque[tuple[Block, float, list[Template]]](maxlen=_WAITING_BLOCKS)
        """Blocks that wait for their audit: when they arrived, and the templates before."""
        self._failures = 0
        """Requests for a template that failed in a row."""
        self._off: str | None = ""
        """Why there is no audit; empty before that is known."""

    async def run(self) -> NoReturn:
        """Audit for ever."""
        with self._hub.listen("audit", limit=2 * _WAITING_BLOCKS) as news:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._observe())
                group.create_task(self._follow_mempool())
                async for each in news:
                    if isinstance(each, BlockEvents):
                        self._note(each)
                    else:  # the snapshot is published: nothing urgent needs the processor
                        while self._noted:
                            await self._audit(*self._noted.popleft())
        raise AssertionError("the hub has ended")

    # -- templates and mempool -----------------------------------------------------------------------------------------

    async def _observe(self) -> NoReturn:
        while True:
            pause = await self._look()
            self._wake.clear()
            await asyncio.sleep(pause * _SHORTEST_SHARE)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause * (1 - _SHORTEST_SHARE)):
                    await self._wake.wait()

    async def _look(self) -> float:
        """Take a template, or find out why there is none; returns the seconds until the next time."""
        await self._until_spare()
        try:
            if self._off is not None and (reason := await self._node.refusal()):
                self._turn(reason)
                return _RETRY_SECONDS
            return await self._sample()
        except NodeAway:
            return min(_SOON_SECONDS, self._interval)
        except (NodeError, WireError) as error:
            self._failures += 1
            if self._failures >= _MOST_FAILURES:
                self._turn(f"the node gives no template: {error}")
            return min(_SOON_SECONDS, self._interval)

    async def _until_spare(self) -> None:
        """Leave the last free connection to new blocks."""
        while not self._node.spare:  # noqa: ASYNC110 -- rare: while a backfill uses the others
            await asyncio.sleep(_BUSY_SECONDS)

    async def _sample(self) -> float:
        if not self._announced or time.time() - self._synced_at > _RESYNC_SECONDS:
            at = time.time()
            self._seen.show(await self._node.mempool(), at)
            self._synced_at = at
        asked, started = time.time(), time.monotonic()
        template = await self._node.template()
        cost = time.monotonic() - started
        self._failures = 0
        made = await asyncio.to_thread(self._templates.add, template, asked, self._sanctioned)
        for txid in made.entries:
            self._seen.add(txid, asked)
        self._interval = min(
            _LONGEST_INTERVAL, max(self._section.interval_seconds, cost / self._section.node_time_ratio)
        )
        self._turn(None)
        self._state(None, self._interval)
        return self._interval

    async def _follow_mempool(self) -> NoReturn:
        while True:
            with suppress(NodeError):
                await self._node.follow_mempool(self._hear, self._lost)
            await asyncio.sleep(_RETRY_SECONDS if self._off is None else _SOON_SECONDS)

    @property
    def _announced(self) -> bool:
        """Whether the node announces transactions, as far as heard."""
        return time.time() - self._heard_at < _SILENCE_SECONDS

    def _hear(self, txid: str, entered: bool) -> None:  # noqa: FBT001 -- as the node announces it
        self._heard_at = time.time()
        (self._seen.add(txid, time.time()) if entered else self._seen.remove(txid))

    def _lost(self) -> None:
        """The whole mempool is asked for before the next template."""
        self._synced_at = float("-inf")

    def _turn(self, off: str | None) -> None:
        if off == self._off:
            return
        if off is None:
            log.info("audit on", interval_seconds=self._interval)
        else:
            log.info("audit off", reason=off)
        self._off = off
        self._state(off, self._interval)

    # -- blocks --------------------------------------------------------------------------------------------------------

    def _note(self, events: BlockEvents) -> None:
        """Keep new blocks with the templates before them, until their snapshot is published."""
        self._wake.set()
        noticed = events.plan.noticed
        arrived = time.time() - (max(0.0, time.monotonic() - noticed) if noticed else 0.0)
        for judged in events.judged if self._off is None else ():
            block, templates = judged.block, [*self._templates.kept]
            if any(each.parent == block.header.parent for each in templates):  # others are history
                self._noted.append((block, arrived, templates))

    async def _audit(self, block: Block, arrived: float, templates: Sequence[Template]) -> None:
        try:
            await self._until_spare()
            raw = await self._node.raw_block(block.ref)
            spent = await self._node.spent_outputs(block.hash)
            audit = await asyncio.to_thread(self._compare, block, templates, raw=raw, spent=spent, arrived=arrived)
        except (NodeError, WireError) as error:
            log.warning("block not audited", height=block.height, reason=str(error))
            return
        if audit:
            await self._found(audit)

    def _compare(
        self, block: Block, templates: Sequence[Template], *, raw: bytes, spent: bytes | None, arrived: float
    ) -> BlockAudit | None:
        whole = full_block(block, raw, spent, arrived=arrived, watched=self._sanctioned)
        rules = self._rules
        if not self._announced:  # what came since the last request for the mempool was not seen
            rules = replace(rules, lag_seconds=rules.lag_seconds + self._interval)
        return compare(whole, templates, self._seen.time, rules=rules, sanctioned=self._sanctioned)
