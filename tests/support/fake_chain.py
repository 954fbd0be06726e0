"""A chain in memory: blocks without proof of work, a node that has them, and the chain that was followed.

The node answers the questions of `ChainSource`, the memory those of `Past`. The blocks are whole as far as the program
looks, except that nobody worked for them: a hash is that of the parent and a serial number.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import count
from typing import Any

from monitor.chain.follower import Follower
from monitor.errors import StoreRefused
from monitor.model import (
    NO_BLOCK,
    Attribution,
    Block,
    BlockHash,
    BlockRef,
    Coinbase,
    Header,
    Judged,
    Notice,
    Output,
    Plan,
    PoolSlug,
    Reach,
)
from monitor.vitals import Vitals

BITS = 0x1D00FFFF
START = 1_700_000_000
SPACING = 600
ALL = Reach(seconds=10**9, blocks=0)
"""The whole chain, for as long as it is shorter than thirty years."""
BEFORE_ALL = BlockRef(-1, NO_BLOCK)
_serial = count()


def block_on(
    parent: BlockRef, *, time: int | None = None, script: bytes = b"/toy/", payout: bytes = b"\x51", tx_count: int = 1
) -> Block:
    """A new block on `parent`, unlike any other."""
    height = parent.height + 1
    digest = sha256(f"{parent.hash} {next(_serial)}".encode()).digest()
    header = Header(
        hash=BlockHash(digest.hex()),
        version=0x2000_0000,
        parent=parent.hash,
        merkle_root=digest[::-1],
        time=START + SPACING * height if time is None else time,
        bits=BITS,
        nonce=height,
    )
    return Block(height, header, tx_count, Coinbase(script, (Output(50_0000_0000, payout),)))


def chain_on(parent: BlockRef, length: int) -> list[Block]:
    """So many new blocks, one upon the other."""
    chain: list[Block] = []
    for _ in range(length):
        chain.append(block_on(chain[-1].ref if chain else parent))
    return chain


def judge(blocks: Iterable[Block], pool: str | None = "toy") -> tuple[Judged, ...]:
    """Blocks with a judgement that nobody thought about."""
    slug = None if pool is None else PoolSlug(pool)
    verdict = Attribution(slug, None, "", conflict=False, candidates=(), registry="none")
    return tuple(Judged(block, verdict) for block in blocks)


class FakeNode:
    """A node in memory, with the questions of `ChainSource`."""

    def __init__(self, length: int = 1) -> None:
        self.chain = chain_on(BEFORE_ALL, length)
        """Its best chain, lowest first, from the genesis block on."""
        self.known = {block.hash: block for block in self.chain}
        """Every block it ever had."""
        self.asked: list[str] = []
        """The questions, as they came."""
        self.before_answer: Callable[[str], None] = lambda _question: None
        """Called with each question before it is answered: to change the chain, or to raise."""
        self._bell = asyncio.Event()
        self._listened_to = False
        self._named: BlockHash | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether somebody waits for news, and there are none."""
        return self._listened_to and not self._bell.is_set()

    @property
    def best(self) -> BlockRef:
        """Its tip."""
        return self.chain[-1].ref

    def switch(self, *, depth: int = 0, blocks: Sequence[Block] = ()) -> None:
        """Leave so many blocks, join these."""
        assert depth < len(self.chain), "the genesis block stays"
        chain = self.chain[: len(self.chain) - depth]
        for block in blocks:
            assert block.header.parent == chain[-1].hash
            chain.append(block)
        self.chain = chain
        self.known.update((block.hash, block) for block in blocks)
        if not self._bell.is_set():  # the oldest news of several: the hardest case
            self._named = self.best.hash
        self._bell.set()

    def mine(self, length: int = 1, *, depth: int = 0) -> list[Block]:
        """So many new blocks in place of the `depth` highest; none at all is a shorter chain."""
        blocks = chain_on(self.chain[-1 - depth].ref, length)
        self.switch(depth=depth, blocks=blocks)
        return blocks

    def ring(self) -> None:
        """A hint that there may be news."""
        self._bell.set()

    def _has(self, block: BlockHash) -> bool:
        return block == NO_BLOCK or (block in self.known and self.known[block] in self.chain)

    def _asked(self, question: str) -> None:
        self.asked.append(question)
        self.before_answer(question)

    async def ready(self) -> BlockHash:
        self._asked("ready")
        return self.chain[0].hash

    async def tip(self) -> BlockHash:
        self._asked("tip")
        return self.best.hash

    async def hash_at(self, height: int) -> BlockHash | None:
        self._asked("hash_at")
        return self.chain[height].hash if height < len(self.chain) else None

    async def successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        self._asked("successors")
        if not self._has(block.hash):
            return []
        return [each.hash for each in self.chain[block.height + 1 :][:count]]

    async def block(self, ref: BlockRef) -> Block:
        self._asked("block")
        await asyncio.sleep(0)
        return self.known[ref.hash]

    async def check(self, onto: BlockRef, blocks: Sequence[Block]) -> None:
        """See `ChainSource.check`."""

    async def start_for(self, *, seconds: int, blocks: int) -> BlockRef:
        self._asked("start_for")
        earliest = self.chain[-1].header.time - seconds
        inside = next(each.height for each in self.chain if each.header.time > earliest or each is self.chain[-1])
        first = max(0, min(inside, len(self.chain) - blocks))
        return self.chain[first - 1].ref if first else BEFORE_ALL

    async def news(self) -> Notice:
        self._asked("news")
        self._listened_to = True
        try:
            await self._bell.wait()
        finally:
            self._listened_to = False
        self._bell.clear()
        return Notice(time.monotonic(), self._named)


