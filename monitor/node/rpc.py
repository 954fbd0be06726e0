"""JSON-RPC through python-bitcoinrpc, off the event loop: one proxy for each worker thread, made anew when it drops."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException

from monitor.config import NodeSection
from monitor.errors import NodeAway, NodeRefused
from monitor.node import faults
from monitor.node.calls import Call
from monitor.node.credentials import authorization
from monitor.vitals import Vitals

IN_FLIGHT = 8
"""Requests under way at once, RPC and REST together: half of the queue that a node has by default."""


class Rpc:
    """Asks a node one question at a time per thread, and sorts its ways of saying no."""

    def __init__(self, node: NodeSection, vitals: Vitals, budget: asyncio.Semaphore) -> None:
        self._node = node
        self._vitals = vitals
        self._budget = budget
        self._threads = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="rpc")
        self._local = threading.local()
        self._open: set[_Connection] = set()
        self._closed = False

    async def call(self, method: Call, *params: object) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """Ask the node.

        Raises:
            NodeAway, NodeBusy, NodeRefused: see `errors`.
            RpcError: the node answered with an error code.
        """
        async with self._budget:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, method, params)

    def close(self) -> None:
        """Drop every connection, which also ends the calls that wait on them."""
        self._closed = True  # first of all: who is woken would otherwise try again on a new connection
        for connection in tuple(self._open):
            connection.abort()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for connection in self._open:
            connection.close()
        self._open.clear()

    def _call(self, method: Call, params: tuple[object, ...]) -> Any:  # noqa: ANN401
        connection: _Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            # The node closes idle connections and changes its cookie when it restarts: both show up on the
            # first use afterwards, and both are cured by a new connection with credentials read anew.
            with suppress(faults.DroppedConnection, NodeRefused):
                return self._ask(connection, method, params)
        return self._ask(self._connect(), method, params)

    def _connect(self) -> _Connection:
        if self._closed:
            raise NodeAway("we are about to stop")
        kind = _SecureConnection if self._node.url.startswith("https") else _Connection
        address = urlsplit(self._node.url)
        connection = kind(str(address.hostname), address.port, timeout=self._node.timeout_seconds)
        connection.authorization = authorization(self._node)
        self._open.add(connection)
        self._local.connection = connection
        return connection

    def _ask(self, connection: _Connection, method: str, params: tuple[object, ...]) -> Any:  # noqa: ANN401
        # The library wants a user and a password in the address and does not unquote them: our connection overrides.
        address = urlsplit(self._node.url)
        proxy = AuthServiceProxy(f"{address.scheme}://_:_@{address.netloc}{address.path}",
                                 method, self._node.timeout_seconds, connection)  # fmt: skip
        try:
            with self._vitals.node_rpc_seconds.labels(method).time():
                return proxy(*params)
        except JSONRPCException as error:
            raise faults.from_rpc(method, error) from None
        except faults.HttpError as error:
            self._drop(connection)
            raise faults.from_http(error, self._node.url) from None
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            # AttributeError: the library touches the socket of a connection that was aborted under it.
            self._drop(connection)
            raise faults.from_transport(error, self._node.url) from None

    def _drop(self, connection: _Connection) -> None:
        connection.close()
        self._open.discard(connection)
        self._local.connection = None


class _Connection(http.client.HTTPConnection):
    """A connection that carries our credentials and tells an HTTP error apart from an RPC one."""

    authorization = ""

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **more: Any) -> None:  # noqa: ANN401
        super().request(method, url, body, {**(headers or {}), "Authorization": self.authorization}, **more)

    def getresponse(self) -> http.client.HTTPResponse:
        response = super().getresponse()
        if response.getheader("Content-Type") != "application/json":
            raise faults.HttpError(response.status, response.reason)
        return response

    def abort(self) -> None:
        """Wake whoever waits on this connection, from any thread."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    """The same over TLS, for a node behind a proxy."""
