"""The node's REST interface, for bulk: headers by the thousand, and of a block no more than its coinbase needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from http import HTTPStatus

import aiohttp
from prometheus_client import Histogram
from yarl import URL

from monitor.config import NodeSection
from monitor.errors import NodeAway, NodeBusy, Truncated
from monitor.model import NO_BLOCK, Block, BlockHash, BlockRef
from monitor.node.lines import Answer, Lines
from monitor.vitals import Vitals
from monitor.wire import HEADER_BYTES, MAX_BLOCK_BYTES, decode_block, display_hash, double_sha256

HEADERS_AT_ONCE = 2000
"""As many as the node gives in one answer."""

_FIRST_BYTES = 2048
"""Holds header and coinbase of nearly every block; the few that pay many miners at once are asked for again."""
PATHS = ("headers", "block", "blockpart")
"""What is asked for, below /rest/."""


class Rest:
    """Asks the REST interface of one node."""

    def __init__(self, node: NodeSection, vitals: Vitals, budget: asyncio.Semaphore) -> None:
        self._node = node
        self._budget = budget
        self._base = f"{node.url.rstrip('/')}/rest/"
        self._seconds = {name: vitals.node_rpc_seconds.labels(f"rest_{name}") for name in PATHS}
        self._lines = Lines(node.url)
        self._session: aiohttp.ClientSession | None = None
        self.available = False
        """Whether the node serves REST at all."""
        self.has_blockpart = False
        """Whether it serves parts of blocks, as Bitcoin Core does from version 31 on."""
        self._blocks_are_short = False
        """Whether the last was, and so its neighbours may be: then they are asked for as a whole at once."""

    async def probe(self, tip: BlockHash) -> None:
        """Find out what there is, by asking for the best block: the one that even a pruned node has."""
        self.available = self.has_blockpart = False
        if self._node.rest == "off":
            return
        self.available = await self._get("headers", f"headers/1/{tip}.bin") is not None
        if self.available:
            part = await self._get("blockpart", f"blockpart/{tip}.bin?offset=0&size={HEADER_BYTES}")
            self.has_blockpart = part is not None

    async def successors(self, block: BlockRef, count: int, genesis: BlockHash) -> list[BlockHash]:
        """The blocks that follow `block` on the best chain, lowest first; none when it is not on it."""
        from_genesis = block.hash == NO_BLOCK
        start = genesis if from_genesis else block.hash
        answer = await self._get("headers", f"headers/{min(count + 1, HEADERS_AT_ONCE)}/{start}.bin")
        raw = answer.body if answer else b""
        hashes = [display_hash(double_sha256(raw[at : at + HEADER_BYTES])) for at in range(0, len(raw), HEADER_BYTES)]
        return hashes[:count] if from_genesis else hashes[1 : count + 1]

    async def block(self, ref: BlockRef) -> Block | None:
        """A block as far as its coinbase; None when the node does not have it."""
        if self.has_blockpart and not self._blocks_are_short:
            size = _FIRST_BYTES
            while size <= MAX_BLOCK_BYTES:
                part = await self._get("blockpart", f"blockpart/{ref.hash}.bin?offset=0&size={size}")
                if part is None:
                    self._blocks_are_short = True  # than that, or not there at all: the whole block tells
                    break
                try:
                    return decode_block(part.body, height=ref.height)
                except Truncated:
                    size *= 8
        return await self._beginning(ref)

    async def close(self) -> None:
        """Drop every connection."""
        self._lines.close()
        if self._session:
            await self._session.close()
            self._session = None

    async def _beginning(self, ref: BlockRef) -> Block | None:
        """Read a block only as far as the coinbase, then hang up on the rest."""
        found: list[Block] = []

        def suffices(received: bytes) -> bool:
            with suppress(Truncated):
                found.append(decode_block(received, height=ref.height))
            return bool(found)

        answer = await self._get("block", f"block/{ref.hash}.bin", suffices)
        if answer is None:
            return None
        if not found:
            raise NodeBusy(f"the node stopped in the middle of block {ref.hash}")
        self._blocks_are_short &= answer.whole
        return found[0]

    async def _get(self, name: str, path: str, suffices: Callable[[bytes], bool] | None = None) -> Answer | None:
        """An answer, or as much of it as suffices; None for what the node says is not there."""
        async with self._budget:
            with _Question(self._node.url, self._seconds[name]):
                async with asyncio.timeout(self._node.timeout_seconds):
                    answer = await self._lines.get(f"/rest/{path}", suffices) or await self._read(path, suffices)
        return answer if _is_there(answer.status) else None

    async def _read(self, path: str, suffices: Callable[[bytes], bool] | None) -> Answer:
        """By a client that knows all of HTTP."""
        body, whole = b"", True
        async with self._ask(path) as response:
            async for chunk in response.content.iter_any():
                body += chunk
                if suffices and response.status == HTTPStatus.OK and suffices(body):
                    whole = response.content.at_eof()
                    if not whole:
                        response.close()
                    break
            return Answer(response.status, body, whole)

    def _ask(self, path: str) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._node.timeout_seconds),
                connector=aiohttp.TCPConnector(limit=0),  # the budget limits
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
            )
        return self._session.get(URL(self._base + path, encoded=True))


class _Question:
    """Times a question, and says what a fault of the network means. No generator: thousands a second are asked."""

    __slots__ = ("_seconds", "_started", "_url")

    def __init__(self, url: str, seconds: Histogram) -> None:
        self._url = url
        self._seconds = seconds
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._seconds.observe(time.perf_counter() - self._started)
        elif isinstance(error, aiohttp.ClientError | TimeoutError):
            raise NodeAway(f"the REST interface at {self._url} cannot be reached ({error!r})") from None


def _is_there(status: int) -> bool:
    """Whether an answer holds what was asked for; an error when it says neither yes nor no."""
    match status:
        case 200:
            return True
        case 400 | 404:  # no such block; no such part of it; no such interface
            return False
        case 503:
            raise NodeAway("the node is starting, or its work queue is full")
        case _:
            raise NodeBusy(f"the node's REST interface answered HTTP {status}")
