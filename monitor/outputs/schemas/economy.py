"""Both economies: indices with bounds, trends, verdicts, and the sources with licence and attribution."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812 -- the name of a field is date
from typing import Self

from monitor import model
from monitor.model import Direction, Layer, SourceOrigin
from monitor.outputs.schemas.base import Schema, Time, field


class Bounds(Schema):
    """A number for both readings of what is not attributed."""

    dispersed: float = field("With the remainder as very many very small entities; mining: unknown blocks split")
    lumped: float = field("With the remainder in as few entities as its definition allows; mining: unknown merged")


class Range(Schema):
    """A 95 % interval, over both readings."""

    lower: float = field("Lower end")
    upper: float = field("Upper end")


class Trend(Schema):
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
    interval: Range = field("95 % interval")


class EntityShare(Schema):
    """The share of one entity."""

    entity: str = field("Name, as the source has it")
    share: float = field("Share of the layer, 0..1")
    interval: Range | None = field("95 % interval; null if the source states no error")


class AiMeasure(Schema):
    """One layer of the AI economy."""

    layer: Layer = field("The layer")
    source: str = field("Name of the source")
    attribution: str = field("The line to show beside each figure")
    kind: str = field("`stock` or `flow`")
    date: Date = field("Last day of the newest complete period")
    days: int = field("Days that are summed; 0: the state at the end of that day")
    entities: int = field("Number of named entities")
    unattributed: float = field("Share of what is not attributed, 0..1")
    coverage: str = field("What the source covers and does not")
    hhi: Bounds = field("Herfindahl-Hirschman index, 0..10,000")
    hhi_interval: Range = field("95 % interval of it")
    effective_entities: Bounds = field("10,000 / HHI")
    effective_entities_interval: Range = field("95 % interval of it")
    majority_entities: Bounds = field("The fewest entities with more than half")
    majority_entities_interval: Range = field("95 % interval of them")
    top_share: dict[int, Bounds] = field("Share of the largest one, three, five together, 0..1")
    top_share_interval: dict[int, Range] = field("95 % interval of it")
    shares: list[EntityShare] = field("Named entities, largest first")
    trend: Trend | None = field("Null with too few points")
    series: list[Point] = field("Oldest first")
    vintage: str = field("SHA-256 of the edition")

    @classmethod
    def of_measure(cls, measure: model.LayerMeasure, view: model.EconomyView) -> Self:
        """One layer."""
        return cls.of({
            "layer": measure.layer, "source": measure.source, "attribution": view.source(measure.source).attribution,
            "kind": "flow" if measure.is_flow else "stock", "date": measure.period, "days": measure.days,
            "entities": measure.entities, "unattributed": measure.unattributed, "coverage": measure.coverage,
            "hhi": measure.hhi, "hhi_interval": measure.hhi_interval, "effective_entities": measure.effective,
            "effective_entities_interval": measure.effective_interval, "majority_entities": measure.majority,
            "majority_entities_interval": measure.majority_interval, "top_share": measure.top_share,
            "top_share_interval": measure.top_share_interval, "shares": measure.shares, "trend": measure.slope,
            "series": measure.series, "vintage": measure.vintage,
        })  # fmt: skip


class MiningMeasure(Schema):
    """Mining over one span."""

    level: str = field("Level at which blocks are counted")
    days: int = field("Window of each point")
    trend: Trend | None = field("Null with too few points", at="slope")
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
            "name": source.name, "title": source.title, "url": source.url, "licence": source.licence,
            "attribution": source.attribution, "vintage": edition and edition.vintage,
            "origin": edition and edition.origin, "fetched_at": edition and edition.fetched_at,
            "checked_at": state and state.checked_at, "succeeded_at": state and state.succeeded_at,
            "error": state and state.error,
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
        return cls.of({
            "made_at": view.made_at, "updated": "daily" if any(each.updated for each in view.sources) else "off",
            "answer": view.answer, "summary": view.summary, "claims": view.claims, "mining": view.mining,
            "sources": [Source.of_source(each) for each in view.sources],
            "comparisons": [
                Comparison.of({
                    "key": each.key, "title": each.title, "mining_title": each.mining_title, "ai_title": each.ai_title,
                    "mining": each.mining, "mining_missing": each.mining_missing, "beside": each.beside,
                    "ai": AiMeasure.of_measure(each.ai, view) if each.ai else None, "ai_missing": each.ai_missing,
                    "verdict": each.verdict,
                })
                for each in view.comparisons
            ],
        })  # fmt: skip
