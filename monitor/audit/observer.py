"""The observer: keeps what the node would have mined, and audits each block after its event.

It is supervised and bounded, and never in the way: it listens to the hub like an output, asks the node for one thing at
a time, and compares on a thread. A node that cannot be audited with is reported once, in a sentence, and asked again
later.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import NoReturn, Protocol

import structlog

from monitor.audit.compare import AuditRules, compare
from monitor.audit.full_block import full_block
from monitor.audit.mempool import FirstSeen
from monitor.audit.templates import Template, Templates
from monitor.errors import NodeAway, NodeError, WireError
from monitor.hub import Hub
from monitor.model import Block, BlockAudit, BlockEvents, BlockHash, BlockRef, BlockTemplate

_COST_SHARE = 0.01
"""Of its time that a node is asked to spend on templates, at most."""
_LONGEST_INTERVAL = 600.0
_RETRY_SECONDS = 600.0
"""Until a node that cannot be audited with is asked again."""
_SOON_SECONDS = 10.0
"""Until a node that is away is asked again, and a mempool that is not announced over ZMQ."""
_RESYNC_SECONDS = 600.0
"""Between requests for the whole mempool, while it is announced over ZMQ."""
_SHORTEST_SHARE = 0.1
"""Of the interval: the next template is taken that soon if there is a new block."""
_BUSY_SECONDS = 0.2
"""Until connections to the node are counted again."""
_WAITING_BLOCKS = 8

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


@dataclass(frozen=True, slots=True)
class ObserverSettings:
    """What the observer does, and how often."""

    rules: AuditRules
    interval_seconds: float = 30.0
    sanctioned: frozenset[bytes] = frozenset()
    """Scripts of the user's list."""


class AuditObserver:
    """Audits the blocks of the counted chain.

    Args:
        node: the counted node.
        hub: announces blocks.
        settings: rules and interval.
        found: called with each audit, in the order of the blocks.
        state: called with the reason why there is no audit, or None, and the interval of templates in seconds.
    """

    def __init__(
        self,
        node: AuditNode,
        hub: Hub,
        settings: ObserverSettings,
        *,
        found: Callable[[BlockAudit], Awaitable[None]],
        state: Callable[[str | None, float], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._node = node
        self._hub = hub
        self._settings = settings
        self._found = found
        self._state = state
        self._clock = clock
        self._seen = FirstSeen()
        self._templates = Templates(seconds=2 * settings.rules.grace_seconds + 600)
        self._interval = settings.interval_seconds
        self._announced = False
        """Whether transactions are heard of over ZMQ."""
        self._synced_at = float("-inf")
        self._wake = asyncio.Event()
        """Set by a new block, which needs a template on top of it."""
        self._off: str | None = ""
        """Why there is no audit; empty before that is known."""

    async def run(self) -> NoReturn:
        """Audit for ever."""
        with self._hub.listen("audit", limit=_WAITING_BLOCKS) as news:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._observe())
                group.create_task(self._follow_mempool())
                async for each in news:
                    if isinstance(each, BlockEvents):
                        await self._take(each)
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
        try:
            if self._off is not None and (reason := await self._node.refusal()):
                self._turn(reason)
                return _RETRY_SECONDS
            self._turn(None)
            return await self._sample()
        except NodeAway:
            return min(_SOON_SECONDS, self._interval)
        except (NodeError, WireError) as error:
            self._templates.kept.clear()
            self._turn(f"the node gives no template: {error}")
            return _SOON_SECONDS

    async def _until_spare(self) -> None:
        """Leave the last free connection to new blocks."""
        while not self._node.spare:  # noqa: ASYNC110 -- rare: while a backfill uses the others
            await asyncio.sleep(_BUSY_SECONDS)

    async def _sample(self) -> float:
        await self._until_spare()
        if not self._announced or self._clock() - self._synced_at > _RESYNC_SECONDS:
            await self._sync()
        asked, started = self._clock(), time.monotonic()
        template = await self._node.template()
        cost = time.monotonic() - started
        watched = self._settings.sanctioned
        made = await asyncio.to_thread(self._templates.add, template, asked, watched)
        for txid in made.entries:
            self._seen.add(txid, asked)
        self._interval = min(_LONGEST_INTERVAL, max(self._settings.interval_seconds, cost / _COST_SHARE))
        self._state(None, self._interval)
        return self._interval

    async def _sync(self) -> None:
        now = self._clock()
        txids = await self._node.mempool()
        self._seen.show(txids, now)
        self._synced_at = now

    async def _follow_mempool(self) -> NoReturn:
        while True:
            try:
                await self._node.follow_mempool(self._hear, self._lost)
            except NodeError:
                pass
            finally:
                self._announced = False
            await asyncio.sleep(_RETRY_SECONDS if self._off is None else _SOON_SECONDS)

    def _hear(self, txid: str, entered: bool) -> None:  # noqa: FBT001 -- as the node announces it
        self._announced = True
        (self._seen.add(txid, self._clock()) if entered else self._seen.remove(txid))

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

    async def _take(self, events: BlockEvents) -> None:
        self._wake.set()
        noticed = events.plan.noticed
        arrived = self._clock() - (max(0.0, time.monotonic() - noticed) if noticed else 0.0)
        for judged in events.judged if self._off is None else ():
            if self._has_template(judged.block):  # others are history that is caught up with
                await self._audit(judged.block, arrived)

    def _has_template(self, block: Block) -> bool:
        return any(each.parent == block.header.parent for each in self._templates.kept)

    async def _audit(self, block: Block, arrived: float) -> None:
        templates = [*self._templates.kept]
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
        whole = full_block(block, raw, spent, arrived=arrived, watched=self._settings.sanctioned)
        rules = self._settings.rules
        if not self._announced:  # what came since the last request for the mempool was not seen
            rules = replace(rules, lag_seconds=rules.lag_seconds + self._interval)
        return compare(whole, templates, self._seen.time, rules=rules, sanctioned=self._settings.sanctioned)
