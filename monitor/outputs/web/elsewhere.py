"""Below a path of a proxy, and for pages of other origins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus
from typing import Any, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

from monitor.outputs.web.problems import Problem

PREFIX = web.RequestKey("prefix", str)
"""What a request has the path below which it was asked for under, if that is known: for absolute links."""
_READABLE = ("/api/", "/metrics", "/healthz", "/readyz")
_DAY = "86400"

_Make: TypeAlias = Callable[..., web.BaseRequest]
_Signal: TypeAlias = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


def below(base_path: str, make: _Make) -> _Make:
    """Makes requests as if they had been for the root of the server, where they are for something below a path."""

    def made(message: Any, *parts: Any, **more: Any) -> web.BaseRequest:  # noqa: ANN401 -- as aiohttp calls it
        if not message.path.startswith(f"{base_path}/"):
            return make(message, *parts, **more)
        path, url = message.path.removeprefix(base_path), message.url
        # Built of its parts: read again, //name would be the name of a server.
        url = URL.build(
            path=url.raw_path.removeprefix(base_path), query_string=url.raw_query_string, encoded=True
        )  # fmt: skip
        request = make(message._replace(path=path, url=url), *parts, **more)
        request[PREFIX] = base_path
        return request

    return made


def base_url(request: web.Request) -> str:
    """What absolute links to our pages begin with, as the request did, without a slash at the end.

    Raises:
        Problem: the request does not say.
    """
    try:
        return f"{request.url.origin()}{request.get(PREFIX, '')}"
    except ValueError:
        raise Problem(HTTPStatus.BAD_REQUEST, "the header Host is invalid") from None


def to_root(base_path: str) -> web.RouteDef:
    """The path itself leads to the page below it: relative links need the slash."""

    async def moved(request: web.Request) -> web.Response:
        raise web.HTTPPermanentRedirect(request.rel_url.with_path(f"{base_path}/", keep_query=True))

    return web.get(base_path, moved)


def preflight(origins: Collection[str]) -> Middleware:
    """Answer browsers that ask whether a page of another origin may send a token."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method != "OPTIONS" or not _may_read(request, origins):
            return await handler(request)
        return web.Response(
            status=HTTPStatus.NO_CONTENT,
            headers={
                "Access-Control-Allow-Methods": "GET, HEAD",
                "Access-Control-Allow-Headers": "Authorization, If-None-Match",
                "Access-Control-Max-Age": _DAY,
            },
        )

    return middleware


def readable_by(origins: Collection[str]) -> _Signal:
    """A signal that lets pages of these origins read the answer."""

    async def signal(request: web.Request, response: web.StreamResponse) -> None:
        if origins and request.path.startswith(_READABLE):
            response.headers["Vary"] = ", ".join(filter(None, (response.headers.get("Vary"), "Origin")))
        if _may_read(request, origins):
            response.headers["Access-Control-Allow-Origin"] = "*" if "*" in origins else request.headers["Origin"]
            response.headers["Access-Control-Expose-Headers"] = "ETag"

    return signal


def _may_read(request: web.Request, origins: Collection[str]) -> bool:
    origin = request.headers.get("Origin")
    return bool(origin) and request.path.startswith(_READABLE) and ("*" in origins or origin in origins)
