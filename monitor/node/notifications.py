"""Block notifications by ZMQ, long poll, timer and signal. A lost one delays a block, and never loses it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn
from urllib.parse import urlsplit

import structlog
import zmq
import zmq.asyncio

from monitor import libzmq
from monitor.config import NodeSection
from monitor.errors import NodeError
from monitor.model import BlockHash, Notice
from monitor.node.answers import block_hash
from monitor.node.errors import METHOD_NOT_FOUND, MISC, RpcError
from monitor.node.rpc import Rpc
from monitor.node.subscription import connect, reachable
from monitor.vitals import Vitals

_SILENCE_SECONDS = 60.0
"""Without a message for so long, a subscription is checked; without one, the node is asked for its publishers again."""
_LONG_POLL_SHARE = 0.8
"""Of the time after which a request fails."""

_MOST_BYTES = 1024
"""Of a message: a hash, or a hash with a few numbers."""
_HASH_BYTES = 32

log = structlog.get_logger()


class BlockNotifications:
    """Says when to ask the node for new blocks."""

    def __init__(self, node: NodeSection, rpc: Rpc, vitals: Vitals) -> None:
        self._node = node
        self._rpc = rpc
        self._vitals = vitals
        self._notice: Notice | None = None
        self._noticed = asyncio.Event()
        self._without_zmq = asyncio.Event()
        """Set unless ZMQ has announced the newest block that we know of. The long poll runs while it is set."""
        self._without_zmq.set()

    def look_now(self, tip: BlockHash | None = None) -> None:
        """Notify; `tip` is the node's best block, if known."""
        earlier = self._notice or Notice(time.monotonic())
        self._notice = Notice(earlier.at, tip or earlier.tip)
        self._noticed.set()

    async def wait(self) -> Notice:
        """The next notice, with the time of the first one and the tip of the last one since the previous call."""
        await self._noticed.wait()
        self._noticed.clear()
        assert self._notice
        notice, self._notice = self._notice, None
        return notice

    async def run(self) -> NoReturn:
        """Listen to every source for ever. One that fails is tried again and does not affect the others."""
        async with asyncio.TaskGroup() as group:
            for source in (self._timer, self._long_poll, self._zmq):
                group.create_task(self._repeat(source), name=f"notifications{source.__name__}")
        raise AssertionError("a source of notifications returned")

    async def _repeat(self, source: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await source()
            except NodeError:  # the follower calls the same node and logs what is wrong with it
                self._vitals.errors.labels("notifications").inc()
            except Exception as error:  # noqa: BLE001 -- libzmq's, or caused by whatever the node has answered
                self._vitals.errors.labels("notifications").inc()
                log.warning("block notifications failed", source=source.__name__.strip("_"), error=str(error))
            await asyncio.sleep(self._node.poll_seconds * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter

    async def _timer(self) -> None:
        while True:
            await asyncio.sleep(self._node.poll_seconds)
            self.look_now()

    async def _long_poll(self) -> None:
        known = block_hash(await self._rpc.call("getbestblockhash"))
        wait_ms = int(self._node.timeout_seconds * _LONG_POLL_SHARE * 1000)
        # With the tip we know as an argument, no block is missed between two polls. Older nodes do not accept it.
        accepts_tip = True
        while True:
            await self._without_zmq.wait()
            try:
                best = await self._rpc.call("waitfornewblock", wait_ms, *([known] if accepts_tip else []))
            except RpcError as error:
                if error.code == METHOD_NOT_FOUND:  # this node has no long poll; another may come in its place
                    await asyncio.sleep(_SILENCE_SECONDS)
                    return
                if error.code != MISC or not accepts_tip:
                    raise
                accepts_tip = False
                continue
            if best["hash"] != known:
                known = block_hash(best["hash"])
                # ZMQ may have named a later block since this call began.
                self.look_now(known if self._without_zmq.is_set() else None)

    async def _zmq(self) -> None:
        """Subscribe where the node publishes blocks, until it announces one elsewhere or not at all."""
        publishers = await self.publishers()
        if not publishers:
            await asyncio.sleep(_SILENCE_SECONDS)
            return
        if reason := libzmq.refusal():
            log.warning(
                "ZMQ cannot be used here: new blocks are noticed by long poll and timer",
                reason=reason, remedy=f'{libzmq.REMEDY}; or do without: node.zmq = "off"',
            )  # fmt: skip
            await asyncio.Event().wait()
        try:
            with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as socket:
                socket.linger = 0
                socket.maxmsgsize = _MOST_BYTES  # of a longer message, libzmq closes the connection
                for address, topic in publishers.items():
                    socket.subscribe(topic)
                    await connect(socket, address)
                await self._receive(socket)
        finally:
            self._without_zmq.set()

    async def _receive(self, socket: zmq.asyncio.Socket) -> None:
        """Pass on what is announced; return when a block was not."""
        tip: str | None = None
        while True:
            try:
                async with asyncio.timeout(_SILENCE_SECONDS):
                    topic, body, *_ = await socket.recv_multipart()
            except TimeoutError:
                if tip and tip != await self._rpc.call("getbestblockhash"):
                    return
                continue
            if topic == b"hashblock" and len(body) == _HASH_BYTES:
                tip = body.hex()
                self._without_zmq.clear()
                self.look_now(BlockHash(tip))
            elif body[32:33] in {b"C", b"D"}:  # `sequence`: a block connects or disconnects
                self.look_now()

    async def publishers(self) -> dict[str, str]:
        """Topics by the address where the node publishes them, as seen from here."""
        if self._node.zmq == "off":
            return {}
        if self._node.zmq != "auto":
            return {self._node.zmq: "hashblock"}
        addresses = await self._addresses()
        # `sequence` also carries every transaction of the mempool, so it is only the second choice.
        return next(({addresses[topic]: topic} for topic in ("hashblock", "sequence") if topic in addresses), {})

    async def publisher(self, topic: str) -> str | None:
        """The address where the node publishes a topic, as seen from here; None if it does not, or is not asked."""
        return (await self._addresses()).get(topic) if self._node.zmq == "auto" else None

    async def _addresses(self) -> dict[str, str]:
        """All addresses where the node publishes, by topic."""
        host = str(urlsplit(self._node.url).hostname)
        return {
            each["type"].removeprefix("pub"): reachable(each["address"], host)
            for each in await self._rpc.optional("getzmqnotifications") or ()
        }
