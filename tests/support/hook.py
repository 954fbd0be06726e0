"""A real web server that takes POSTs, and behaves as badly as it is told to."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from support.services import PATIENCE, free_port


@dataclass(frozen=True, slots=True)
class Posted:
    """What somebody sent."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:  # noqa: ANN401 -- JSON is whatever it is
        """The body."""
        return json.loads(self.body)


class Hook:
    """Listens on a port of 127.0.0.1 that survives `stop` and `start`."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.port = free_port()
        self.status = 200
        """What it answers; 0: nothing, for as long as the asker waits."""
        self.late = 0.0
        """Seconds until it answers what it has taken."""
        self.headers: dict[str, str] = {}
        self.says = ""
        self.asked: list[Posted] = []
        """Every request."""
        self.taken: list[Posted] = []
        """Those that are answered with 200, or would be if the asker waited."""
        self._tls = tls
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def listens(self) -> bool:
        """Whether anybody can connect."""
        return self._runner is not None

    async def start(self) -> None:
        """Listen."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls, reuse_address=True).start()

    async def stop(self) -> None:
        """Refuse connections from now on."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.Request) -> web.Response:
        posted = Posted(request.path, dict(request.headers), await request.read())
        self.asked.append(posted)
        status = self.status
        if not status:
            await asyncio.sleep(3600)
        if status == 200:
            self.taken.append(posted)
        await asyncio.sleep(self.late)
        return web.Response(status=status, text=self.says, headers=self.headers)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def until(ready: Any, *, seconds: float = 60, what: str = "it") -> None:  # noqa: ANN401 -- a function without arguments
    """Return as soon as `ready` says so, and let everything else go on meanwhile.

    Args:
        ready: asked again and again.
        seconds: how long it may take on a quiet machine.
        what: what is waited for, for the message.

    Raises:
        AssertionError: it did not happen.
    """
    try:
        async with asyncio.timeout(PATIENCE * seconds):
            while not ready():  # noqa: ASYNC110 -- whatever it is about
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE * seconds:g} s in vain for {what}") from None
