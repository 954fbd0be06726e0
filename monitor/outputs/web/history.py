"""Indices and shares over time: parameters are validated strictly, and requests are answered one at a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from http import HTTPStatus
from typing import Final

from aiohttp import web

from monitor.errors import InputError
from monitor.model import Asked, TimeSeries, Window
from monitor.outputs.schemas.history import TimeSeries as Answer
from monitor.outputs.web.parameters import LEVEL
from monitor.outputs.web.paths import Parameter, invalid
from monitor.outputs.web.ports import HistoryQueries
from monitor.outputs.web.problems import Problem

_MOST_SECONDS = 2**32
"""Header times count no further."""
_MOST_ENTITIES = 40
METRICS: Final = (
    "hhi",
    "hhi_unbiased",
    "nakamoto",
    "gini",
    "entropy_bits",
    "effective_entities",
    "theil",
    "top_share_1",
    "top_share_2",
    "top_share_3",
    "shares",
)
"""Those of `monitor.analysis.time_series`, as a test sees to."""
_MOMENT: Final = {"type": "string", "pattern": "^[0-9]{1,10}$|^[0-9]{4}-[0-9]{2}-[0-9]{2}"}
_SPAN: Final = {"type": "string", "pattern": "^[1-9][0-9]{0,2}[hd]$"}
PARAMETERS: Final = (
    LEVEL,
    Parameter(
        "metric",
        f"{', '.join(f'`{name}`' for name in METRICS)}; `hhi` without it",
        {"type": "string", "enum": list(METRICS)},
    ),
    Parameter(
        "window",
        "a span of time, as in `7d`: a point at t counts the blocks with a header time from after t less this to t; "
        "the step without it",
        _SPAN,
    ),
    Parameter(
        "from",
        "the first point: Unix seconds, `2025-01-31` or `2025-01-31T12:00:00Z`. Without it the points end at `to`, and "
        "begin with the first whose window is all stored",
        _MOMENT,
    ),
    Parameter("to", "no point is later; the newest block's time without it", _MOMENT),
    Parameter(
        "step",
        "from one point to the next, as in `1d`; without it one that gives at most 400 points. More than 2,000 are "
        "refused",
        _SPAN,
    ),
    Parameter(
        "limit",
        "of `shares`: how many entities have a series of their own, up to 40; 12 without it. The rest is `others`",
        {"type": "integer", "minimum": 1, "maximum": _MOST_ENTITIES, "default": 12},
    ),
)
_MOST_WAITING = 8
"""Questions that wait for their turn. One is answered at a time: each takes a thread and a part of a second."""


class Past:
    """The handler, over what it asks."""

    def __init__(self, courses: HistoryQueries) -> None:
        self._courses = courses
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def answer(self, request: web.Request, query: Mapping[str, str]) -> web.Response:
        """One metric's course; nothing but a status where the client has it already."""
        asked = _asked(query)
        edition = self._courses.edition
        if edition is None:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "nothing is counted yet; /readyz says why")
        tag = blake2b(f"{edition} {asked}".encode(), digest_size=12).hexdigest()
        headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
        if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        body = await self._body(asked, query.get("window", query.get("step")))
        return web.Response(body=body, content_type="application/json", charset="utf-8", headers=headers)

    async def _body(self, asked: Asked, window: str | None) -> bytes:
        if self._waiting >= _MOST_WAITING:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "too many requests for history; ask again in a second")
        self._waiting += 1
        try:
            async with self._turn:
                course = await self._courses.course(asked)
                return await asyncio.to_thread(_encoded, course, window)
        except InputError as error:
            raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None
        finally:
            self._waiting -= 1


def _asked(query: Mapping[str, str]) -> Asked:
    given = {
        "window": _span(query, "window"),
        "step": _span(query, "step"),
        "first": _moment(query, "from"),
        "last": _moment(query, "to"),
        "limit": _limit(query),
    }
    words = {name: query[name] for name in ("level", "metric") if name in query}
    return Asked(**words, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def _span(query: Mapping[str, str], name: str) -> int | None:
    """Seconds, as in 7d."""
    text = query.get(name)
    if text is None:
        return None
    try:
        seconds = Window.parse(text).seconds
    except ValueError:
        seconds = None
    if seconds is None or seconds > _MOST_SECONDS:
        raise invalid(name, text, "for example 1h or 1d")
    return seconds


def _moment(query: Mapping[str, str], name: str) -> int | None:
    """Unix seconds, from them or from ISO 8601."""
    text = query.get(name)
    if text is None:
        return None
    try:
        if re.fullmatch(r"[0-9]{1,10}", text):
            seconds = int(text)
        else:
            moment = datetime.fromisoformat(text)
            seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        seconds = -1
    if not 0 <= seconds < _MOST_SECONDS:
        raise invalid(name, text, "for example 2025-01-31, 2025-01-31T12:00:00Z or Unix seconds")
    return seconds


def _limit(query: Mapping[str, str]) -> int | None:
    text = query.get("limit")
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= _MOST_ENTITIES:
        raise invalid("limit", text, f"a number from 1 to {_MOST_ENTITIES}")
    return int(text)


def _encoded(course: TimeSeries, window: str | None) -> bytes:
    return Answer.of_window(course, window or _named(course.grid.window)).encode()


def _named(seconds: int) -> str:
    """A span that was chosen: whole hours."""
    days, rest = divmod(seconds, 86_400)
    return f"{seconds // 3600}h" if rest else f"{days}d"
