"""Headers of every response: browsers neither guess types, nor frame it, nor tell other sites where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from aiohttp import web

SECURITY: Final[Mapping[str, str]] = MappingProxyType({
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
})  # fmt: skip
"""A page has a policy of its own, which allows its scripts and styles."""


async def secure(_request: web.Request, response: web.StreamResponse) -> None:
    """Add those that the response does not have; a signal of the application."""
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    if "frame-ancestors *" in response.headers["Content-Security-Policy"]:
        del response.headers["X-Frame-Options"]  # it knows no other site
