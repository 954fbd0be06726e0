"""Nodes of every kind, set up in every way, and a client that asks what the follower asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from monitor.config import NodeSection
from monitor.embedded import EmbeddedNode, Signature
from monitor.model import BlockHash, Output, PoolSlug
from monitor.node.client import NodeClient
from monitor.vitals import Vitals
from support.bitcoind import Bitcoind as Process
from support.blocks import Recipe, mine_all
from support.peers import CORE, Start

PAYS_MANY = PoolSlug("paysmany")
LONG_SCRIPT = b"\x6a\x4d\xa0\x0f" + bytes(4000)
"""Alone longer than what is read of a block at first."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A node as its owner has set it up."""

    program: str
    rest: bool = True
    blockpart: bool = False
    zmq: bool = True

    @property
    def arguments(self) -> list[str]:
        """How bitcoind is told."""
        silent = ["-nozmqpubhashblock", "-nozmqpubsequence"]
        return [f"-rest={self.rest:d}", *([] if self.zmq else silent)]


KINDS = {
    "embedded": Kind("embedded", blockpart=True),
    "embedded-whole-blocks": Kind("embedded"),
    "embedded-rpc-only": Kind("embedded", rest=False),
    "embedded-silent": Kind("embedded", blockpart=True, zmq=False),
    "bitcoind": Kind("bitcoind"),
    "bitcoind-rpc-only": Kind("bitcoind", rest=False),
    "bitcoind-silent": Kind("bitcoind", zmq=False),
    "core": Kind("core", blockpart=True),
    "core-rpc-only": Kind("core", rest=False),
}


class Peer:
    """A running node of any kind, and what can befall it."""

    def __init__(self, kind: Kind, node: EmbeddedNode | Process) -> None:
        self.kind = kind
        self.node = node

    def section(self, **changes: object) -> NodeSection:
        """How a monitor is told of it."""
        known = {"url": self.node.url, "cookie_file": self.node.cookie_file, "timeout_seconds": 5.0}
        return NodeSection.model_validate(known | changes)

    async def mine(self, count: int = 1, *, outputs: int = 1, on: BlockHash | None = None) -> list[BlockHash]:
        """Blocks on the tip, or on another block."""
        if isinstance(self.node, EmbeddedNode):
            miner, mined = (PAYS_MANY if outputs > 1 else PoolSlug("unknown")), []
            for _ in range(count):
                mined.append(self.node.mine(miner, on=on))
                on = mined[-1]
            return mined
        extra = tuple(Output(1, b"\x00\x14" + bytes(20)) for _ in range(outputs - 1))
        tags = [Recipe(tag=b"/%d/" % (time.monotonic_ns() + n), extra=extra) for n in range(count)]
        return await asyncio.to_thread(mine_all, self.node, tags, on=on)

    async def invalidate(self, block: BlockHash) -> None:
        """A person declares a block invalid."""
        if isinstance(self.node, EmbeddedNode):
            self.node.invalidate(block)
        else:
            await asyncio.to_thread(self.node.call, "invalidateblock", block)

    async def stop(self) -> None:
        """Stop as a service manager would."""
        await (self.node.stop() if isinstance(self.node, EmbeddedNode) else asyncio.to_thread(self.node.stop))

    async def start(self) -> None:
        """Start again, with another cookie."""
        await (self.node.start() if isinstance(self.node, EmbeddedNode) else asyncio.to_thread(self.node.start))


@asynccontextmanager
async def running(kind: Kind, start_bitcoind: Start, *arguments: str) -> AsyncIterator[Peer]:
    """A node with a fresh chain."""
    if kind.program == "embedded":
        signatures = {PAYS_MANY: Signature(b"/many/", LONG_SCRIPT)}
        async with EmbeddedNode(signatures=signatures, rest=kind.rest, blockpart=kind.blockpart, zmq=kind.zmq) as node:
            yield Peer(kind, node)
        return
    if kind.program == "core" and not CORE.exists():
        pytest.skip("there is no newest Bitcoin Core: `make node-core` builds it")
    binary = CORE if kind.program == "core" else None
    yield Peer(kind, await asyncio.to_thread(start_bitcoind, *kind.arguments, *arguments, binary=binary))


@asynccontextmanager
async def asking(section: NodeSection) -> AsyncIterator[NodeClient]:
    """A client that has met its node."""
    async with NodeClient(section, Vitals()) as source:
        await source.ready()
        yield source


def told(node: EmbeddedNode, **changes: object) -> NodeSection:
    """How a monitor is told of the embedded node."""
    return NodeSection.model_validate({"url": node.url, "cookie_file": node.cookie_file} | changes)
