"""The HTTP server for RPC and REST on one port, with the status codes and content types of a real node."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json

from aiohttp import web

from monitor.embedded.rest import Answer, Rest
from monitor.embedded.rpc import Rpc

HOST = "127.0.0.1"
PATIENCE_SECONDS = 0.2
"""Time that requests in flight have to end when the server stops."""

_NO_TYPE = "text/html; charset=ISO-8859-1"
"""The content type that a real node's HTTP library adds to responses without one."""


class Server:
    """Answers from `start` to `stop`; between `pause` and `resume` requests are accepted but not answered."""

    def __init__(self, rpc: Rpc, rest: Rest | None, *, login: str) -> None:
        self._rpc = rpc
        self._rest = rest
        self._login = b"Basic " + base64.b64encode(login.encode())
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=PATIENCE_SECONDS)
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

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self._awake.wait()
            response = await self._respond(request)
            await self._awake.wait()  # a long poll may have begun before the node hung
        finally:
            self.in_flight -= 1
        return response

    async def _respond(self, request: web.BaseRequest) -> web.Response:
        if self._rest and request.path.startswith("/rest/"):
            return _plain(self._rest.answer(request.path.removeprefix("/rest/"), request.query))
        if request.path == "/":
            return await self._answer_rpc(request)
        return _plain(Answer(404, None, b""))

    async def _answer_rpc(self, request: web.BaseRequest) -> web.Response:
        if request.method != "POST":
            return _plain(Answer(405, None, b"JSONRPC server handles only POST requests"))
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), self._login):
            refusal = _plain(Answer(401, None, b""))
            refusal.headers["WWW-Authenticate"] = 'Basic realm="jsonrpc"'
            return refusal
        reply = await self._rpc.answer(await request.read())
        if reply.content is None:
            return web.Response(status=reply.status)
        text = json.dumps(reply.content, separators=(",", ":"), ensure_ascii=False)
        return _plain(Answer(reply.status, "application/json", text.encode() + b"\n"))


def _plain(answer: Answer) -> web.Response:
    headers = {"Content-Type": answer.content_type or _NO_TYPE}
    return web.Response(status=answer.status, body=answer.body, headers=headers)
