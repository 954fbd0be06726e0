"""Declares the endpoints of the API: a path, a model of its parameters, and a model of its JSON.

    class WindowQuery(Query):
        window: Window = None
        \"\"\"One window only, as configured.\"\"\"

    @get("/api/v1/shares")
    async def shares(query: WindowQuery, sources: Sources) -> Shares:
        \"\"\"Who mined how much, with intervals.\"\"\"

Validation, /api/openapi.json and docs/api.md follow from the annotations and docstrings. A function takes what it needs
of `query`, `sources` and `request`; one that returns a response of its own declares its JSON as `answer`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_type_hints

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from monitor.model import Snapshot
from monitor.outputs.schemas.base import Schema
from monitor.outputs.web.cache import cached as mark_cached
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.times import At
from monitor.outputs.web.sources import Sources
from monitor.outputs.web.tables import as_csv, rows_of, source_line

_MARK = "__endpoint__"
EVENT_STREAM = "text/event-stream"
_SHOWN = 40
"""Characters of an invalid value that an error repeats."""
NO_BLOCK_YET = {HTTPStatus.SERVICE_UNAVAILABLE: "no block is stored yet"}

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Query(BaseModel):
    """The parameters of an endpoint, from the path and the query string."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, defer_build=True)


_Query = TypeVar("_Query", bound=Query)


class AsOf(Query):
    """The present, or an earlier block."""

    at: At | None = None
    """numbers as of an earlier block: its height, a day (its end, UTC), or a time; windows end there. By today's
    registry, with the memberships of each block's own time. The newest block without it"""


class TableQuery(AsOf):
    """An answer that is a table, too."""

    format: Literal["json", "csv"] = "json"
    """`csv` has a row for each entry of the list, after a line that says what it is"""


@dataclass(frozen=True)
class OneOf:
    """Restricts a parameter to values of the newest snapshot."""

    choices: Callable[[Snapshot], Iterable[str]]


Level: TypeAlias = Annotated[str | None, OneOf(lambda snapshot: (each.level for each in snapshot.concentration))]
Window: TypeAlias = Annotated[
    str | None, OneOf(lambda snapshot: (each.window.name for each in snapshot.concentration)), Field(examples=["24h"])
]


class WindowQuery(AsOf):
    """One window, or all of them."""

    window: Window = None
    """one window only, as configured: `24h`"""


@dataclass(slots=True)
class Endpoint:
    """Declares an endpoint, as a decorator; `get` is its usual name."""

    path: str
    """With the names of path parameters in braces."""
    _: KW_ONLY
    answer: type[Schema] | None = None
    """The JSON of a 200, if the return annotation does not say it."""
    content: str = "application/json"
    also: str | None = None
    """Another type of content that a 200 may have, by a parameter."""
    rows: str = ""
    """The list of the answer that `format=csv` has a row for each entry of, as in `windows.shares`."""
    problems: Mapping[HTTPStatus, str] = field(default_factory=NO_BLOCK_YET.copy)
    """Statuses of its own besides 200, and what they mean."""
    ready: bool = False
    """Whether it answers 503 with the same JSON while the daemon is not ready."""
    cached: bool = True
    """Whether the answer depends on nothing but `Sources.state` and the stored blocks."""
    example: Mapping[str, str | int] = field(default_factory=dict)
    """Values of parameters for a request that shows what the endpoint is for."""
    query: type[Query] = Query
    """The parameters, from the annotation."""

    def __call__(self, function: _Function) -> _Function:
        """Complete the declaration by the annotations of the function."""
        hints = get_type_hints(function)
        self.also = self.also or ("text/csv" if self.rows else None)
        self.query = hints.get("query", Query)
        if issubclass(self.query, AsOf):
            self.problems = {HTTPStatus.NOT_FOUND: "nothing is stored of the time that `at` names", **self.problems}
        if issubclass(hints["return"], Schema):
            self.answer = hints["return"]
        setattr(function, _MARK, self)
        return mark_cached(function) if self.cached else function


get = Endpoint


def endpoint_of(handler: object) -> Endpoint | None:
    """What was declared about a handler."""
    found: Endpoint | None = getattr(handler, _MARK, None)
    return found


def route(function: Callable[..., Any], sources: Sources) -> web.RouteDef:
    """The route of a declared function."""
    about = endpoint_of(function)
    assert about, f"{function} is not declared with @get"
    takes = inspect.signature(function).parameters

    @wraps(function)
    async def handler(request: web.Request) -> web.StreamResponse:
        query = read_query(request, about.query, sources)
        chosen = await sources.as_of(query.at) if isinstance(query, AsOf) else sources
        available = {"query": query, "sources": chosen, "request": request}
        answer = await function(**{name: available[name] for name in takes})
        if isinstance(query, TableQuery) and query.format == "csv":
            source = source_line(chosen.snapshot, request.rel_url.without_query_params("format").raw_path_qs)
            text = as_csv(rows_of(answer.model_dump(mode="json"), about.rows), source)
            return web.Response(text=text, content_type="text/csv", charset="utf-8")
        return answer if isinstance(answer, web.StreamResponse) else json_response(answer)

    typed: Handler = handler
    return web.get(about.path, typed)


def json_response(answer: Schema, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """A response with this body."""
    return web.Response(body=answer.encode(), status=status, content_type="application/json", charset="utf-8")


def read_query(request: web.Request, model: type[_Query], sources: Sources) -> _Query:
    """Validate the parameters of a request.

    Raises:
        Problem: one is unknown, invalid, or given more than once.
    """
    for name in request.query:
        if name in request.match_info or len(request.query.getall(name)) > 1:
            raise Problem(HTTPStatus.BAD_REQUEST, f"{name} is given more than once")
    try:
        query = model.model_validate({**request.query, **request.match_info})
    except ValidationError as invalid:
        raise Problem(HTTPStatus.BAD_REQUEST, _sentence(invalid, model, request)) from None
    snapshot = sources.hub.snapshot
    for name, choices in choices_of(model, snapshot).items() if snapshot else ():
        value = getattr(query, name)
        if value is not None and value not in choices:
            raise Problem(HTTPStatus.BAD_REQUEST, _unknown(name, value, choices))
    return query


def choices_of(model: type[Query], snapshot: Snapshot) -> dict[str, list[str]]:
    """The values that parameters may have, by name."""
    return {
        name: list(dict.fromkeys(each.choices(snapshot)))
        for name, about in model.model_fields.items()
        for each in about.metadata
        if isinstance(each, OneOf)
    }


def _sentence(invalid: ValidationError, model: type[Query], request: web.Request) -> str:
    error = invalid.errors()[0]
    name, value = str(error["loc"][0]), str(error["input"])
    if error["type"] == "extra_forbidden":
        if name == "then" and issubclass(model, AsOf):
            return "'then' is for pages; request the earlier day with 'at' and compare"
        known = [each.alias or name for name, each in model.model_fields.items() if name not in request.match_info]
        return f"unknown parameter {name[:_SHOWN]!r}; " + (
            f"choose one of: {', '.join(known)}" if known else "this path has none"
        )
    if error["type"] in {"enum", "literal_error"}:
        return _unknown(name, value, [error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")])
    message = error["msg"].removeprefix("Value error, ")
    return f"invalid {name} {value[:_SHOWN]!r}; {message[0].lower()}{message[1:]}"


def _unknown(name: str, value: str, choices: Iterable[str]) -> str:
    return f"unknown {name} {value[:_SHOWN]!r}; choose one of: {', '.join(choices)}"
