"""JSON-RPC by python-bitcoinrpc, on threads: the library blocks until the node answers."""

from __future__ import annotations

import asyncio
import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from math import inf
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException

from monitor.config import NodeSection
from monitor.errors import NodeAway, NodeError, NodeRefused
from monitor.node import errors, transport
from monitor.node.answers import MISSHAPEN, bounded
from monitor.node.connections import MAX_CONNECTIONS, Connections, unless_queue_stays_full
from monitor.node.credentials import authorization
from monitor.vitals import Vitals

Call = Literal[
    "getbestblockhash",
    "getblock",
    "getblockchaininfo",
    "getblockcount",
    "getblockhash",
    "getblockheader",
    "getblocktemplate",
    "getchainstates",
    "getchaintips",
    "getdeploymentinfo",
    "getnetworkinfo",
    "getrawmempool",
    "gettxoutproof",
    "getzmqnotifications",
    "waitfornewblock",
]
"""Every RPC call that is made. The type checker accepts no other; the whitelist for bitcoind is generated from it."""

CALLS: tuple[Call, ...] = get_args(Call)
_MOST_BYTES = 32 << 20
"""Of an answer. The largest block takes eight million bytes in hexadecimal."""
_MOST_TIMEOUTS = 2
"""How often `node.timeout_seconds` an answer may take in all: that setting limits each pause in it."""


class Rpc:
    """The RPC interface of one node."""

    def __init__(self, node: NodeSection, vitals: Vitals, connections: Connections) -> None:
        self._node = node
        self._vitals = vitals
        self._connections = connections
        self._threads = ThreadPoolExecutor(MAX_CONNECTIONS, thread_name_prefix="rpc")

    @unless_queue_stays_full
    async def call(self, method: Call, *params: object) -> Any:  # noqa: ANN401 -- JSON of any shape
        """Call one method.

        Raises:
            NodeAway, NodeBusy, NodeRefused: see `monitor.errors`.
            RpcError: the node answered with an error code.
        """
        async with self._connections.use(self._connect) as connection:
            connection.aborted = False
            try:
                async with asyncio.timeout(_MOST_TIMEOUTS * self._node.timeout_seconds):
                    return await self._on_thread(connection, method, params)
            except TimeoutError:
                raise NodeAway(f"the node at {self._node.url} takes too long to answer {method}") from None

    async def _on_thread(self, connection: _RpcConnection, method: Call, params: tuple[object, ...]) -> Any:  # noqa: ANN401
        loop = asyncio.get_running_loop()
        answer = loop.run_in_executor(self._threads, self._call, connection, method, params)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            connection.abort()
            # Only then is the connection free for the next call.
            await asyncio.gather(answer, return_exceptions=True)
            raise

    async def optional(self, method: Call, *params: object) -> Any:  # noqa: ANN401
        """The answer to a call that can be done without; None if the node does not have or allow it."""
        with suppress(errors.RpcError, NodeRefused):
            return await self.call(method, *params)
        return None

    def close(self) -> None:
        """End the threads. No call may be under way."""
        self._threads.shutdown()

    def _connect(self) -> _RpcConnection:
        return _RpcConnection(self._node)

    def _call(self, connection: _RpcConnection, method: Call, params: tuple[object, ...]) -> Any:  # noqa: ANN401
        with self._vitals.node_rpc_seconds.labels(method).time():
            if connection.is_open:
                # A restart of the node closes the connection and changes the cookie. Both show at the next call, and
                # both are cured by a new connection with fresh credentials.
                with suppress(errors.DroppedConnection, NodeRefused):
                    return connection.call(method, params)
            return connection.call(method, params)


_FAILURES = (OSError, http.client.HTTPException, *MISSHAPEN)
"""Of a connection, and of the library, which takes whatever JSON comes for an object, and rounds its numbers."""


