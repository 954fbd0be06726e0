"""A TCP proxy that counts connections, and falls silent when it is told to."""

from __future__ import annotations

import asyncio
from math import inf

from support.servers import OnThread, stop_accepting


class CountingProxy(OnThread):
    """Passes connections on to a port of 127.0.0.1, from a port of its own."""

    def __init__(self, port: int, *, left: float = inf, capacity: float = inf) -> None:
        super().__init__()
        self.left = left
        """How many bytes of answers are passed on; then there is silence."""
        self.capacity = capacity
        """How many connections are served at the same time; more are cut."""
        self.cut = 0
        """How many were cut."""
        self.open = 0
        """How many connections are open now."""
        self.most = 0
        """How many were open at the same time."""
        self.target = port
        self.transports: set[asyncio.Transport] = set()
        """Those that are not closed, to either side."""

    def count(self, change: int) -> None:
        """Count a connection that opens (1) or closes (-1)."""
        self.open += change
        # One that was closed before this one was opened may be noticed a moment later: its end is readable already.
        self.loop.call_soon(self._note)

    def _note(self) -> None:
        self.most = max(self.most, self.open)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def _listen(self) -> asyncio.Server:
        return await self.loop.create_server(lambda: _Client(self), "127.0.0.1", 0)

    async def _close(self) -> None:
        await stop_accepting(self._server)
        while self.transports:
            for transport in self.transports:
                transport.abort()
            await asyncio.sleep(0)


class _Client(asyncio.Protocol):
    """The side that sends requests."""

    def __init__(self, proxy: CountingProxy) -> None:
        self._proxy = proxy
        self._is_open = False
        self._early = b""
        """What was sent before the node had answered the connection."""
        self._node: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._proxy.transports.add(transport)
        self._is_open = True
        self._proxy.count(1)
        if self._proxy.open > self._proxy.capacity:
            self._proxy.cut += 1
            transport.abort()
            return
        self._connecting = self._proxy.loop.create_task(self._connect())

    async def _connect(self) -> None:
        try:
            node = lambda: _Node(self._proxy, self._transport)  # noqa: E731
            self._node, _ = await self._proxy.loop.create_connection(node, "127.0.0.1", self._proxy.target)
        except OSError:
            self._transport.abort()
            return
        if self._is_open:
            self._node.write(self._early)
        else:
            self._node.close()

    def data_received(self, data: bytes) -> None:
        if self._node:
            self._node.write(data)
        else:
            self._early += data

    def eof_received(self) -> None:
        self._close()

    def connection_lost(self, _error: Exception | None) -> None:
        self._proxy.transports.discard(self._transport)
        self._close()

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._proxy.count(-1)
            if self._node:
                self._node.close()


class _Node(asyncio.Protocol):
    """The side that answers them."""

    def __init__(self, proxy: CountingProxy, client: asyncio.Transport) -> None:
        self._proxy = proxy
        self._client = client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._proxy.transports.add(transport)

    def data_received(self, data: bytes) -> None:
        if self._proxy.left > 0:
            self._proxy.left -= len(data)
            self._client.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._proxy.transports.discard(self._transport)
        self._client.close()
