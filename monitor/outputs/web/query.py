"""What a request asks for."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from monitor.outputs.web.problems import Problem


def asked(request: web.Request, *known: str) -> dict[str, str]:
    """The parameters; a misspelt one would otherwise be ignored in silence.

    Raises:
        Problem: one is none of `known`.
    """
    for name in request.query:
        if name not in known:
            raise Problem(HTTPStatus.BAD_REQUEST, f"unknown parameter; known are: {', '.join(known) or 'none'}")
    return dict(request.query)
