"""What is told of a path, beside the handler that answers it: the only place.

A new path is documented by decorating its handler, whose docstring says what it is for:

    @Path(Shares, (LEVEL, WINDOW))
    async def shares(self, request: web.Request) -> web.Response:
        \"\"\"Who mined how much, with intervals.\"\"\"
        asked = query(request)
        ...
        return json(Shares(tip=..., windows=...))

The first argument is a model of `monitor.outputs.schemas`: the JSON of a 200. The parameters are the only ones that
`query` takes. From that come /api/openapi.json, docs/api.md, and whether the answer is kept until the next snapshot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web

from monitor.model import Snapshot
from monitor.outputs.schemas.base import Schema
from monitor.outputs.web.problems import Problem

_Handler = TypeVar("_Handler", bound=Callable[..., Any])
_MARK = "__path__"
_SHOWN = 40
"""Characters of a wrong value that an error repeats."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a question may, or in a path must, say."""

    name: str
    meaning: str
    """In Markdown, for docs/api.md."""
    schema: Mapping[str, Any]
    """JSON Schema of its value."""
    choices: Callable[[Snapshot], Sequence[str]] | None = None
    """The values that there are, where blocks and configuration decide that."""


NO_BLOCK_YET = {HTTPStatus.SERVICE_UNAVAILABLE: "no block is stored yet"}


@dataclass(frozen=True, slots=True)
class Path:
    """What is told of it; decorates its handler."""

    answer: type[Schema] | None
    """The JSON of a 200; None where it is no JSON."""
    parameters: tuple[Parameter, ...] = ()
    content: str = "application/json"
    problems: Mapping[HTTPStatus, str] = field(default_factory=NO_BLOCK_YET.copy)
    """Besides 400 for a question that makes no sense."""
    unready: bool = False
    """Whether the same answer comes with 503 as well."""
    kept: bool = True
    """Whether the answer stands until the next snapshot."""

    def __call__(self, handler: _Handler) -> _Handler:
        """Mark the handler."""
        setattr(handler, _MARK, self)
        return handler


def path_of(handler: object) -> Path | None:
    """What was told of the path that it answers; None where nothing was."""
    found: Path | None = getattr(handler, _MARK, None)
    return found


def json(answer: Schema, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    """A response with this body."""
    return web.Response(body=answer.encode(), status=status, content_type="application/json", charset="utf-8")


def query(request: web.Request) -> dict[str, str]:
    """What was asked for; a misspelt parameter would otherwise be ignored in silence.

    Raises:
        Problem: a parameter that the path does not have, or one that is given twice.
    """
    about = path_of(request.match_info.handler)
    known = [each.name for each in about.parameters] if about else []
    known = [name for name in known if name not in request.match_info]
    choices = f"choose one of: {', '.join(known)}" if known else "this path has none"
    for name in request.query:
        if name not in known:
            raise Problem(HTTPStatus.BAD_REQUEST, f"unknown parameter {name[:_SHOWN]!r}; {choices}")
        if len(request.query.getall(name)) > 1:
            raise Problem(HTTPStatus.BAD_REQUEST, f"{name} is given more than once")
    return dict(request.query)


def invalid(name: str, value: str, remedy: str) -> Problem:
    """A parameter has a value that cannot be read."""
    return Problem(HTTPStatus.BAD_REQUEST, f"invalid {name} {value[:_SHOWN]!r}; use {remedy}")


def unknown(name: str, value: str, choices: Iterable[str]) -> Problem:
    """A parameter has a value that is none of its choices."""
    named = ", ".join(dict.fromkeys(choices))
    return Problem(HTTPStatus.BAD_REQUEST, f"unknown {name} {value[:_SHOWN]!r}; choose one of: {named}")


def number(asked: Mapping[str, str], parameter: Parameter) -> int | None:
    """A parameter that is a whole number within its bounds; its default where it was not asked for.

    Raises:
        Problem: it is something else.
    """
    schema, text = parameter.schema, asked.get(parameter.name)
    if text is None:
        return schema.get("default")
    least, most = schema["minimum"], schema["maximum"]
    if not re.fullmatch(r"[0-9]{1,10}", text) or not least <= int(text) <= most:
        raise invalid(parameter.name, text, f"a number from {least} to {most}")
    return int(text)
