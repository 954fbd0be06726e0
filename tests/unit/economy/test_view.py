"""The comparison: what is paired, what stays empty, and what is said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache

import pytest

from monitor.economy import mining, text
from monitor.economy.keeper import changes
from monitor.economy.mining import MiningSpan
from monitor.economy.view import AiSide, SourceData, ai_side, make_view, shipped_data, wanted_spans
from monitor.model import (
    Curve,
    Direction,
    EconomyView,
    Grid,
    Layer,
    MiningSide,
    Observation,
    SourceOrigin,
    TimeSeries,
)

TODAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()


@cache
def shipped_side() -> AiSide:
    return ai_side({})


def mined(span: MiningSpan, *, growth: float = 0.5, skip: int = 0) -> MiningSide:
    """A side with effective entities that grow by a factor a year; its first weeks are not stored."""
    begin = int(datetime(span.first.year, span.first.month, span.first.day, tzinfo=UTC).timestamp())
    end = int(datetime(span.last.year, span.last.month, span.last.day, tzinfo=UTC).timestamp()) + mining.DAY_SECONDS
    asked = mining.query(span, (begin + skip * 7 * mining.DAY_SECONDS, end))
    assert asked
    assert asked.first is not None
    assert asked.last is not None
    points = (asked.last - asked.first) // 604_800 + 1
    hhi = [10_000 / (5 * math.exp(growth * 7 * n / 365 + 0.01 * (-1) ** n)) for n in range(points)]
    curve = Curve(hhi, lower=[0.98 * each for each in hhi], upper=[1.02 * each for each in hhi])
    grid = Grid(asked.first, 604_800, points, window=604_800)
    return mining.side(span, TimeSeries(span.level, mining.METRIC, grid, {"split": curve, "merged": curve}))


def view(sides: Sequence[MiningSide] = (), spans: Sequence[MiningSpan] = ()) -> EconomyView:
    return make_view(shipped_side(), dict(zip(spans, sides, strict=True)), now=NOW, updated=False, changed={})


def whole(**how: float) -> EconomyView:
    spans = wanted_spans(shipped_side(), TODAY)
    return view([mined(span, **how) for span in spans], spans)  # type: ignore[arg-type]


def test_every_layer_has_two_sides_or_a_reason() -> None:
    for made in (view(), whole()):
        for each in made.comparisons:
            assert (each.mining is None) == bool(each.mining_missing), each.key
            assert (each.ai is None) == bool(each.ai_missing), each.key
            assert each.verdict.endswith(".")


def test_edge_is_not_measured_and_says_why() -> None:
    edge = next(each for each in whole().comparisons if each.key == "edge")
    assert (edge.mining, edge.ai) == (None, None)
    assert "no public source counts inference" in edge.ai_missing
    assert edge.verdict == "Not measured on either side."


def test_sides_are_compared_over_the_same_period() -> None:
    flow = next(each for each in whole().comparisons if each.key == "flow")
    assert flow.mining
    assert flow.mining.slope
    assert flow.ai
    assert flow.ai.slope
    assert abs((flow.mining.slope.last - flow.ai.slope.last).days) <= 7
    assert abs((flow.mining.slope.first - flow.ai.slope.first).days) <= 7


def test_opposite_directions_need_two_told_ones() -> None:
    rising, falling = whole(growth=0.5), whole(growth=-0.5)
    designer = {growth: next(c for c in made.comparisons if c.key == "designer").verdict
                for growth, made in ((1, rising), (-1, falling))}  # fmt: skip
    assert designer[1].endswith("The same direction.")
    assert designer[-1].endswith("Opposite directions.")
    flow = next(each for each in falling.comparisons if each.key == "flow")
    assert flow.verdict.endswith("Undecided: not both intervals exclude zero.")


def test_history_that_begins_later_gives_no_verdict() -> None:
    spans = wanted_spans(shipped_side(), TODAY)
    made = view([mined(span, skip=6) for span in spans], spans)
    flow = next(each for each in made.comparisons if each.key == "flow")
    assert "mining's stored history begins on" in flow.verdict


def test_a_summary_has_every_direction_in_one_sentence() -> None:
    summary = whole(growth=0.2).summary
    assert summary.startswith("Mining: effective template builders 5.1 → 6.0 in 12 months, rising, ")
    assert "effective chip designers 1.5 → 2.1 in 21 months, rising, over 99 %" in summary
    assert "effective chip owners 8.5–10.0 → 7.6–8.1 in 21 months, undecided" in summary


def test_claims_have_answers_from_the_data() -> None:
    answers = {each.sentence: each.answer for each in whole().claims}
    assert answers["Mining concentrates."].startswith("Mining: effective template builders")
    assert answers["Inference moves to the edge and onto devices."].startswith("Not measured: ")
    assert all(answers.values())


def test_every_figure_has_a_source_with_licence_and_attribution() -> None:
    made = whole()
    for each in made.measures:
        source = made.source(each.source)
        assert source.licence
        assert source.attribution
        assert source.state


def test_ages_are_of_the_period_not_of_the_fetch() -> None:
    owners = next(each for each in view().measures if each.layer is Layer.OWNERSHIP)
    assert owners.age(NOW) / 86_400 == pytest.approx(333.5)


def test_an_edition_of_a_source_that_only_adds_keeps_the_earlier_periods() -> None:
    older = shipped_data()["openrouter"]
    day = date(2026, 8, 21)
    newer = tuple(
        Observation(Layer.USAGE, day + timedelta(days=ago), name, 1e9)
        for ago in range(10)
        for name in ("a", "b", "c")
    )  # fmt: skip
    state = replace(older.state, fetched_at=older.state.fetched_at + 10, vintage="c" * 64, origin=SourceOrigin.FETCHED)
    found = ai_side({"openrouter": SourceData(state, newer)}).measures[Layer.USAGE]
    assert found.vintage == "c" * 64
    assert found.series[0].period < date(2026, 6, 20), "earlier weeks stay"
    assert found.effective == pytest.approx((3, 3), abs=1e-4), "a restated day counts"


def test_an_older_edition_does_not_replace_a_shipped_one() -> None:
    shipped = shipped_data()["epoch"]
    stored = SourceData(replace(shipped.state, fetched_at=1.0, vintage="d" * 64), shipped.observations[:20])
    assert ai_side({"epoch": stored}).states["epoch"] == shipped.state


def test_changes_of_direction_are_dated_and_mining_needs_a_year() -> None:
    made = whole(growth=0.5)
    first = changes({}, made)
    assert set(first) == {"designer", "ownership", "usage", "mining"}
    assert all(since == 0 for _, since in first.values())
    later = changes({**first, "usage": ("dispersing", 5.0)}, made)
    assert later["usage"] == (Direction.UNDECIDED, NOW)
    assert later["designer"] == first["designer"]
    spans = wanted_spans(shipped_side(), TODAY)
    short = view([mined(span, skip=8) for span in spans if (span.last - span.first).days > 300],
                 [span for span in spans if (span.last - span.first).days > 300])  # fmt: skip
    assert "mining" not in changes({}, short)


def test_a_probability_is_never_certainty() -> None:
    assert [text.percent(each) for each in (0.5, 0.97, 0.994, 0.9999, 1.0)] == [
        "50 %", "97 %", "99 %", "over 99 %", "over 99 %"
    ]  # fmt: skip
