"""The web server."""

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
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.problems import Problem, problems
from monitor.outputs.web.routes.events import Events
from monitor.vitals import Vitals

_WITHOUT_TOKEN = {"/healthz", "/readyz"}
"""For service managers, which have no token; they answer nothing but a state."""

_CONCURRENT = 10
"""Requests that are served in one turn of the event loop."""

_SHUTDOWN_SECONDS = 2.0
"""Time that requests have to finish when the server stops."""


class Part(Protocol):
    """Some of the routes."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The routes."""


class WebServer:
    """Serves while it is entered.

    Args:
        parts: the routes.
        cache: of their answers.
        host, port: where to listen; port 0 takes a free one.
        token: if not None, required of every request as `Authorization: Bearer`.
    """

    def __init__(
        self, parts: Iterable[Part], cache: AnswerCache, vitals: Vitals, *, host: str, port: int, token: str | None
    ) -> None:
        self._host = host
        self._port = port
        authentication = [_require(token)] if token is not None else []
        application = web.Application(middlewares=[_turns(), problems(vitals), *authentication, cache.middleware()])
        for part in parts:
            application.add_routes(part.routes())
            if isinstance(part, Events):
                application.on_shutdown.append(part.close)
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS,
            handler_cancellation=True,  # a client that disconnects costs nothing more
        )  # fmt: skip

    @property
    def url(self) -> str:
        """URL of the server."""
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
    """Serve a few requests in each turn of the event loop, so that many clients do not delay blocks."""
    turns = asyncio.Semaphore(_CONCURRENT)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        async with turns:
            await asyncio.sleep(0)
        return await handler(request)

    return middleware


def _require(token: str) -> Middleware:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if request.path not in _WITHOUT_TOKEN and not hmac.compare_digest(given, expected):
            raise Problem(HTTPStatus.UNAUTHORIZED, "send the token of web.token as Authorization: Bearer")
        return await handler(request)

    return middleware
