"""REST by aiohttp: headers by the thousand, and of each block as much as header and coinbase take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import aiohttp
import structlog
from yarl import URL

from monitor.config import NodeSection
from monitor.errors import NodeAway, NodeBusy, NodeError, Truncated, WireError
from monitor.model import NO_BLOCK, Block, BlockHash, BlockRef
from monitor.node import transport
from monitor.node.connections import Connections, unless_queue_stays_full
from monitor.node.errors import QueueFull
from monitor.vitals import Vitals
from monitor.wire import (
    EXTENDED_HEADER_BYTES,
    HEADER_BYTES,
    MAX_BLOCK_BYTES,
    decode_block,
    decode_header,
    decode_headers,
)

PATHS = ("headers", "block", "blockpart")
"""What is requested, below /rest/."""
_MOST_HEADERS = 2000
"""The node's limit for one answer."""
_FIRST_BYTES = 2048
"""Enough for header and coinbase of nearly every block. For the few that pay many miners, more is requested."""
_CHUNK_BYTES = 1 << 20
_STARTING = b"Service temporarily unavailable"
"""How a node that is starting begins its answer with status 503. Its work queue has another text."""

log = structlog.get_logger()


class NotServed(NodeError):  # noqa: N818 -- a state of the interface
    """The answer is something else than what was requested. Whether the node has it, RPC knows."""