class Memory:
    """What the plans come to, with the questions of `Past`. It takes no plan that does not fit."""

    def __init__(self) -> None:
        self.chain: list[Block] = []
        """The best chain, lowest first."""
        self.known: dict[BlockHash, Block] = {}
        """Every block that was ever on it."""
        self.genesis: BlockHash | None = None

    @property
    def tip(self) -> BlockRef | None:
        """Where it ends."""
        return self.chain[-1].ref if self.chain else None

    def apply(self, plan: Plan) -> None:
        """Do as planned."""
        for ref in plan.disconnects:
            assert self.chain.pop().ref == ref
        assert self.tip in (None, plan.onto)
        below = plan.onto
        for block in plan.connects:
            assert (block.header.parent, block.height) == (below.hash, below.height + 1)
            self.chain.append(block)
            self.known[block.hash] = block
            below = block.ref

    async def has(self, block: BlockHash) -> bool:
        return block in self.known and self.known[block] in self.chain

    async def below(self, block: BlockRef) -> BlockRef | None:
        at = self.chain.index(self.known[block.hash])
        return self.chain[at - 1].ref if at else None

    async def claim(self, genesis: BlockHash) -> None:
        if genesis != (self.genesis or genesis):
            raise StoreRefused("another chain")
        self.genesis = genesis


class Following:
    """A follower between a node and a memory, moved by hand. It asks again at once instead of waiting."""

    def __init__(self, node: FakeNode, memory: Memory, *, batch: int = 500, reach: Reach = ALL) -> None:
        self.node = node
        self._how: dict[str, Any] = {"batch": batch, "reach": reach}
        self.memory = memory
        self.vitals = Vitals()
        self.follower = Follower(node, memory, reach, vitals=self.vitals, batch=batch, pause=lambda _state: 0.0)
        self._done: list[Plan] = []
        self._task: asyncio.Task[None] | None = None

    async def settle(self) -> list[Plan]:
        """Do every plan that comes until the follower waits for news, and there are none."""
        self._task = self._task or asyncio.create_task(self._follow())
        async with asyncio.timeout(60):
            while not (self._task.done() or self.node.is_quiet):  # noqa: ASYNC110 -- two things to wait for
                await asyncio.sleep(0)
        if self._task.done():
            await self._task
        done, self._done = self._done, []
        return done

    async def restart(self) -> Following:
        """The same anew, with what is remembered."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        return Following(self.node, self.memory, **self._how)

    async def _follow(self) -> None:
        async for plan in self.follower.plans(self.memory.tip):
            self.memory.apply(plan)
            self._done.append(plan)
