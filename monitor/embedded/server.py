"""The HTTP server for RPC and REST on one port, with the status codes and content types of a real node."""

from __future__ import annotations

import asyncio
import base64
import hmac

from aiohttp import web
from aiohttp.typedefs import Handler

from monitor.embedded.rest import Rest
from monitor.embedded.rpc import Rpc
from monitor.embedded.state import State

HOST = "127.0.0.1"
PATIENCE_SECONDS = 0.2
"""Time that requests in flight have to end when the server stops."""


class Server:
    """Answers from `start` to `stop`; between `pause` and `resume` requests are accepted but not answered."""

    def __init__(self, state: State, *, login: str, rest: bool) -> None:
        self._rpc = Rpc(state)
        self._login = b"Basic " + base64.b64encode(login.encode())
        app = web.Application(middlewares=[self._counted])
        app.router.add_post("/", self._answer_rpc)
        if rest:
            app.router.add_get("/rest/{path:.*}", Rest(state).answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=PATIENCE_SECONDS)
        self._awake = asyncio.Event()
        self._awake.set()
        self.in_flight = 0
        self.most_in_flight = 0

    async def start(self, port: int) -> int:
        """Listen on a port, 0 for any free one; returns the port."""
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        bound: int = self._runner.addresses[0][1]
        return bound

    async def stop(self) -> None:
        """Close all connections."""
        await self._runner.cleanup()

    def pause(self) -> None:
        """Stop answering."""
        self._awake.clear()

    def resume(self) -> None:
        """Answer again, also pending requests."""
        self._awake.set()

    @web.middleware
    async def _counted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self._awake.wait()
            response = await handler(request)
            await self._awake.wait()  # a long poll may have begun before the node hung
        except web.HTTPException as error:  # a real node sends no text with it
            return web.Response(status=error.status)
        finally:
            self.in_flight -= 1
        return response

    async def _answer_rpc(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), self._login):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="jsonrpc"'})
        return await self._rpc.answer(await request.read())
