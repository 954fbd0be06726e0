"""Nodes of every kind behind one face, so that a test can hold the embedded one against real ones."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from monitor.embedded import EmbeddedNode
from monitor.model import BlockHash
from support.bitcoind import Bitcoind
from support.services import CHECKOUT

CORE = CHECKOUT / ".services" / "core" / "bin" / "bitcoind"
BURN = f"raw(6a4c50{'ab' * 80})"
"""Where real nodes mine to: long, so that block files fill and can be pruned."""

Start = Callable[..., Bitcoind]


class Peer:
    """A running node of any kind: how to ask it, and how to make things happen to it."""

    def __init__(self, node: EmbeddedNode | Bitcoind, session: aiohttp.ClientSession, *, blockpart: bool) -> None:
        self.node = node
        self.blockpart = blockpart
        self._session = session

    @property
    def login(self) -> str:
        """User and password as the cookie file has them now."""
        return self.node.cookie_file.read_text()

    async def say(self, text: str, *, login: str | None = None) -> tuple[int, str, Any]:
        """POST something to the RPC port: the status, the content type, the answer."""
        headers = {"Authorization": "Basic " + b64encode((login or self.login).encode()).decode()}
        async with self._session.post(f"{self.node.url}/", data=text, headers=headers) as response:
            body = await response.text()
            return response.status, response.headers.get("Content-Type", ""), json.loads(body) if body else None

    async def call(self, method: str, *params: object) -> Any:  # noqa: ANN401 -- whatever the method answers
        """One RPC that must succeed."""
        status, _, answer = await self.say(json.dumps({"method": method, "params": params, "id": 1}))
        assert status == 200, answer
        return answer["result"]

    async def rest(self, path: str) -> tuple[int, str, bytes]:
        """GET below `/rest/`: the status, the content type, the body."""
        return await self.get(f"/rest/{path}")

    async def get(self, path: str) -> tuple[int, str, bytes]:
        """GET anything."""
        async with self._session.get(f"{self.node.url}{path}") as response:
            return response.status, response.headers.get("Content-Type", ""), await response.read()

    async def mine(self, count: int) -> list[str]:
        """Blocks on the tip; their hashes."""
        if isinstance(self.node, EmbeddedNode):
            return [self.node.mine() for _ in range(count)]
        mined: list[str] = await self.call("generatetodescriptor", count, BURN)
        return mined

    async def invalidate(self, block: str) -> None:
        """A person declares a block invalid."""
        if isinstance(self.node, EmbeddedNode):
            self.node.invalidate(BlockHash(block))
        else:
            await self.call("invalidateblock", block)

    async def reconsider(self, block: str) -> None:
        """A person takes that back."""
        if isinstance(self.node, EmbeddedNode):
            self.node.reconsider(BlockHash(block))
        else:
            await self.call("reconsiderblock", block)

    async def prune(self, height: int) -> None:
        """Forget old blocks, perhaps not all below `height`."""
        if isinstance(self.node, EmbeddedNode):
            self.node.prune(height)
        else:
            await self.call("pruneblockchain", height)

    async def stop(self) -> None:
        """Stop as a service manager would."""
        await (self.node.stop() if isinstance(self.node, EmbeddedNode) else asyncio.to_thread(self.node.stop))

    async def start(self) -> None:
        """Start again."""
        await (self.node.start() if isinstance(self.node, EmbeddedNode) else asyncio.to_thread(self.node.start))


@asynccontextmanager
async def opened(kind: str, start_bitcoind: Start, *arguments: str) -> AsyncIterator[Peer]:
    """A node of one kind, with a fresh regtest chain."""
    async with aiohttp.ClientSession() as session:
        if kind == "embedded":
            async with EmbeddedNode() as node:
                yield Peer(node, session, blockpart=True)
        elif kind == "core":
            if not CORE.exists():
                pytest.skip("there is no newest Bitcoin Core: `make node-core` builds it")
            yield Peer(await asyncio.to_thread(start_bitcoind, *arguments, binary=CORE), session, blockpart=True)
        else:
            yield Peer(await asyncio.to_thread(start_bitcoind, *arguments), session, blockpart=False)
