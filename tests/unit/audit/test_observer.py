"""The observer follows its node's moods, and audits what is announced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from support.blocks import Built, Parent, Recipe, build
from support.fake_chain import judge
from support.published import published

from monitor.audit.observer import AuditObserver
from monitor.config import AuditSection
from monitor.errors import NodeAway, NodeBusy
from monitor.hub import Hub
from monitor.model import BlockAudit, BlockEvents, BlockHash, BlockRef, BlockTemplate, Plan, TemplateEntry
from monitor.vitals import Vitals
from monitor.wire import decode_block, double_sha256

PARENT = Parent("12" * 32, 99, 1_700_000_000)
RAW = bytes.fromhex("02000000") + b"\x01" + bytes(36) + b"\0" + b"\xff" * 4 + b"\x01" + bytes(9) + bytes(4)
TXID = double_sha256(RAW)[::-1].hex()


@dataclass
class FakeNode:
    """A node that says what the test wants."""

    reason: str | None = None
    error: Exception | None = None
    spare: bool = True
    built: Built | None = None
    templates: int = 0
    mempools: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def refusal(self) -> str | None:
        return self.reason

    async def template(self) -> BlockTemplate:
        if self.error:
            raise self.error
        self.templates += 1
        self.asked.set()
        return BlockTemplate(BlockHash(PARENT.hash), (TemplateEntry(TXID, RAW, 5000, weight=244, depends=()),))

    async def mempool(self) -> list[str]:
        self.mempools += 1
        return [TXID]

    async def raw_block(self, ref: BlockRef) -> bytes:
        if self.built is None:
            raise NodeBusy(f"no block {ref.hash}")
        return self.built.raw

    async def spent_outputs(self, block: BlockHash) -> bytes | None:  # noqa: ARG002
        return None

    async def follow_mempool(self, heard: Callable[[str, bool], None], connected: Callable[[], None]) -> None:
        """Announces nothing."""


@dataclass
class Running:
    """An observer at work."""

    hub: Hub
    audits: asyncio.Queue[BlockAudit]
    states: list[str | None]
    changed: asyncio.Event

    def turn(self, off: str | None, _interval: float) -> None:
        """Note the state."""
        self.states.append(off)
        self.changed.set()

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait for a state."""
        async with asyncio.timeout(5):
            while not there():
                self.changed.clear()
                await self.changed.wait()

    def announce(self, built: Built) -> None:
        block = decode_block(built.raw, height=built.height)
        plan = Plan(BlockRef(PARENT.height, BlockHash(PARENT.hash)), block.hash, connects=(block,))
        self.hub.announce(BlockEvents(plan, tuple(judge([block]))))
        self.hub.publish(published(3).snapshot)


@asynccontextmanager
async def observing(node: FakeNode, interval: float = 0.01) -> AsyncIterator[Running]:
    running = Running(Hub(Vitals()), asyncio.Queue(), [], asyncio.Event())
    quick = AuditSection().model_copy(update={"grace_seconds": 0.0, "interval_seconds": interval})
    observer = AuditObserver(node, running.hub, quick, found=running.audits.put, state=running.turn)
    task = asyncio.create_task(observer.run())
    try:
        yield running
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_block_is_compared_with_the_template_before_it() -> None:
    node = FakeNode(built=build(PARENT, Recipe(transactions=(RAW,))))
    async with observing(node) as running:
        await node.asked.wait()
        await asyncio.sleep(0.05)
        assert node.built
        running.announce(node.built)

        audit = await asyncio.wait_for(running.audits.get(), 5)

    assert audit.counts == {"shared": 1}
    assert audit.fees_sat == 5000
    assert node.mempools > 0  # nothing is announced, so it is requested


async def test_a_node_that_cannot_do_it_is_not_asked_for_templates() -> None:
    node = FakeNode(reason="the node relays no transactions")
    async with observing(node) as running:
        await running.until(lambda: bool(running.states))
        running.announce(build(PARENT))
        await asyncio.sleep(0.05)

        assert running.states == ["the node relays no transactions"]
        assert node.templates == 0
        assert running.audits.empty()


async def test_a_failing_block_costs_one_audit_and_nothing_else() -> None:
    node = FakeNode()
    async with observing(node) as running:
        await node.asked.wait()
        await asyncio.sleep(0.05)
        running.announce(build(PARENT, Recipe(tag=b"/lost/")))
        await asyncio.sleep(0.05)
        node.built = build(PARENT, Recipe(transactions=(RAW,)))
        running.announce(node.built)

        audit = await asyncio.wait_for(running.audits.get(), 5)

    assert audit.ref.hash == node.built.hash


async def test_a_node_that_is_away_is_asked_again() -> None:
    node = FakeNode(error=NodeAway("nothing listens"))
    async with observing(node) as running:
        await asyncio.sleep(0.05)
        assert running.states in ([], [None])
        node.error = None
        await asyncio.wait_for(node.asked.wait(), 5)


async def test_the_last_free_connection_is_left_to_new_blocks() -> None:
    node = FakeNode(spare=False)
    async with observing(node):
        await asyncio.sleep(0.1)
        assert node.templates == 0
        node.spare = True
        await asyncio.wait_for(node.asked.wait(), 5)


@pytest.mark.parametrize("error", [NodeBusy("half an answer")])
async def test_a_template_that_makes_no_sense_turns_the_audit_off(error: Exception) -> None:
    node = FakeNode(error=error)
    async with observing(node) as running:
        await running.until(lambda: any(running.states))

        assert "half an answer" in str(running.states[-1])
