"""The comparison: what is paired, what stays empty, and what is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from support.economy_views import NOW, TODAY, mined, shipped_side, view, whole

from monitor.economy import text
from monitor.economy.keeper import changes
from monitor.economy.view import SourceData, ai_side, shipped_data, wanted_spans
from monitor.model import Direction, Layer, Observation, SourceOrigin


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


def test_opposite_directions_need_one_on_each_side() -> None:
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
    verdict = next(each.verdict for each in made.comparisons if each.key == "flow")
    assert "No verdict: the AI side is of 2026-06-05 to 2026-08-21, and mining's stored blocks are of " in verdict
    assert verdict.endswith("; pool-monitor backfill fetches more.")


def test_history_that_ends_earlier_gives_no_verdict_and_no_remedy() -> None:
    spans = wanted_spans(shipped_side(), TODAY)
    earlier = [replace(span, first=span.first - timedelta(days=364), last=span.last - timedelta(days=364))
               for span in spans]  # fmt: skip
    made = view([mined(span) for span in earlier], spans)
    verdict = next(each.verdict for each in made.comparisons if each.key == "flow")
    assert "No verdict: the AI side is of 2026-06-05 to 2026-08-21, and mining's stored blocks are of 2025-" in verdict
    assert "backfill" not in verdict


def test_a_summary_has_every_direction_in_one_sentence() -> None:
    summary = whole(growth=0.2).summary
    assert summary.startswith("Mining: effective template builders 4.1 → 5.0 in 12 months, rising, ")
    assert "effective chip designers 1.5 → 2.1 in 21 months, rising, over 99 %" in summary
    assert "effective chip owners 8.5–10.0 → 7.6–8.1 in 21 months, undecided" in summary


@pytest.mark.parametrize(
    ("growth", "mining", "opposite"),
    [(0.5, "disperse", "none found"), (-0.5, "concentrate", "chip designers against template builders")],
)
def test_the_answer_says_who_disperses_and_where_directions_are_opposite(
    growth: float, mining: str, opposite: str
) -> None:
    assert whole(growth=growth).answer == (
        "AI: chip designers disperse; chip owners and model authors are undecided. "
        f"Mining: template builders {mining}. Opposite directions: {opposite}."
    )
    assert "Mining: no trend yet. Opposite directions: none found." in view().answer


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
    assert owners.age_days(NOW) == 334


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
