"""The one port that everything is served on."""

from __future__ import annotations

import asyncio
import errno
import hmac
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol, Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.errors import ConfigError
from monitor.hub import Hub
from monitor.outputs.web.events import Events
from monitor.outputs.web.keeping import Keeping
from monitor.outputs.web.problems import Problem, problems
from monitor.vitals import Vitals

_OPEN_TO_ALL = {"/healthz", "/readyz"}
"""Asked by service managers, which carry no token, and telling nothing but a state."""

_AT_ONCE = 10
"""Requests that are served in one turn of the event loop."""

_PATIENCE_SECONDS = 2.0
"""How long an answer under way may take to end when the server stops."""


class Part(Protocol):
    """Somebody who answers."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """On these paths."""


class WebServer:
    """Serves while it is entered.

    Args:
        parts: who answers which paths.
        hub: says until when an answer stands.
        host, port: where to listen; port 0 takes a free one.
        token: if not None, what a request must carry as `Authorization: Bearer`.
    """

    def __init__(
        self, parts: Iterable[Part], hub: Hub, vitals: Vitals, *, host: str, port: int, token: str | None
    ) -> None:
        self._host = host
        self._port = port
        demand = [_demand(token)] if token is not None else []
        application = web.Application(middlewares=[_turns(), problems(vitals), *demand, Keeping(hub).middleware()])
        for part in parts:
            application.add_routes(part.routes())
            if isinstance(part, Events):
                application.on_shutdown.append(part.close)
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=_PATIENCE_SECONDS,
            handler_cancellation=True,  # nobody works for a client that is gone
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self._runner.addresses[0][:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            where = f"{self._host}:{self._port}"
            if error.errno == errno.EADDRINUSE:
                raise ConfigError(f"{where} is in use; choose another web.port, or 0 for any free one") from None
            raise ConfigError(f"cannot listen on {where} ({error.strerror}); look at web.host and web.port") from None
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


def _turns() -> Middleware:
    """Serve a few requests in each turn of the event loop, so that a crowd does not delay blocks."""
    turns = asyncio.Semaphore(_AT_ONCE)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        async with turns:
            await asyncio.sleep(0)
        return await handler(request)

    return middleware


def _demand(token: str) -> Middleware:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if request.path not in _OPEN_TO_ALL and not hmac.compare_digest(given, expected):
            raise Problem(HTTPStatus.UNAUTHORIZED, "this needs the token of web.token, as Authorization: Bearer")
        return await handler(request)

    return middleware
