"""An HTTP proxy in front of a node, and the faults that it injects.

A fault is a function of a request: its answer replaces the node's; None lets the request through.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import count
from typing import Any, Self, TypeAlias

import aiohttp
from aiohttp import web


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent."""

    method: str
    path: str
    body: bytes

    @property
    def name(self) -> str:
        """The RPC method, or the path of a GET as far as `/rest/headers`."""
        return str(json.loads(self.body)["method"]) if self.body else "/".join(self.path.split("/")[:3])

    @property
    def params(self) -> list[Any]:
        """The parameters of the RPC method."""
        return list(json.loads(self.body)["params"])


@dataclass(frozen=True, slots=True)
class Answer:
    """What it gets."""

    status: int
    body: bytes = b""
    content_type: str = "text/html"


Fault: TypeAlias = Callable[[Request], Answer | None]
PAGE = Answer(200, b"<html><body>Please log in</body></html>")


class FaultyProxy:
    """Passes requests on to a node, unless the fault of the moment answers them."""

    def __init__(self, url: str, fault: Fault = lambda _request: None) -> None:
        self.url = ""
        self.fault = fault
        self.content_type: str | None = None
        """Of JSON answers, in place of the node's."""
        self.asked: Counter[str] = Counter()
        """How many requests came, by name."""
        self._node = url

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0][:2])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        asked = Request(request.method, request.path_qs, await request.read())
        self.asked[asked.name] += 1
        answer = self.fault(asked) or await self._pass_on(request, asked)
        return web.Response(status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type})

    async def _pass_on(self, request: web.BaseRequest, asked: Request) -> Answer:
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        try:
            async with self._session.request(
                asked.method, self._node + asked.path, data=asked.body or None, headers=headers
            ) as response:
                content_type = response.headers.get("Content-Type", "text/plain")
                if self.content_type and content_type == "application/json":
                    content_type = self.content_type
                return Answer(response.status, await response.read(), content_type)
        except aiohttp.ClientError:
            return Answer(502, b"<html>Bad Gateway</html>")


def every_request(answer: Answer) -> Fault:
    """Something in front of the node answers everything."""
    return lambda _request: answer


def every_get(answer: Answer) -> Fault:
    """Something in front of the node lets RPC through, and answers GET."""
    return lambda request: answer if request.method == "GET" else None


def calls(names: Collection[str], answer: Answer) -> Fault:
    """Some RPC methods are answered otherwise; and REST is off, so that blocks come over RPC."""

    def fault(request: Request) -> Answer | None:
        if request.method == "GET":
            return Answer(404)
        return answer if request.name in names else None

    return fault


def one_in(requests: int, answer: Answer) -> Fault:
    """One request in so many is refused, the others are not."""
    number = count(1)
    return lambda _request: answer if next(number) % requests == 0 else None


def error(code: int, message: str) -> Answer:
    """An error object of JSON-RPC."""
    text = json.dumps({"result": None, "error": {"code": code, "message": message}, "id": 1})
    return Answer(500, text.encode(), "application/json")


def result(value: object) -> Answer:
    """A result of JSON-RPC."""
    return Answer(200, json.dumps({"result": value, "error": None, "id": 1}).encode(), "application/json")
