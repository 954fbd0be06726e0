"""Indices and shares over time. Requests are answered one at a time: each takes a thread and a part of a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from hashlib import blake2b
from http import HTTPStatus
from typing import Annotated, Literal, TypeAlias, get_args

from aiohttp import web
from pydantic import BeforeValidator, Field, WithJsonSchema

from monitor import model
from monitor.errors import InputError
from monitor.model import SeriesQuery
from monitor.outputs.schemas.base import iso
from monitor.outputs.schemas.history import TimeSeries
from monitor.outputs.web.problems import Problem
from monitor.outputs.web.routes.endpoint import Level, Query, get
from monitor.outputs.web.routes.times import MAX_SECONDS, Time
from monitor.outputs.web.sources import Sources
from monitor.outputs.web.tables import as_csv, source_line

Metric: TypeAlias = Literal[
    "hhi", "hhi_unbiased", "nakamoto", "gini", "entropy_bits", "effective_entities", "theil",
    "top_share_1", "top_share_2", "top_share_3", "shares",
]  # fmt: skip
"""Those of `monitor.analysis.time_series`; a test compares them."""


def _span(text: str) -> model.Window:
    try:
        window = model.Window.parse(text)
    except ValueError:
        window = model.Window("")
    if window.seconds is None or window.seconds > MAX_SECONDS:
        raise ValueError("use for example 1h or 1d")
    return window


Span: TypeAlias = Annotated[
    model.Window,
    BeforeValidator(_span),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,2}[hd]$", "examples": ["7d"]}),
]


class HistoryQuery(Query):
    """A metric over time."""

    level: Level = None
    """what blocks are counted for; `pool` without it"""
    metric: Metric = Field(
        "hhi", description=f"{', '.join(f'`{name}`' for name in get_args(Metric))}; `hhi` without it"
    )
    window: Span | None = None
    """a span of time, as in `7d`: a point at t counts the blocks with a header time after t less this span, up to t;
    the step without it"""
    first: Time | None = Field(None, alias="from")
    """the first point: Unix seconds, `2025-01-31` or `2025-01-31T12:00:00Z`. Without it the points end at `to`, and
    begin with the first point that has a complete window"""
    last: Time | None = Field(None, alias="to")
    """no point is later; the newest block's time without it"""
    step: Span | None = None
    """from one point to the next, as in `1d`; without it one that gives at most 400 points. More than 2,000 points are
    refused"""
    limit: int = Field(12, ge=1, le=40)
    """of `shares`: the number of entities with a series of their own. The rest is `others`"""
    format: Literal["json", "csv"] = "json"
    """`csv` has a row for each point, after a line that says what it is"""
    entity: str | None = Field(None, max_length=512, examples=["antpool,foundryusa"])
    """of `shares`: entities with a series of their own, separated by commas, in place of the largest"""
    incomplete: bool = False
    """without `from`: begin with the first stored block, also with points that have only a part of their window;
    `complete` says how much"""

    def asked(self) -> SeriesQuery:
        """As the analysis takes it."""
        return SeriesQuery(
            level=self.level or "pool",
            metric=self.metric,
            window=self.window.seconds if self.window else None,
            step=self.step.seconds if self.step else None,
            first=self.first,
            last=self.last,
            limit=self.limit,
            entities=tuple(self.entity.split(",")) if self.entity else (),
            incomplete=self.incomplete,
        )


@get(
    "/api/v1/history", answer=TimeSeries, also="text/csv", cached=False,
    example={"metric": "shares", "window": "7d", "incomplete": True, "format": "csv"},
)  # fmt: skip
async def history(request: web.Request, query: HistoryQuery, sources: Sources) -> web.Response:
    """An index, or the shares, over time in equal steps.

    An index has a series with each unknown block counted as its own miner (`split`) and one with all of them
    counted as one miner (`merged`). `shares` have a series for each of the entities that are largest on average,
    and `others`, `unknown`, and `alone` for miners who each count for themselves, where there are any. Numbers are
    in the order of `times` (Unix seconds); a point without blocks has none. `lower` and `upper` are the ends of the
    published 95 % interval, `sampling_lower` and `sampling_upper` those of its sampling part: of shares, `hhi` and
    `hhi_unbiased` (for both, that of the unbiased index), `nakamoto` and `effective_entities`. Both readings of an
    index have one published interval, which holds both. The intervals of indices are computed without random draws:
    of a hundred blocks or more, their ends differ from those of `/api/v1/concentration` by a few per cent of the
    width. `unknown` and `alone` have the sampling interval alone. Entities that may have blocks, but have none
    counted, follow those that have some.

    The `ETag` changes when the series may have changed. Requests are answered one at a time; 503 means that too
    many wait.
    """
    named = query.window or query.step

    async def body() -> bytes:
        found = await series_of(query, sources)
        if query.format == "csv":
            source = source_line(sources.snapshot, request.rel_url.without_query_params("format").raw_path_qs)
            return (await asyncio.to_thread(as_csv, _rows(found), source)).encode()
        return await asyncio.to_thread(_encode, found, named.name if named else None)

    state = f"{sources.history.edition} {query.format} {query.asked()}"
    content_type = "text/csv" if query.format == "csv" else "application/json"
    return await unless_known(request, state, body, content_type=content_type)


async def series_of(query: HistoryQuery, sources: Sources) -> model.TimeSeries:
    """What the parameters ask for, when it is its turn.

    Raises:
        Problem: a parameter is invalid, nothing is counted yet, or too many requests wait.
    """
    if sources.history.edition is None:
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "no block is counted yet; /readyz says why")
    try:
        async with sources.turns.one(object()):
            return await sources.history.series(query.asked())
    except InputError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, str(error)) from None


async def unless_known(
    request: web.Request, state: str, body: Callable[[], Awaitable[bytes]], *, content_type: str
) -> web.Response:
    """The body, made only if the client does not have that of the same state."""
    tag = blake2b(state.encode(), digest_size=12).hexdigest()
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if any(known.value in {tag, "*"} for known in request.if_none_match or ()):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return web.Response(body=await body(), content_type=content_type, charset="utf-8", headers=headers)


def _encode(found: model.TimeSeries, window: str | None) -> bytes:
    return TimeSeries.of_window(found, window or _name(found.grid.window)).encode()


def _name(seconds: int) -> str:
    """A window that was chosen by us: whole hours."""
    days, rest = divmod(seconds, 86_400)
    return f"{seconds // 3600}h" if rest else f"{days}d"


def _rows(found: model.TimeSeries) -> Iterator[dict[str, object]]:
    """A row for each point, with a column for each number of each series."""
    columns = {
        f"{name}{end}": values
        for name, curve in found.series.items()
        for end, values in (
            ("", curve.value), (".lower", curve.lower), (".upper", curve.upper),
            (".sampling_lower", curve.sampling_lower), (".sampling_upper", curve.sampling_upper),
        )
        if values
    }  # fmt: skip
    for at, (time, complete) in enumerate(zip(found.grid.times, found.complete, strict=True)):
        yield {"time": iso(time), "complete": complete} | {name: values[at] for name, values in columns.items()}
