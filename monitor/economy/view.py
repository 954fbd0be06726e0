"""The view of both economies: which layers are compared, and what each side has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

from monitor.economy import text
from monitor.economy.entities import entity_rules
from monitor.economy.layer_measures import measure
from monitor.economy.layers import LAYERS
from monitor.economy.mining import MiningSpan, twelve_months
from monitor.economy.pairs import PAIRS, Pair
from monitor.economy.sources.known import SOURCES, as_of_day, shipped, source_named
from monitor.model import (
    HEADLINE_LEVEL,
    Comparison,
    EconomySource,
    EconomyView,
    Layer,
    LayerMeasure,
    MiningSide,
    Observation,
    SourceOrigin,
    SourceState,
    day_of,
)

LEVELS: Final = ("template", "pool", "country", "origin")
"""Mining's levels that are compared or stand beside."""


@dataclass(frozen=True, slots=True)
class SourceData:
    """What is stored, or shipped, of a source."""

    state: SourceState
    observations: tuple[Observation, ...]

    @property
    def newest(self) -> date:
        """The last day of its newest period."""
        return max(each.period for each in self.observations)


@dataclass(frozen=True, slots=True)
class AiSide:
    """What does not depend on mining."""

    measures: Mapping[Layer, LayerMeasure]
    states: Mapping[str, SourceState]
    """Of the sources that have an edition, or were asked for one."""

    def with_states(self, states: Mapping[str, SourceState]) -> AiSide:
        """The same with newer states of the sources, where they are of the edition that was measured, or of none."""
        newer = {
            name: state
            for name, state in states.items()
            if name not in self.states or state.fetched_at >= self.states[name].fetched_at
        }
        return replace(self, states={**self.states, **newer})


def shipped_data() -> dict[str, SourceData]:
    """The editions that come with the program, by source."""
    return {
        each.source: SourceData(
            SourceState(each.source, each.hash, each.fetched_at, origin=SourceOrigin.SHIPPED), each.observations
        )
        for each in shipped()
    }


def ai_side(stored: Mapping[str, SourceData]) -> AiSide:
    """Measure all layers, of what is stored, and of the shipped editions where they are newer and end later."""
    return _measured(stored) if stored else _shipped_side()


@cache
def _shipped_side() -> AiSide:
    return _measured({})


def _measured(stored: Mapping[str, SourceData]) -> AiSide:
    data = shipped_data()
    for name, each in stored.items():
        ours = data.get(name)
        if ours is None or each.state.fetched_at >= ours.state.fetched_at or each.newest >= ours.newest:
            data[name] = each if source_named(name).replaces_all else _with_earlier(each, ours)
    measures = {}
    for kind in LAYERS:
        if found := data.get(kind.source):
            own = [each for each in found.observations if each.layer is kind.layer]
            if made := measure(kind, own, entity_rules(), vintage=found.state.vintage):
                measures[kind.layer] = made
    return AiSide(measures, {name: each.state for name, each in data.items()})


def _with_earlier(newer: SourceData, older: SourceData | None) -> SourceData:
    """Periods that only the older edition has stay: the newer one begins later."""
    known = {(each.layer, each.period) for each in newer.observations}
    kept = [each for each in older.observations if (each.layer, each.period) not in known] if older else []
    return replace(newer, observations=(*kept, *newer.observations))


def wanted_spans(side: AiSide, today: date) -> list[MiningSpan]:
    """What mining is needed over: twelve months at each level, and the span of each AI side."""
    spans = [twelve_months(level, today) for level in LEVELS]
    measured = [(row, side.measures.get(row.layer)) for row in PAIRS if row.layer]
    return [*spans, *(_span_of(row, made) for row, made in measured if made and made.slope)]


def _span_of(row: Pair, made: LayerMeasure) -> MiningSpan:
    return MiningSpan(row.level or HEADLINE_LEVEL, made.series[0].period, made.series[-1].period)


def make_view(side: AiSide, mining: Mapping[MiningSpan, MiningSide], *, now: float, updated: bool) -> EconomyView:
    """Put both sides together, mining's over the wanted spans that are stored.

    `now` is Unix time; `updated` says whether the sources are fetched daily.
    """
    today = day_of(now)
    comparisons = [_comparison(row, side, mining, today=today) for row in PAIRS]
    months = [mining[span] for level in LEVELS if (span := twelve_months(level, today)) in mining]
    builders = next((each for each in months if each.level == HEADLINE_LEVEL), None)
    return EconomyView(
        now, tuple(comparisons), sources=tuple(_sources(side.states, updated=updated)),
        answer=text.answer(comparisons, builders), summary=text.summary(comparisons, builders),
        claims=text.claims(comparisons, builders),
        mining=tuple(months),
    )  # fmt: skip


def _comparison(row: Pair, side: AiSide, mining: Mapping[MiningSpan, MiningSide], *, today: date) -> Comparison:
    made = side.measures.get(row.layer) if row.layer else None
    over = mining.get(_span_of(row, made)) if made and made.slope else None
    own = over or mining.get(twelve_months(row.level, today)) if row.level else None
    compared = Comparison(
        row.key, row.title, mining_title=row.mining_title, ai_title=row.ai_title,
        mining=own,
        mining_missing=row.mining_missing or ("" if own else "no stored history of these weeks"),
        beside=None if row.level else over,
        ai=made,
        ai_missing="" if made else row.ai_missing or "no edition of the source is here",
    )  # fmt: skip
    return replace(compared, verdict=text.verdict(compared))


def _sources(states: Mapping[str, SourceState], *, updated: bool) -> Iterable[EconomySource]:
    for each in SOURCES:
        state = states.get(each.name)
        yield EconomySource(
            each.name, each.title, each.url, licence=each.licence,
            attribution=each.attribution(as_of_day(state.fetched_at)) if state and state.vintage else "",
            state=state, updated=updated,
        )  # fmt: skip
