"""The page of the API, made from its OpenAPI document: parameters, examples, and the fields of each answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from monitor.model import Snapshot
from monitor.outputs.web.elsewhere import base_url
from monitor.outputs.web.pages.address import Address
from monitor.outputs.web.pages.entity import POOL
from monitor.outputs.web.pages.shell import Shell
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.openapi import document

PATH = "/api"
_OPERATION = "operation"
"""The parameter of a form that says which path it is of."""
_DAY = 86_400
_EVERYWHERE = {"200", "400", "401"}
"""Statuses that are explained once."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a path."""

    name: str
    required: bool
    type: str
    choices: Sequence[str]
    about: str
    hint: str
    """A value as an example of the format, or the default."""
    example: str
    """The value in the example request; empty: it is left out."""


@dataclass(frozen=True)
class FieldRow:
    """A field of an answer."""

    name: str
    """With the names around it: `windows[].shares[].share`."""
    type: str
    about: str


@dataclass(frozen=True)
class Operation:
    """A path with what it takes and answers."""

    id: str
    path: str
    summary: str
    about: Sequence[str]
    """Paragraphs."""
    parameters: Sequence[Parameter]
    types: Sequence[str]
    """Types of content of the answer."""
    fields: Sequence[FieldRow]
    problems: Mapping[str, str]
    """Statuses of its own, with their meaning."""

    @property
    def request(self) -> str:
        """The path and query string of the example."""
        return self.asked({each.name: each.example for each in self.parameters})

    def asked(self, values: Mapping[str, str]) -> str:
        """The path and query string with these values; empty ones are left out."""
        path, given = self.path, {name: value for name, value in values.items() if value}
        for each in self.parameters:
            if f"{{{each.name}}}" in path:
                path = path.replace(f"{{{each.name}}}", quote(given.pop(each.name, "") or "-", safe=""))
        return f"{path}?{urlencode(given)}" if given else path


class ApiPage:
    """Serves the page, and sends its forms to the paths that they are of."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._made: tuple[Snapshot | None, Sequence[Operation]] | None = None
        """The operations, with the snapshot that they are of."""

    def routes(self) -> list[web.RouteDef]:
        """The page, and where its forms go."""
        return [web.get(PATH, self.page), web.get(f"{PATH}/try", self.ask)]

    async def page(self, request: web.Request) -> web.Response:
        """Every path. Examples begin as the request does, so the page is not cached for others."""
        snapshot = self._shell.sources.hub.snapshot
        return self._shell.page(
            request, "reference.html", operations=await self._operations(request), base=base_url(request),
            month=_month(snapshot) if snapshot else None,
        )  # fmt: skip

    async def ask(self, request: web.Request) -> web.Response:
        """A form was sent: to its path, without the fields that are empty."""
        values = dict(request.query)
        wanted = values.pop(_OPERATION, None)
        found = next((each for each in await self._operations(request) if each.id == wanted), None)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, "unknown operation; /api has the list")
        raise web.HTTPSeeOther(Address.of(request).root + found.asked(values).removeprefix("/"))

    async def _operations(self, request: web.Request) -> Sequence[Operation]:
        """Made once for each snapshot, in a thread: blocks do not wait for it."""
        snapshot, routes = self._shell.sources.hub.snapshot, request.app.router.routes()
        if self._made is None or self._made[0] is not snapshot:
            self._made = snapshot, await asyncio.to_thread(lambda: list(operations(document(routes, snapshot))))
        return self._made[1]


def _month(snapshot: Snapshot) -> tuple[str, float, float]:
    """The largest pool, and the first and last second of thirty days up to the newest block's day."""
    pools = [share.entity for each in snapshot.concentration if each.level == POOL for share in each.shares]
    last = snapshot.tip.time // _DAY * _DAY
    return pools[0] if pools else "unknown", last - 30 * _DAY, last


def operations(openapi: Mapping[str, Any]) -> Iterator[Operation]:
    """The paths of an OpenAPI document, in its order."""
    schemas = openapi["components"]["schemas"]
    for path, methods in openapi["paths"].items():
        about = methods["get"]
        content = about["responses"]["200"]["content"]
        schema = next(iter(content.values())).get("schema", {})
        yield Operation(
            id=about["operationId"], path=path, summary=about["summary"],
            about=about.get("description", "").split("\n\n"),
            parameters=sorted(map(_parameter, about["parameters"]), key=lambda each: not each.required),
            types=list(content), fields=list(fields(schema, schemas)),
            problems={
                status: each["description"]
                for status, each in about["responses"].items()
                if status not in _EVERYWHERE
            },
        )  # fmt: skip


def fields(schema: Mapping[str, Any], schemas: Mapping[str, Any], *, within: Sequence[str] = ()) -> Iterator[FieldRow]:
    """The fields of an object, each followed by those inside it.

    Args:
        schema: of the object, or a reference to it.
        schemas: by name.
        within: names of the schemas around it: one inside itself is not opened again.
    """
    name = schema.get("$ref", "").rpartition("/")[2]
    if name in within:
        return
    for field, about in schemas.get(name, schema).get("properties", {}).items():
        yield FieldRow(field, _type(about), about.get("description", ""))
        inner, mark = _inside(about)
        for row in fields(inner, schemas, within=[*within, name]):
            yield FieldRow(f"{field}{mark}.{row.name}", row.type, row.about)


def _inside(schema: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """What is in a list, an object with names of its own, or a value that may be null; and how its name is marked."""
    if "anyOf" in schema:
        return _inside(next(each for each in schema["anyOf"] if each.get("type") != "null"))
    if "items" in schema:
        inner, mark = _inside(schema["items"])
        return inner, f"[]{mark}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        inner, mark = _inside(schema["additionalProperties"])
        return inner, f".*{mark}"
    return schema, ""


def _type(schema: Mapping[str, Any]) -> str:
    """A type in words."""
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2].rpartition("__")[2])
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_type(schema['additionalProperties'])}"
    return str({"date-time": "time", "date": "day"}.get(schema.get("format", ""), schema.get("type", "any")))


def _parameter(about: Mapping[str, Any]) -> Parameter:
    schema = about["schema"]
    choices = ["true", "false"] if schema.get("type") == "boolean" else [str(each) for each in schema.get("enum", ())]
    return Parameter(
        about["name"], about["required"], _range(schema), choices=choices, about=about["description"],
        hint=str(next(iter(schema.get("examples", [])), schema.get("default", ""))),
        example=_text(about.get("example", "")),
    )  # fmt: skip


def _text(value: object) -> str:
    """A value as a query string has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _range(schema: Mapping[str, Any]) -> str:
    """The type with its range and default."""
    least = f"more than {schema['exclusiveMinimum']:,}" if "exclusiveMinimum" in schema else schema.get("minimum")
    most = f"less than {schema['exclusiveMaximum']:,}" if "exclusiveMaximum" in schema else schema.get("maximum")
    found = [_type(schema)]
    if least is not None and most is not None:
        found.append(f"{least} to {most:,}" if isinstance(most, int) else f"{least}, {most}")
    if "default" in schema:
        found.append(f"default {schema['default']}")
    return ", ".join(found)
