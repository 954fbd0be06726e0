"""A node in memory as an observer asks it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from monitor.errors import NodeAway, NodeBusy
from monitor.model import Block, BlockHash, BlockRef, ChainTip, HeaderFacts, NodeFacts, Notice
from monitor.wire import work
from support.fake_chain import FakeNode


class ObservedFake:
    """Asks a `FakeNode`; `away` makes it fail."""

    facts: NodeFacts | None = None

    def __init__(self, node: FakeNode, *, without: Collection[BlockHash] = ()) -> None:
        self.node = node
        self.away = False
        self.best: BlockHash | None = None
        self.heard_at: float | None = None
        self.fault: str | None = None
        self.without = without

    def _check(self) -> None:
        self.fault = "it is away" if self.away else None
        if self.away:
            raise NodeAway("it is away")

    async def ready(self) -> BlockHash:
        self._check()
        return await self.node.ready()

    async def tip(self) -> BlockHash:
        self._check()
        self.best = await self.node.tip()
        return self.best

    async def hash_at(self, height: int) -> BlockHash | None:
        self._check()
        return await self.node.hash_at(height)

    async def successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        self._check()
        return await self.node.successors(block, count)

    async def block(self, ref: BlockRef) -> Block:
        self._check()
        if ref.hash in self.without:
            raise NodeBusy("the node has only its header")
        return await self.node.block(ref)

    async def check(self, onto: BlockRef, blocks: Sequence[Block]) -> None:
        self._check()
        await self.node.check(onto, blocks)

    async def start_for(self, *, seconds: int, blocks: int) -> BlockRef:
        self._check()
        return await self.node.start_for(seconds=seconds, blocks=blocks)

    async def news(self) -> Notice:
        notice = await self.node.news()
        self._check()
        return notice

    async def at(self, height: int) -> BlockRef:
        self._check()
        return self.node.chain[height].ref

    async def header(self, block: BlockHash) -> HeaderFacts | None:
        self._check()
        self.node.asked.append("header")
        found = self.node.known.get(block)
        if found is None:
            return None
        header = found.header
        return HeaderFacts(
            found.ref, header.parent, header.time, header.bits, header.version,
            chain_work=(found.height + 1) * work(header.bits),
        )  # fmt: skip

    async def raw_header(self, block: BlockHash) -> bytes | None:
        self._check()
        return bytes.fromhex(block) if block in self.node.known else None

    async def chain_tips(self) -> list[ChainTip]:
        self._check()
        return [ChainTip(self.node.best, 0, "active")]