class _RpcConnection:
    """One connection, with the credentials that were valid when it was opened."""

    def __init__(self, node: NodeSection) -> None:
        self._node = node
        address = urlsplit(node.url)
        host, port, timeout = str(address.hostname), address.port, node.timeout_seconds
        self._http = (
            _HttpsConnection(host, port, timeout=timeout, context=transport.trusted(node))
            if address.scheme == "https"
            else _HttpConnection(host, port, timeout=timeout)
        )
        self._http.proxy = transport.proxy(node)
        self._failures: tuple[type[Exception], ...] = (errors.HttpError, *_FAILURES, *transport.proxy_errors(node))
        # The library wants user and password in the URL and does not unquote them. Ours are added by the connection.
        url = f"{address.scheme}://_:_@{address.netloc}{address.path}"
        self._proxy = AuthServiceProxy(url, timeout=node.timeout_seconds, connection=self._http)
        self.aborted = False
        self.opened_at = inf
        """When the socket was opened: monotonic, seconds."""

    @property
    def is_open(self) -> bool:
        """Whether there is a socket."""
        return self._http.sock is not None

    def call(self, method: str, params: tuple[object, ...]) -> Any:  # noqa: ANN401
        """Call one method and wait for the answer, which is `bounded`."""
        self._http.failed = None
        try:
            if not self.is_open:
                self._http.authorization = authorization(self._node)
                self.opened_at = inf
                self._http.connect()
                self.opened_at = time.monotonic()
            if self.aborted:  # before there was a socket
                raise ConnectionAbortedError
            return bounded(getattr(self._proxy, method)(*params))
        except JSONRPCException as error:
            if errors.is_of_node(error):
                raise errors.from_rpc(method, error) from None
            raise self._fault(error, method) from None
        except self._failures as error:
            raise self._fault(error, method) from None

    def _fault(self, error: Exception, method: str) -> NodeError:
        """The error for what is no answer of a node: its status says more than what the library made of its body."""
        self._http.close()
        failed = error if isinstance(error, errors.HttpError) else self._http.failed
        if failed:
            return errors.from_http(failed, method, self._node.url)
        if isinstance(error, JSONRPCException):
            return errors.from_rpc(method, error)
        return errors.from_transport(error, self._node.url)

    def abort(self) -> None:
        """Make the call under way fail; for other threads."""
        self.aborted = True
        if sock := self._http.sock:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Close the socket."""
        self._http.close()


class _LimitedResponse(http.client.HTTPResponse):
    """A response that is not read without end."""

    def read(self, amt: int | None = None) -> bytes:
        if amt is not None:
            return super().read(amt)
        body = super().read(_MOST_BYTES)
        self.close()  # without a length it would stay open, and its socket with it
        if len(body) == _MOST_BYTES:
            raise http.client.HTTPException(f"an answer of more than {_MOST_BYTES} bytes")
        return body


class _HttpConnection(http.client.HTTPConnection):
    """Adds our credentials to each request, and raises `HttpError` for answers that no node gives."""

    response_class = _LimitedResponse
    authorization = ""
    proxy: Any = None
    failed: errors.HttpError | None = None
    """The status of the last answer, if it is that of a failure."""

    def connect(self) -> None:
        if self.proxy:
            self.sock = self.proxy.connect(self.host, self.port, timeout=self.timeout)
        else:
            super().connect()

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **more: Any) -> None:  # noqa: ANN401
        super().request(method, url, body, {**(headers or {}), "Authorization": self.authorization}, **more)

    def getresponse(self) -> http.client.HTTPResponse:
        response = super().getresponse()
        answered = errors.HttpError(response.status, response.reason)
        if response.status not in errors.STATUSES or response.headers.get_content_type() != "application/json":
            response.close()
            raise answered
        self.failed = None if response.status == http.HTTPStatus.OK else answered
        response.headers.replace_header("Content-Type", "application/json")  # the library accepts no charset
        return response


class _HttpsConnection(http.client.HTTPSConnection, _HttpConnection):
    """The same over TLS, for a node behind a proxy."""
