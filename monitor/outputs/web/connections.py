"""Limits on connections: many, silent or slow clients leave room for others, and cost a bounded amount of memory.

A new connection takes the place of the one that has waited for a request longest, of the same client if that has as
many as it may have. If all of them are in use, the new one is closed. Connections from this machine, where its operator
and a proxy are, have places of their own.
"""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final

from aiohttp import web

from monitor.outputs.web.headers import SECURITY
from monitor.vitals import Vitals

RESERVED: Final = 20
"""Connections that only this machine can have."""
MOST_OF_A_CLIENT: Final = 50
"""Connections from one address of another machine."""
IDLE_SECONDS = 60.0
"""For a whole request to arrive, after the connection was made or the last response ended."""
STALLED_SECONDS = 20.0
"""For a client to read what was sent, before it is dropped."""


class Limits:
    """All connections of a server.

    Args:
        most: at once.
    """

    def __init__(self, vitals: Vitals, most: int) -> None:
        self._vitals = vitals
        self._most = most
        self._connections: set[LimitedConnection] = set()
        self._checking: asyncio.TimerHandle | None = None

    def admit(self, new: LimitedConnection) -> bool:
        """Make room for a connection; returns whether there is any."""
        others = [each for each in self._connections if each.client == new.client]
        most = self._most if new.is_local else self._most - RESERVED
        if not new.is_local and len(others) >= MOST_OF_A_CLIENT and not self._drop_idle(others):
            return False
        if len(self._connections) >= most and not self._drop_idle(self._connections):
            return False
        self._connections.add(new)
        if self._checking is None:
            self._checking = asyncio.get_running_loop().call_later(STALLED_SECONDS, self._check)
        return True

    def forget(self, gone: LimitedConnection) -> None:
        """A connection has ended."""
        self._connections.discard(gone)

    def count(self, reason: str) -> None:
        """Count a client that was refused or dropped."""
        self._vitals.web_refused.labels(reason).inc()

    def close(self) -> None:
        """Drop all connections."""
        if self._checking:
            self._checking.cancel()
        for each in tuple(self._connections):
            each.drop()

    def _check(self) -> None:
        self._checking = None
        for each in tuple(self._connections):
            each.check()
        if self._connections:
            self._checking = asyncio.get_running_loop().call_later(STALLED_SECONDS, self._check)

    def _drop_idle(self, among: list[LimitedConnection] | set[LimitedConnection]) -> bool:
        idle = [each for each in among if each.is_idle]
        if idle:
            longest = min(idle, key=lambda each: each.used_at)
            self.forget(longest)
            longest.drop()
        self.count("connections")
        return bool(idle)


class LimitedConnection(web.RequestHandler):
    """One connection: closed if it is one too many, and dropped if its client does not read."""

    __slots__ = ("_drop_at", "_limits", "_refused", "_socket", "_was_closing", "client", "is_local", "used_at")

    def __init__(self, server: web.Server, limits: Limits, **options: Any) -> None:  # noqa: ANN401 -- of aiohttp
        super().__init__(server, **options, keepalive_timeout=IDLE_SECONDS, lingering_time=1.0)
        self._limits = limits
        self._refused = False
        self._drop_at: asyncio.TimerHandle | None = None
        self._socket: asyncio.BaseTransport | None = None
        self._was_closing = False
        self.client = ""
        """Address of the other end."""
        self.is_local = False
        """Whether that is this machine."""
        self.used_at = time.monotonic()
        """When its last request began to be served, or it was made."""

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request."""
        return not self._request_in_progress

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._socket = transport
        peer = transport.get_extra_info("peername")
        self.client = str(peer[0]) if isinstance(peer, tuple) else ""
        self.is_local = is_local(self.client)
        if self._limits.admit(self):
            super().connection_made(transport)
        else:
            self._refused = True
            _abort(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """See `asyncio.Protocol`."""
        self._limits.forget(self)
        self._cancel_drop()
        if not self._refused:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if not self._refused:
            self.used_at = time.monotonic()
            super().data_received(data)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`: what is sent is no longer read."""
        super().pause_writing()
        self._cancel_drop()
        self._drop_at = asyncio.get_running_loop().call_later(STALLED_SECONDS, self._drop_stalled)

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        super().resume_writing()
        self._cancel_drop()

    def drop(self) -> None:
        """Close it without sending what waits."""
        self.force_close()
        _abort(self._socket)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is not HTTP. It is counted and not logged: any client could fill the log."""
        if status != HTTPStatus.BAD_REQUEST:
            return super().handle_error(request, status, exc, message)
        self._limits.count("malformed")
        response = web.Response(status=status, text="malformed request\n", headers=SECURITY)
        response.force_close()
        return response

    def check(self) -> None:
        """Drop it if it was closing at the last check already: its client does not read the end of what was sent."""
        if self._was_closing:
            self._drop_stalled()
        self._was_closing = self._socket is not None and self._socket.is_closing()

    def _cancel_drop(self) -> None:
        if self._drop_at is not None:
            self._drop_at.cancel()
            self._drop_at = None

    def _drop_stalled(self) -> None:
        self._limits.count("slow")
        self.drop()


def is_local(address: str | None) -> bool:
    """Whether an address is one of this machine."""
    try:
        return bool(address) and ip_address(str(address)).is_loopback
    except ValueError:
        return False


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.Transport):
        transport.abort()
