"""Who may ask for what: clients behind trusted proxies, names of this server, and tokens with scopes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.config import Scope, Token
from monitor.outputs.web.elsewhere import PREFIX
from monitor.outputs.web.problems import Problem

Tokens: TypeAlias = Callable[[], Sequence[Token]]
Network: TypeAlias = IPv4Network | IPv6Network

WITHOUT_TOKEN = {"/healthz", "/readyz"}
"""For service managers, which have no token; they answer nothing but a state."""
_CHARTS = ("/embed/", "/badge/", "/chart/", "/favicon.ico")
_PRIVATE = ("local", "localhost", "internal", "home.arpa", "onion")
"""Domains in which no other site can have a name: so a page of another site cannot reach us by one."""
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^:\[\]]*))(?::\d*)?")


def behind_proxies(trusted: Collection[Network]) -> Middleware:
    """Take address and scheme of a client from the headers of a trusted proxy.

    The host is always that of the request: a script of another site may set X-Forwarded-Host.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_in(request.remote, trusted):
            return await handler(request)
        hops = [each.strip() for each in ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")]
        client = next(
            (each for each in reversed(hops) if _address(each) and not _is_in(each, trusted)), str(request.remote)
        )
        proto = request.headers.get("X-Forwarded-Proto", "")
        scheme = proto if proto in {"http", "https"} else request.scheme
        known = request.clone(remote=client, scheme=scheme)
        prefix = request.headers.get("X-Forwarded-Prefix", "").rstrip("/")
        if _PATH.fullmatch(prefix):
            known[PREFIX] = prefix
        return await handler(known)

    return middleware


def known_host(allowed: Collection[str]) -> Middleware:
    """Refuse requests for names that another site may have: its name may be made to lead here (DNS rebinding).

    Args:
        allowed: names besides addresses, names without a dot, and those of private domains; `*` for all.
    """
    names = {each.lower() for each in allowed}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A request target with a host of its own (RFC 9112, 3.2.2) has another one than the header may say.
        asked = {request.headers.get("Host", ""), request.host}
        if "*" not in names and not all(_is_ours(each, names) for each in asked):
            raise Problem(
                HTTPStatus.MISDIRECTED_REQUEST, "this name is not one of this server; add it to web.allowed_hosts"
            )
        return await handler(request)

    return middleware


def require_token(tokens: Tokens, *, public_charts: bool) -> Middleware:
    """Require one of the tokens, if there are any, with the scope of the path.

    Args:
        tokens: those that are accepted now.
        public_charts: whether drawings that other sites may show need none.
    """
    public = _CHARTS if public_charts else ()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = tokens()
        if known and request.path not in WITHOUT_TOKEN and not request.path.startswith(public):
            scheme, _, given = request.headers.get("Authorization", "").partition(" ")
            matching = [each for each in known if each.matches(given)] if scheme.lower() == "bearer" else []
            if not matching:
                raise Problem(HTTPStatus.UNAUTHORIZED, "send a token of this server as Authorization: Bearer")
            scope = Scope.METRICS if request.path == "/metrics" else Scope.READ
            if not any(scope in each.scopes for each in matching):
                raise Problem(HTTPStatus.FORBIDDEN, f"the token does not have the scope {scope}")
        return await handler(request)

    return middleware


def _is_ours(host: str, allowed: Collection[str]) -> bool:
    found = _HOST.fullmatch(host)
    if found is None:
        return _address(host) is not None  # of IPv6, from a request target
    name = (found[2] or "").lower().removesuffix(".")
    if found[1] is not None:
        return _address(found[1]) is not None
    return (
        bool(_address(name))
        or name in allowed
        or (bool(name) and ("." not in name or name.endswith(tuple(f".{each}" for each in _PRIVATE))))
    )


def _is_in(address: str | None, networks: Collection[Network]) -> bool:
    found = _address(address or "")
    return found is not None and any(found in each for each in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