class Rest:
    """The REST interface of one node."""

    def __init__(self, node: NodeSection, vitals: Vitals, connections: Connections) -> None:
        self._node = node
        self._failures: tuple[type[Exception], ...] = (
            aiohttp.ClientError, TimeoutError, *transport.proxy_errors(node),
        )  # fmt: skip
        self._connections = connections
        self._base = f"{node.url.rstrip('/')}/rest/"
        self._seconds = {name: vitals.node_rpc_seconds.labels(f"rest_{name}") for name in PATHS}
        self.available = False
        """Whether the node serves REST at all."""
        self.refusal: str | None = None
        """What was answered instead, if it was requested and is not available."""
        self.has_blockpart = False
        """Whether it serves parts of blocks, as Bitcoin Core does since version 31."""
        self._blocks_are_short = False
        """Whether the last block was shorter than the part requested. Its neighbours may be, too."""

    async def probe(self, tip: BlockHash) -> None:
        """Find out what the node serves, by requesting its best block, which even a pruned node has.

        An interface is there if its answer is the header of that block. No status code proves it: there may be a proxy
        in between, with an opinion on GET of its own.
        """
        self.available, self.has_blockpart, self.refusal = False, False, None
        if self._node.rest == "off":
            return
        self.refusal = await self._refusal(tip, "headers", f"1/{tip}.bin")
        self.available = self.refusal is None
        if self.available:
            # Whichever header it has: a part that is longer than the block would be refused.
            self.has_blockpart = (
                await self._refusal(tip, "blockpart", _part(tip, HEADER_BYTES)) is None
                or await self._refusal(tip, "blockpart", _part(tip, EXTENDED_HEADER_BYTES)) is None
            )

    def give_up(self, reason: NotServed) -> None:
        """Do without REST until the next probe: RPC has served what REST has not."""
        if self.available:
            self.available, self.refusal = False, str(reason)
            log.warning("the REST interface fails, blocks come over RPC", reason=self.refusal)

    async def successors(self, block: BlockRef, count: int, genesis: BlockHash) -> list[BlockHash]:
        """The blocks that follow `block` on the best chain, lowest first; empty if it is not on it.

        Raises:
            NotServed: the answer is not a list of headers that begins with `block`.
        """
        from_genesis = block.hash == NO_BLOCK
        start = genesis if from_genesis else block.hash
        raw = await self._get("headers", f"{min(count + 1, _MOST_HEADERS)}/{start}.bin")
        try:
            hashes = [each.hash for each in decode_headers(raw)]
        except WireError as error:
            raise NotServed(f"GET /rest/headers was answered with something else than headers: {error}") from None
        if hashes[:1] not in ([], [start]):
            raise NotServed("GET /rest/headers was answered with something else than headers")
        return hashes[:count] if from_genesis else hashes[1 : count + 1]

    async def block(self, ref: BlockRef) -> Block:
        """A block as far as its coinbase.

        Raises:
            NotServed: the answer is not this block.
        """
        block = await self._in_parts(ref) or await self._beginning(ref)
        if block.hash != ref.hash:
            raise NotServed(f"GET /rest/block was answered with block {block.hash} instead of {ref.hash}")
        return block

    async def _refusal(self, tip: BlockHash, name: str, path: str) -> str | None:
        """What was answered instead of the tip's header; None if that is what came."""
        try:
            header = await self._get(name, path)
        except NodeError as error:  # RPC has just answered, so it is not the node that is away
            return str(error)
        with suppress(WireError):
            if decode_header(header).hash == tip:
                return None
        return f"GET /rest/{name} was answered with something else than the header of the best block"

    async def _in_parts(self, ref: BlockRef) -> Block | None:
        """The beginning of a block as it was requested; None if parts cannot be had, or the block is shorter."""
        size = _FIRST_BYTES
        while self.has_blockpart and not self._blocks_are_short and size <= MAX_BLOCK_BYTES:
            try:
                return decode_block(await self._get("blockpart", _part(ref.hash, size)), height=ref.height)
            except NotServed:
                self._blocks_are_short = True
            except Truncated:
                size *= 8
            except WireError as error:
                raise NotServed(f"GET /rest/blockpart was answered with something else than a block: {error}") from None
        return None

    @unless_queue_stays_full
    async def _beginning(self, ref: BlockRef) -> Block:
        """Read a block as far as its coinbase and close the connection on the rest."""
        async with self._request("block", f"{ref.hash}.bin") as response:
            body = b""
            async for chunk in response.content.iter_any():
                body += _limited(chunk, len(body))
                try:
                    block = decode_block(body, height=ref.height)
                except Truncated:
                    continue
                except WireError as error:
                    raise NotServed(f"GET /rest/block was answered with something else than a block: {error}") from None
                if not response.content.at_eof():
                    self._blocks_are_short = False
                    response.close()
                    await asyncio.sleep(0)  # the socket closes before the next request opens another
                return block
        raise NodeBusy(f"the node sent only the beginning of block {ref.hash}")

    @unless_queue_stays_full
    async def _get(self, name: str, path: str) -> bytes:
        async with self._request(name, path) as response:
            body = b""
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                body += _limited(chunk, len(body))
            return body

    @asynccontextmanager
    async def _request(self, name: str, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Request /rest/`name`/`path`.

        Raises:
            NotServed, NodeAway, QueueFull: it is not served, the node cannot be reached or is starting, or is busy.
        """
        url = URL(f"{self._base}{name}/{path}", encoded=True)
        async with self._connections.use(self._connect) as session:
            started = time.perf_counter()
            try:
                async with session.get(url, allow_redirects=False) as response:
                    if response.status != 200:
                        raise await _error(name, response)
                    yield response
            except self._failures as error:
                raise NodeAway(f"the REST interface at {self._node.url} cannot be reached ({error!r})") from None
            self._seconds[name].observe(time.perf_counter() - started)

    def _connect(self) -> aiohttp.ClientSession:
        """A session with one connection."""
        return aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._node.timeout_seconds),
            connector=transport.connector(self._node),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


def _limited(chunk: bytes, before: int) -> bytes:
    """A chunk, if the answer is not longer than a block.

    Raises:
        NotServed: it is.
    """
    if before + len(chunk) > MAX_BLOCK_BYTES:
        raise NotServed(f"GET below /rest/ was answered with more than {MAX_BLOCK_BYTES} bytes")
    return chunk


def _part(block: BlockHash, size: int) -> str:
    return f"{block}.bin?offset=0&size={size}"


async def _error(name: str, response: aiohttp.ClientResponse) -> NodeError:
    """The error for a status other than 200."""
    if response.status not in {429, 503}:
        return NotServed(f"GET /rest/{name} was answered HTTP {response.status} {response.reason}")
    beginning = b""
    with suppress(aiohttp.ClientError):
        beginning = await response.content.read(len(_STARTING))
    if beginning == _STARTING:
        return NodeAway("the node is starting")
    return QueueFull(f"the node's work queue is full (HTTP {response.status} {response.reason})")
