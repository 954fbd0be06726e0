"""REST by aiohttp: headers by the thousand, and of each block as much as header and coinbase take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
from yarl import URL

from monitor.config import NodeSection
from monitor.errors import NodeAway, NodeBusy, Truncated, WireError
from monitor.model import NO_BLOCK, Block, BlockHash, BlockRef
from monitor.node.connections import Connections
from monitor.vitals import Vitals
from monitor.wire import HEADER_BYTES, MAX_BLOCK_BYTES, decode_block, decode_headers

PATHS = ("headers", "block", "blockpart")
"""What is requested, below /rest/."""
_MOST_HEADERS = 2000
"""The node's limit for one answer."""
_FIRST_BYTES = 2048
"""Enough for header and coinbase of nearly every block. For the few that pay many miners, more is requested."""


class Rest:
    """The REST interface of one node."""

    def __init__(self, node: NodeSection, vitals: Vitals, connections: Connections) -> None:
        self._node = node
        self._connections = connections
        self._base = f"{node.url.rstrip('/')}/rest/"
        self._seconds = {name: vitals.node_rpc_seconds.labels(f"rest_{name}") for name in PATHS}
        self.available = False
        """Whether the node serves REST at all."""
        self.has_blockpart = False
        """Whether it serves parts of blocks, as Bitcoin Core does since version 31."""
        self._blocks_are_short = False
        """Whether the last block was shorter than the part requested. Its neighbours may be, too."""

    async def probe(self, tip: BlockHash) -> None:
        """Find out what the node serves, by requesting its best block, which even a pruned node has."""
        self.available = self.has_blockpart = False
        if self._node.rest == "off":
            return
        self.available = await self._get("headers", f"1/{tip}.bin") is not None
        if self.available:
            self.has_blockpart = await self._part(tip, HEADER_BYTES) is not None

    async def successors(self, block: BlockRef, count: int, genesis: BlockHash) -> list[BlockHash]:
        """The blocks that follow `block` on the best chain, lowest first; empty if it is not on it."""
        from_genesis = block.hash == NO_BLOCK
        start = genesis if from_genesis else block.hash
        raw = await self._get("headers", f"{min(count + 1, _MOST_HEADERS)}/{start}.bin") or b""
        try:
            headers = decode_headers(raw)
        except WireError as error:
            raise NodeBusy(f"the node sent something else than headers: {error}") from None
        if headers and headers[0].hash != start:
            raise NodeBusy(f"the node sent header {headers[0].hash} instead of {start}")
        hashes = [each.hash for each in headers]
        return hashes[:count] if from_genesis else hashes[1 : count + 1]

    async def block(self, ref: BlockRef) -> Block | None:
        """A block as far as its coinbase; None if the node does not have it."""
        if self.has_blockpart and not self._blocks_are_short:
            size = _FIRST_BYTES
            while size <= MAX_BLOCK_BYTES:
                part = await self._part(ref.hash, size)
                if part is None:  # the block is shorter, or unknown
                    self._blocks_are_short = True
                    break
                try:
                    return decode_block(part, height=ref.height)
                except Truncated:
                    size *= 8
        return await self._beginning(ref)

    async def _part(self, block: BlockHash, size: int) -> bytes | None:
        return await self._get("blockpart", f"{block}.bin?offset=0&size={size}")

    async def _beginning(self, ref: BlockRef) -> Block | None:
        """Read a block as far as its coinbase and close the connection on the rest."""
        async with self._request("block", f"{ref.hash}.bin") as response:
            if not _is_found(response.status):
                return None
            body = b""
            async for chunk in response.content.iter_any():
                body += chunk
                with suppress(Truncated):
                    block = decode_block(body, height=ref.height)
                    if not response.content.at_eof():
                        self._blocks_are_short = False
                        response.close()
                        await asyncio.sleep(0)  # the socket closes before the next request opens another
                    return block
        raise NodeBusy(f"the node sent only the beginning of block {ref.hash}")

    async def _get(self, name: str, path: str) -> bytes | None:
        """The body of an answer; None if the node says that it does not have it."""
        async with self._request(name, path) as response:
            return await response.read() if _is_found(response.status) else None

    @asynccontextmanager
    async def _request(self, name: str, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Request /rest/`name`/`path`."""
        url = URL(f"{self._base}{name}/{path}", encoded=True)
        async with self._connections.use(self._connect) as session:
            started = time.perf_counter()
            try:
                async with session.get(url) as response:
                    yield response
            except (aiohttp.ClientError, TimeoutError) as error:
                raise NodeAway(f"the REST interface at {self._node.url} cannot be reached ({error!r})") from None
            self._seconds[name].observe(time.perf_counter() - started)

    def _connect(self) -> aiohttp.ClientSession:
        """A session with one connection."""
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._node.timeout_seconds),
            connector=aiohttp.TCPConnector(limit=1),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


def _is_found(status: int) -> bool:
    """Whether the node sends what was requested.

    Raises:
        NodeAway, NodeBusy: it says neither yes nor no.
    """
    match status:
        case 200:
            return True
        case 400 | 404:  # no such block, no such part of it, or no such interface
            return False
        case 503:
            raise NodeAway("the node is starting, or its work queue is full")
        case _:
            raise NodeBusy(f"the node's REST interface answered HTTP {status}")
