"""Errors as RFC 9457 problem documents."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.errors import StoreAway
from monitor.logs import log_failure
from monitor.outputs.schemas import problem as schema
from monitor.vitals import Vitals


class Problem(Exception):  # noqa: N818 -- the word of the RFC
    """An error response: a status, and a sentence with the remedy."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def problems(vitals: Vitals) -> Middleware:
    """Middleware: every error becomes a problem document; our own are logged."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Problem as problem:
            return _document(problem.status, str(problem))
        except web.HTTPException as error:
            if error.status < 400:
                raise
            document = _document(HTTPStatus(error.status), error.reason)
            if "Allow" in error.headers:  # the methods that the path has
                document.headers["Allow"] = error.headers["Allow"]
            return document
        except StoreAway:
            return _document(HTTPStatus.SERVICE_UNAVAILABLE, "the database does not answer; repeat the request later")
        except Exception as error:  # noqa: BLE001 -- one request does not end the server
            vitals.errors.labels("web").inc()
            log_failure("a request failed", error, path=request.path)
            return _document(HTTPStatus.INTERNAL_SERVER_ERROR, "the log of the daemon has the reason")

    return middleware


def _document(status: HTTPStatus, detail: str) -> web.Response:
    document = schema.Problem(title=status.phrase, status=status, detail=detail)
    return web.json_response(document.model_dump(), status=status, content_type="application/problem+json")
