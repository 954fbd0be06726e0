"""Both economies: indices with bounds, trends, verdicts, and the sources with licence and attribution."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 -- the name of a field is date
from typing import Self

from monitor import model
from monitor.model import Direction, Layer, SourceOrigin
from monitor.outputs.schemas.base import Schema, Time, field, fields_of
from monitor.outputs.schemas.concentration import Interval


class Bounds(Schema):
    """A number for both readings of what is not attributed."""

    dispersed: float = field("With the remainder as very many very small entities; mining: unknown blocks split")
    lumped: float = field("With the remainder in as few entities as its definition allows; mining: unknown merged")


class LayerTrend(Schema):
    """The slope of ln(effective entities)."""

    per_year: float = field("Slope per year: 0.1 is a growth by about 10 % a year")
    lower: float = field("Lower end of the 95 % interval, over all combinations of readings of what is not attributed")
    upper: float = field("Upper end of it")
    direction: Direction = field("`dispersing` or `concentrating`; `undecided` unless the interval excludes zero")
    certainty: float = field("Probability of the more probable direction, by the least sure combination, 0.5..1")
    first: Date = field("Last day of the first point")
    last: Date = field("Last day of the last point")
    points: int = field("Number of points")
    start: float = field("Effective entities at the first point, by the line; the mean of both readings")
    end: float = field("Effective entities at the last point")


class Point(Schema):
    """Effective entities of one period."""

    date: Date = field("Last day of the period", at="period")
    effective_entities: Bounds = field("10,000 / HHI", at="effective")
    interval: Interval = field("95 % interval")


class LayerShare(Schema):
    """The share of one entity."""

    entity: str = field("Name, as the source has it")
    share: float = field("Share of the layer, 0..1")
    interval: Interval | None = field("95 % interval; null if the source states no error")


class AiMeasure(Schema):
    """One layer of the AI economy."""

    layer: Layer = field("The layer")
    source: str = field("Name of the source")
    attribution: str = field("The line to show beside each figure")
    kind: str = field("`stock` or `flow`")
    date: Date = field("Last day of the newest complete period", at="period")
    days: int = field("Days that are summed; 0: the state at the end of that day")
    entities: int = field("Number of named entities")
    unattributed: float = field("Share of what is not attributed, 0..1")
    coverage: str = field("What the source covers and does not")
    hhi: Bounds = field("Herfindahl-Hirschman index, 0..10,000")
    hhi_interval: Interval = field("95 % interval of it")
    effective_entities: Bounds = field("10,000 / HHI", at="effective")
    effective_entities_interval: Interval = field("95 % interval of it", at="effective_interval")
    majority_entities: Bounds = field("The fewest entities with more than half", at="majority")
    majority_entities_interval: Interval = field("95 % interval of them", at="majority_interval")
    top_share: dict[int, Bounds] = field("Share of the largest one, three, five together, 0..1")
    top_share_interval: dict[int, Interval] = field("95 % interval of it")
    shares: list[LayerShare] = field("Named entities, largest first")
    trend: LayerTrend | None = field("Null with too few points", at="slope")
    series: list[Point] = field("Oldest first")
    vintage: str = field("SHA-256 of the edition")

    @classmethod
    def of_measure(cls, measure: model.LayerMeasure, view: model.EconomyView) -> Self:
        """One layer."""
        return cls.of(
            {
                **fields_of(measure),
                "attribution": view.source(measure.source).attribution,
                "kind": "flow" if measure.is_flow else "stock",
            }
        )


class MiningMeasure(Schema):
    """Mining over one span."""

    level: str = field("Level at which blocks are counted")
    days: int = field("Window of each point")
    trend: LayerTrend | None = field("Null with too few points", at="slope")
    series: list[Point] = field("Oldest first")


class Comparison(Schema):
    """One layer of both economies."""

    key: str = field("Identifies the layer")
    title: str = field("The layer")
    mining_title: str = field("What is counted of mining")
    ai_title: str = field("What is counted of AI")
    mining: MiningMeasure | None = field("Null: not measured")
    mining_missing: str = field("Why it is not measured; empty if it is")
    beside: MiningMeasure | None = field("Template builders over the same span, where mining is not measured")
    ai: AiMeasure | None = field("Null: not measured")
    ai_missing: str = field("Why it is not measured; empty if it is")
    verdict: str = field("The directions in one sentence")


class Claim(Schema):
    """A sentence about both economies."""

    sentence: str = field("What is said")
    answer: str = field("What the data say of it")


class Source(Schema):
    """A source of the AI economy."""

    name: str = field("Name")
    title: str = field("Publisher and data set")
    url: str = field("Its page")
    licence: str = field("Its licence")
    attribution: str = field("The line to show beside each figure; empty without an edition")
    vintage: str | None = field("SHA-256 of the newest edition; null without one")
    origin: SourceOrigin | None = field("How that edition came here; null without one")
    fetched_at: Time | None = field("When it was fetched or, if it came with the program, made; null without one")
    checked_at: Time | None = field("When the source was last asked; null: never")
    succeeded_at: Time | None = field("When it was last asked with success; null: never")
    error: str | None = field("Why the last request failed; null if it did not")

    @classmethod
    def of_source(cls, source: model.EconomySource) -> Self:
        """One source."""
        state = source.state
        edition = state if state and state.vintage else None
        return cls.of({
            **fields_of(source), "vintage": edition and edition.vintage, "origin": edition and edition.origin,
            "fetched_at": edition and edition.fetched_at, "checked_at": state and state.checked_at,
            "succeeded_at": state and state.succeeded_at, "error": state and state.error,
        })  # fmt: skip


class Economy(Schema):
    """Both economies."""

    made_at: Time = field("When this was computed")
    updated: str = field("`off`: no source is fetched; `daily`")
    answer: str = field("Which sides disperse and concentrate, and where the directions are opposite")
    summary: str = field("All trends in one sentence")
    comparisons: list[Comparison] = field("Layer by layer")
    mining: list[MiningMeasure] = field("Mining over the newest twelve months, at each level that is compared")
    claims: list[Claim] = field("What is said about both economies, and what the data say")
    sources: list[Source] = field("The sources of the AI side")

    @classmethod
    def of_view(cls, view: model.EconomyView) -> Self:
        """Both economies."""
        return cls.of(
            {
                **fields_of(view),
                "updated": "daily" if any(each.updated for each in view.sources) else "off",
                "sources": [Source.of_source(each) for each in view.sources],
                "comparisons": [
                    {**fields_of(each), "ai": AiMeasure.of_measure(each.ai, view) if each.ai else None}
                    for each in view.comparisons
                ],
            }
        )
