"""/api/openapi.json: every path that tells of itself (see `paths`), in OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from aiohttp import web
from pydantic.json_schema import models_json_schema

from monitor import __version__
from monitor.model import Snapshot
from monitor.outputs.schemas.problem import Problem
from monitor.outputs.web.paths import Parameter, Path, path_of

_COMPONENT = "#/components/schemas/{model}"
_BAD_REQUEST = {HTTPStatus.BAD_REQUEST: "the question makes no sense; `detail` says why"}
_NEVER = {HTTPStatus.UNAUTHORIZED: "`web.token` is set, and the request does not carry it"}


def openapi(resources: Iterable[web.AbstractRoute], snapshot: Snapshot | None) -> dict[str, Any]:
    """The document.

    Args:
        resources: the routes of the application.
        snapshot: which levels and windows there are; None where nobody knows yet.
    """
    told = {route: about for route in resources if route.method == "GET" and (about := path_of(route.handler))}
    types = {about.answer for about in told.values() if about.answer} | {Problem}
    types_in_order = sorted(types, key=lambda kind: kind.__name__)
    refs, known = models_json_schema([(kind, "serialization") for kind in types_in_order], ref_template=_COMPONENT)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "pool-monitor",
            "version": __version__,
            "description": "Who mines Bitcoin, how concentrated is it, and how sure can we be? Nothing here changes "
            "anything. Fields may be added to an answer.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {_path(route): {"get": _operation(route, about, refs, snapshot)} for route, about in told.items()},
        "components": {
            "schemas": known.get("$defs", {}),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "web.token, if it is set"}
            },
        },
        "security": [{}, {"token": []}],
    }


def _operation(
    route: web.AbstractRoute, about: Path, refs: dict[Any, Any], snapshot: Snapshot | None
) -> dict[str, Any]:
    answer: dict[str, Any] = {"schema": refs[about.answer, "serialization"]} if about.answer else {}
    good = {"description": "the answer", "content": {about.content: answer}}
    problems = {**_BAD_REQUEST, **_NEVER, **about.problems}
    document = {"application/problem+json": {"schema": refs[Problem, "serialization"]}}
    responses = {str(int(each)): {"description": why, "content": document} for each, why in problems.items()}
    if about.unready:
        responses["503"] = {**good, "description": "not yet; the answer says why"}
    return {
        "operationId": route.handler.__name__,
        "summary": (route.handler.__doc__ or "").strip().partition("\n")[0],
        "parameters": [
            _parameter(each, snapshot, within="path" if f"{{{each.name}}}" in _path(route) else "query")
            for each in about.parameters
        ],
        "responses": {"200": good, **responses},
    }


def _path(route: web.AbstractRoute) -> str:
    return route.resource.canonical if route.resource else ""


def _parameter(parameter: Parameter, snapshot: Snapshot | None, *, within: str) -> dict[str, Any]:
    choices = parameter.choices(snapshot) if parameter.choices and snapshot else None
    return {
        "name": parameter.name,
        "in": within,
        "required": within == "path",
        "description": parameter.meaning,
        "schema": {**parameter.schema, **({"enum": choices} if choices else {})},
    }
