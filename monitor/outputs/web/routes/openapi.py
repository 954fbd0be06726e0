"""/api/openapi.json: every declared endpoint, in OpenAPI 3.1."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from http import HTTPStatus
from inspect import getdoc
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from monitor import __version__
from monitor.model import Snapshot
from monitor.outputs.schemas.problem import Problem
from monitor.outputs.web.access import WITHOUT_TOKEN
from monitor.outputs.web.routes.endpoint import Endpoint, choices_of, endpoint_of, get
from monitor.outputs.web.sources import Sources

_COMPONENT = "#/components/schemas/{model}"
_INVALID = {HTTPStatus.BAD_REQUEST: "the request is invalid; `detail` has the remedy"}
_NO_TOKEN = {HTTPStatus.UNAUTHORIZED: "`web.token` is set, and the request does not carry it"}


@get("/api/openapi.json", problems={}, cached=False)
async def openapi(request: web.Request, sources: Sources) -> web.Response:
    """This interface, in OpenAPI 3.1."""
    routes, snapshot = request.app.router.routes(), sources.hub.snapshot
    return web.json_response(await asyncio.to_thread(document, routes, snapshot))  # the first takes half a second


def document(routes: Iterable[web.AbstractRoute], snapshot: Snapshot | None) -> dict[str, Any]:
    """The OpenAPI document.

    Args:
        routes: of the application.
        snapshot: has the levels and windows; None before the first one.
    """
    declared = [
        (each.handler, about) for each in routes if each.method == "GET" and (about := endpoint_of(each.handler))
    ]
    answers = {about.answer for _, about in declared if about.answer}
    refs, schemas = _schemas(tuple(sorted(answers | {Problem}, key=lambda each: each.__name__)))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "pool-monitor",
            "version": __version__,
            "description": "Who mines Bitcoin, how concentrated mining is, and how certain that is. Read-only. Fields "
            "may be added to an answer.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            about.path: {
                "get": {
                    "operationId": handler.__name__,
                    **_described(handler),
                    "parameters": list(parameters(about, snapshot)),
                    "responses": _responses(about, refs),
                }
            }
            for handler, about in declared
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "web.token, if it is set"}
            },
        },
        "security": [{}, {"token": []}],
    }


@cache
def _schemas(models: tuple[type[BaseModel], ...]) -> tuple[Mapping[Any, JsonSchemaValue], Mapping[str, Any]]:
    """A reference for each model, and what they refer to. Made once: it takes half a second."""
    refs, known = models_json_schema([(each, "serialization") for each in models], ref_template=_COMPONENT)
    return {each: refs[each, "serialization"] for each in models}, known.get("$defs", {})


def _described(handler: object) -> dict[str, str]:
    """The first line of the docstring, and the rest of it."""
    summary, _, rest = (getdoc(handler) or "").partition("\n")
    return {"summary": summary, **({"description": rest.strip()} if rest.strip() else {})}


def _responses(about: Endpoint, refs: Mapping[Any, JsonSchemaValue]) -> dict[str, Any]:
    good = {
        "description": "the answer",
        "content": {
            about.content: {"schema": refs[about.answer]} if about.answer else {},
            **({about.also: {"schema": {"type": "string"}}} if about.also else {}),
        },
    }
    always = _INVALID if about.path in WITHOUT_TOKEN else _INVALID | _NO_TOKEN
    problem = {"application/problem+json": {"schema": refs[Problem]}}
    found = {
        str(int(status)): {"description": meaning, "content": problem}
        for status, meaning in {**always, **about.problems}.items()
    }
    not_ready = {"503": {**good, "description": "not ready; the answer says why"}} if about.ready else {}
    return {"200": good, **found, **not_ready}


def parameters(about: Endpoint, snapshot: Snapshot | None) -> Iterator[dict[str, Any]]:
    """The parameters of an endpoint, as OpenAPI describes them."""
    choices = choices_of(about.query, snapshot) if snapshot else {}
    for name, schema in about.query.model_json_schema(schema_generator=_ParameterSchema).get("properties", {}).items():
        in_path = f"{{{name}}}" in about.path
        example = snapshot.tip_hash if snapshot and name == "hash" else about.example.get(name)
        known = example is not None and example in choices.get(name, [example])
        yield {
            "name": name,
            "in": "path" if in_path else "query",
            "required": in_path,
            "description": " ".join(schema.pop("description", "").split()),
            "schema": {**schema, **({"enum": choices[name]} if name in choices else {})},
            **({"example": example} if known else {}),
        }


class _ParameterSchema(GenerateJsonSchema):
    """Parameters are left out, never null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return super().default_schema(schema) if schema.get("default") else self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401, ARG002 -- as pydantic's
        return False
