"""One connection to a server that is not trusted: opened by name or over a proxy, and read line by line within bounds.

Names are looked up on threads of their own: those of the event loop read the database, and a resolver that hangs must
not take them.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final, TypeAlias

from monitor.config import StratumEndpoint
from monitor.errors import StratumError
from monitor.stratum.messages import MAX_LINE_BYTES

CONNECT_SECONDS: Final = 30.0
SILENCE_SECONDS: Final = 1800.0
"""Without a whole line for so long, the connection counts as dead. Pools send a job every minute."""
_LINES: Final = 300
_BYTES: Final = 2 << 20
_PER_SECONDS: Final = 60.0
"""At most so many lines and bytes in so many seconds: a busy pool sends about twenty lines and 100 KB."""
_ADDRESSES: Final = 3
"""Addresses of a name that are tried."""
_NAME_THREADS: Final = 2

Address: TypeAlias = tuple[socket.AddressFamily, Any]
Resolve: TypeAlias = Callable[[str, int], Awaitable[list[Address]]]


class Resolver:
    """Looks names up, two at a time; a context manager."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_NAME_THREADS, thread_name_prefix="stratum-names")

    async def __call__(self, host: str, port: int) -> list[Address]:
        """The addresses of a name."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [(family, address) for family, _, _, _, address in found[:_ADDRESSES]]

    def close(self) -> None:
        """End without waiting for a name."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Lines:
    """The lines of an open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._since, self._lines, self._bytes = time.monotonic(), 0, 0

    def send(self, data: bytes) -> None:
        """Send a line; without waiting for the server to take it: we send two, which fit into any buffer."""
        if data:
            self._writer.write(data)

    async def next(self) -> bytes:
        """Wait for the next line.

        Raises:
            StratumError: the server closes the connection, is silent, floods, or sends a line without an end.
        """
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                line = await self._reader.readuntil(b"\n")
        except TimeoutError:
            raise StratumError(f"no message for {SILENCE_SECONDS:g} seconds") from None
        except asyncio.LimitOverrunError:
            raise StratumError(f"a line of more than {MAX_LINE_BYTES} bytes") from None
        except asyncio.IncompleteReadError:
            raise StratumError("the server closed the connection") from None
        except OSError as error:
            raise StratumError(_reason(error)) from None
        now = time.monotonic()
        if now - self._since > _PER_SECONDS:
            self._since, self._lines, self._bytes = now, 0, 0
        self._lines, self._bytes = self._lines + 1, self._bytes + len(line)
        if self._lines > _LINES or self._bytes > _BYTES:
            raise StratumError(f"more than {_LINES} messages or {_BYTES >> 20} MB in {_PER_SECONDS:g} seconds")
        return line


@asynccontextmanager
async def connected(endpoint: StratumEndpoint, proxy: str | None, resolve: Resolve) -> AsyncIterator[Lines]:
    """Open a connection; it is closed at the end, whatever the server does.

    Raises:
        StratumError: the server cannot be reached.
    """
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            opened = await (_through(proxy, endpoint, resolve) if proxy else _direct(endpoint, resolve))
            reader, writer = await _streams(opened, endpoint)
    except TimeoutError:
        raise StratumError(f"no answer within {CONNECT_SECONDS:g} seconds") from None
    except (OSError, UnicodeError) as error:  # of the system, of TLS, of names
        raise StratumError(_reason(error)) from None
    try:
        yield Lines(reader, writer)
    finally:
        writer.transport.abort()  # an orderly end would wait for the server


async def _direct(endpoint: StratumEndpoint, resolve: Resolve) -> socket.socket:
    last: OSError = OSError("the name has no address")
    for family, address in await resolve(endpoint.host, endpoint.port):
        try:
            return await _open(family, address)
        except OSError as error:
            last = error
    raise last


async def _open(family: socket.AddressFamily, address: Any) -> socket.socket:  # noqa: ANN401 -- of the family
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)  # noqa: FBT003 -- the library's
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        await asyncio.get_running_loop().sock_connect(made, address)
    except BaseException:
        made.close()
        raise
    return made


async def _through(proxy: str, endpoint: StratumEndpoint, resolve: Resolve) -> socket.socket:
    """Over a SOCKS proxy, which looks the name up."""
    from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, parse_proxy_url  # noqa: PLC0415
    from python_socks.async_.asyncio import Proxy  # noqa: PLC0415

    kind, host, port, user, password = parse_proxy_url(proxy)
    (_, address), *_ = await resolve(host, port)
    try:
        return await Proxy(kind, address[0], port, user, password, rdns=True).connect(endpoint.host, endpoint.port)
    except (ProxyError, ProxyConnectionError, ProxyTimeoutError) as error:
        raise StratumError(f"the proxy says: {error}") from None


async def _streams(
    opened: socket.socket, endpoint: StratumEndpoint
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = _certificates() if endpoint.is_tls else None
    try:
        return await asyncio.open_connection(
            sock=opened, ssl=context, server_hostname=endpoint.host if context else None, limit=MAX_LINE_BYTES
        )
    except BaseException:
        opened.close()
        raise


@cache
def _certificates() -> ssl.SSLContext:
    """Those of the system. Reading them takes a hundredth of a second."""
    return ssl.create_default_context()


def _reason(error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    return f"cannot be reached ({getattr(error, 'strerror', None) or error})"
