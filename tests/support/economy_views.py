"""Both economies as the pages get them: the shipped editions, and an invented mining side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache

from monitor.economy import mining
from monitor.economy.mining import DAY_SECONDS, MiningSpan
from monitor.economy.view import AiSide, ai_side, make_view, wanted_spans
from monitor.model import Curve, EconomyView, Grid, MiningSide, SeriesQuery, TimeSeries

TODAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
_WEEK, _YEAR = 7 * DAY_SECONDS, 365 * DAY_SECONDS


@cache
def shipped_side() -> AiSide:
    """The AI side of the shipped editions."""
    return ai_side({})


def mined(span: MiningSpan, *, growth: float = 0.5, skip: int = 0) -> MiningSide:
    """A side with effective entities that grow by a factor of e**growth a year; its first weeks are not stored."""
    begin, end = (
        int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day in (span.first, span.last)
    )
    asked = mining.query(span, (begin + skip * _WEEK, end + DAY_SECONDS))
    assert asked
    return mining.side(span, series(asked, growth=growth))


def series(asked: SeriesQuery, *, growth: float = 0.5) -> TimeSeries:
    """The weeks that were asked for."""
    assert asked.first is not None
    assert asked.last is not None
    points = (asked.last - asked.first) // _WEEK + 1
    ages = [(NOW - asked.first) / _YEAR - 7 * n / 365 for n in range(points)]
    hhi = [10_000 / (5 * math.exp(0.01 * (-1) ** n - growth * age)) for n, age in enumerate(ages)]
    curve = Curve(hhi, lower=[0.9 * each for each in hhi], upper=[1.1 * each for each in hhi])
    grid = Grid(asked.first, _WEEK, points, window=_WEEK)
    return TimeSeries(asked.level, mining.METRIC, grid, {"split": curve, "merged": curve})


def view(sides: Sequence[MiningSide] = (), spans: Sequence[MiningSpan] = ()) -> EconomyView:
    """The view with these mining sides, or without any."""
    return make_view(shipped_side(), dict(zip(spans, sides, strict=True)), now=NOW, updated=False)


def whole(*, growth: float = 0.5, skip: int = 0) -> EconomyView:
    """The view with every mining side."""
    spans = wanted_spans(shipped_side(), TODAY)
    return view([mined(span, growth=growth, skip=skip) for span in spans], spans)
