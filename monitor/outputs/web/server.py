"""The web server."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable, Sequence
from typing import Protocol, Self

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.config import Token, WebSection
from monitor.errors import ConfigError
from monitor.outputs.web.access import behind_proxies, known_host, require_token
from monitor.outputs.web.cache import AnswerCache
from monitor.outputs.web.connections import LimitedConnection, Limits
from monitor.outputs.web.elsewhere import below, preflight, readable_by, to_root
from monitor.outputs.web.headers import secure
from monitor.outputs.web.problems import problems
from monitor.outputs.web.routes.events import Events
from monitor.vitals import Vitals

_CONCURRENT = 10
"""Requests that are served in one turn of the event loop."""

_BACKLOG = 128
"""Connections that wait to be accepted."""

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
        settings: where to listen, and who may ask.
    """

    def __init__(self, parts: Iterable[Part], cache: AnswerCache, vitals: Vitals, *, settings: WebSection) -> None:
        self._settings = settings
        self.tokens: Sequence[Token] = settings.all_tokens()
        """Those that are accepted; replaced when their file has changed."""
        self._limits = Limits(vitals, settings.max_connections)
        application = web.Application(
            middlewares=[
                _turns(),
                preflight(settings.cors_origins),
                problems(vitals),
                behind_proxies(settings.trusted_proxies),
                known_host(settings.allowed_hosts),
                require_token(lambda: self.tokens, public_charts=settings.public_charts),
                cache.middleware(),
            ]
        )
        application.on_response_prepare.append(secure)
        application.on_response_prepare.append(readable_by(settings.cors_origins))
        if settings.base_path:
            application.add_routes([to_root(settings.base_path)])
        for part in parts:
            application.add_routes(part.routes())
            if isinstance(part, Events):
                application.on_shutdown.append(part.close)
        self._runner = web.AppRunner(
            application, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_SECONDS,
            handler_cancellation=True,  # a client that disconnects costs nothing more
        )  # fmt: skip
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """URL of the server."""
        assert self._listener
        host, port = self._listener.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        loop, server, settings = asyncio.get_running_loop(), self._runner.server, self._settings
        assert server
        if settings.base_path:
            server.request_factory = below(settings.base_path, server.request_factory)
        try:
            self._listener = await loop.create_server(
                lambda: LimitedConnection(server, self._limits, loop=loop, access_log=None),
                settings.host, settings.port, backlog=_BACKLOG,
            )  # fmt: skip
        except OSError as error:
            await self._runner.cleanup()
            where = f"{settings.host}:{settings.port}"
            if error.errno == errno.EADDRINUSE:
                raise ConfigError(f"{where} is in use; choose another web.port, or 0 for any free one") from None
            raise ConfigError(f"cannot listen on {where} ({error.strerror}); look at web.host and web.port") from None
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listener:
            self._listener.close()
        await self._runner.cleanup()
        self._limits.close()


def _turns() -> Middleware:
    """Serve a few requests in each turn of the event loop, so that many clients do not delay blocks."""
    turns = asyncio.Semaphore(_CONCURRENT)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        async with turns:
            await asyncio.sleep(0)
        return await handler(request)

    return middleware
