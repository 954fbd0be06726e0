"""Look now: ZMQ, long poll, timer and signal, merged into one bell. A lost ring costs time, never a block."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

import structlog
import zmq
import zmq.asyncio

from monitor import libzmq
from monitor.config import NodeSection
from monitor.errors import NodeError
from monitor.model import BlockHash, Notice
from monitor.node.faults import METHOD_NOT_FOUND, MISC, RpcError
from monitor.node.rpc import Rpc
from monitor.vitals import Vitals

_SEQUENCE_LABEL = slice(32, 33)
_CONNECT_DISCONNECT = (b"C", b"D")
"""What the topic `sequence` says of blocks, behind the hash."""
_REDISCOVER_SECONDS = 60.0
_LONG_POLL_SHARE = 0.8
"""Of the time after which a request counts as unanswered."""

_REST_SECONDS = 3600.0
"""Since ZMQ told of a block: so long the long poll rests. Should ZMQ fall silent meanwhile, the timer is left."""

log = structlog.get_logger()


class Hints:
    """Rings when there may be a new block."""

    def __init__(
        self, node: NodeSection, rpc: Rpc, vitals: Vitals, *, expect: Callable[[], None] = lambda: None
    ) -> None:
        self._node = node
        self._rpc = rpc
        self._vitals = vitals
        self._expect = expect
        self._heard: BlockHash | None = None
        self._bell = asyncio.Event()
        self._notice = Notice(0.0)
        self._announced = -_REST_SECONDS
        """When ZMQ last told of a block: monotonic clock, seconds."""

    def look_now(self, tip: BlockHash | None = None) -> None:
        """Ring; `tip` is what the node's best block is, if that is known."""
        if tip and tip != self._heard:
            self._heard = tip
            self._expect()
        self._notice = Notice(self._notice.at if self._bell.is_set() else time.monotonic(), tip or self._notice.tip)
        self._bell.set()

    async def wait(self) -> Notice:
        """Return at the next ring, or at once if some were missed: when the first rang, and what the last said."""
        await self._bell.wait()
        self._bell.clear()
        notice, self._notice = self._notice, Notice(0.0)
        return notice

    async def run(self) -> NoReturn:
        """Listen to every source there is, for ever; one that fails is tried again and disturbs no other."""
        async with asyncio.TaskGroup() as group:
            for source in (self._timer, self._long_poll, self._zmq):
                group.create_task(self._supervise(source), name=f"hints{source.__name__}")
        raise AssertionError("a source of hints returned")

    async def _supervise(self, source: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await source()
            except NodeError:  # the follower asks the same node, and says what is wrong with it
                self._vitals.errors.labels("hints").inc()
            except (zmq.ZMQError, OSError, ValueError) as error:
                self._vitals.errors.labels("hints").inc()
                log.warning("a source of hints failed", source=source.__name__.strip("_"), error=str(error))
            await asyncio.sleep(self._node.poll_seconds * random.uniform(0.5, 1.5))  # noqa: S311 -- jitter

    async def _timer(self) -> None:
        while True:
            await asyncio.sleep(self._node.poll_seconds)
            self.look_now()

    async def _long_poll(self) -> None:
        known = await self._rpc.call("getbestblockhash")
        wait_ms = int(self._node.timeout_seconds * _LONG_POLL_SHARE * 1000)
        # Naming the tip that we know lets no block slip through between two polls; older nodes cannot be told it.
        naming = True
        while True:
            # It would hold one of the node's threads, and answer just when the block is fetched, to say what is known.
            if (rest := self._announced + _REST_SECONDS - time.monotonic()) > 0:
                await asyncio.sleep(min(rest, _REDISCOVER_SECONDS))
                continue
            try:
                told = await self._rpc.call("waitfornewblock", wait_ms, *([known] if naming else []))
            except RpcError as error:
                if error.code == METHOD_NOT_FOUND:
                    await asyncio.Event().wait()  # this node has no long poll: the others do without
                if error.code != MISC or not naming:
                    raise
                naming = False
                continue
            if told["hash"] != known:
                known = told["hash"]
                self.look_now(BlockHash(known))

    async def _zmq(self) -> None:
        """Subscribe where the node publishes; look again once a minute whether that is still the place."""
        feeds = await self.feeds()
        if not feeds:
            await asyncio.sleep(_REDISCOVER_SECONDS)
            return
        if reason := libzmq.refusal():
            log.warning(
                "ZMQ cannot be used here: new blocks are noticed by long poll and timer",
                reason=reason, remedy=f'{libzmq.REMEDY}; or do without: node.zmq = "off"',
            )  # fmt: skip
            await asyncio.Event().wait()
        with zmq.asyncio.Context() as context, context.socket(zmq.SUB) as socket:
            socket.linger = 0
            for address, subscription in feeds.items():
                socket.subscribe(subscription)
                socket.connect(address)
            while True:
                try:
                    async with asyncio.timeout(_REDISCOVER_SECONDS):
                        topic, body, *_ = await socket.recv_multipart()
                except TimeoutError:
                    if await self.feeds() != feeds:
                        self._announced = -_REST_SECONDS  # it may publish no more
                        return
                    continue
                if topic == b"hashblock":
                    self._announced = time.monotonic()
                    self.look_now(BlockHash(body.hex()))
                elif body[_SEQUENCE_LABEL] in _CONNECT_DISCONNECT:
                    self.look_now()

    async def feeds(self) -> dict[str, str]:
        """Where the node publishes blocks, as seen from here, and under which topic."""
        if self._node.zmq == "off":
            return {}
        if self._node.zmq != "auto":
            return {self._node.zmq: "hashblock"}
        host = str(urlsplit(self._node.url).hostname)
        told = {
            notice["type"].removeprefix("pub"): _reachable(notice["address"], host)
            for notice in await self._rpc.call("getzmqnotifications")
        }
        # `sequence` also tells of every transaction in the mempool, so it is only the second choice.
        return next(({told[topic]: topic} for topic in ("hashblock", "sequence") if topic in told), {})


def _reachable(address: str, host: str) -> str:
    """The node tells where it listens; 0.0.0.0 means everywhere, and for us that is its host."""
    parts = urlsplit(address)
    if parts.hostname in {"0.0.0.0", "::", "*"}:  # noqa: S104 -- compared, not bound
        return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}"))
    return address
