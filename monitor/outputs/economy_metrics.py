"""The metrics of both economies: names, help texts, labels, and where the comparison has each number."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypeAlias

from monitor.model import Direction, EconomyView, LayerMeasure, beginning
from monitor.outputs.samples import PublishedOf, Rows, SourceOf

_ENTITIES: Final = 10
"""Largest entities of each layer that are published."""
_READINGS: Final = ("dispersed", "lumped")
_SIGNS: Final = {Direction.DISPERSING: 1, Direction.UNDECIDED: 0, Direction.CONCENTRATING: -1}

EconomyRows: TypeAlias = SourceOf[EconomyView]
EconomyMetric: TypeAlias = PublishedOf[EconomyView]


def _labels(measure: LayerMeasure) -> tuple[str, str]:
    return measure.source, measure.layer


def _bounds(name: str) -> EconomyRows:
    """An index for both readings of the remainder."""
    return EconomyRows(
        ("source", "layer", "remainder"),
        lambda view: (
            ((*_labels(each), reading), getattr(getattr(each, name), reading))
            for each in view.measures
            for reading in _READINGS
        ),
    )


def _top_shares(view: EconomyView) -> Rows:
    for each in view.measures:
        for n, bounds in each.top_share.items():
            for reading in _READINGS:
                yield (*_labels(each), str(n), reading), getattr(bounds, reading)


def _top_intervals(view: EconomyView) -> Rows:
    for each in view.measures:
        for n, interval in each.top_share_interval.items():
            yield (*_labels(each), str(n)), interval


def _shares(view: EconomyView) -> Rows:
    for each in view.measures:
        for share in each.shares[:_ENTITIES]:
            yield (*_labels(each), share.entity), share


def _periods(view: EconomyView) -> Rows:
    for each in view.measures:
        yield _labels(each), beginning(each.period + timedelta(days=1))


def _info(view: EconomyView) -> Rows:
    for each in view.sources:
        if each.state and each.state.vintage:
            yield (each.name, each.licence, each.attribution, each.state.vintage[:12], each.state.origin), 1


_layers = EconomyRows(("source", "layer"), lambda view: ((_labels(each), each) for each in view.measures))
_states = EconomyRows(("source",), lambda view: (((each.name,), each.state) for each in view.sources if each.state))
_up = EconomyRows(
    ("source",),
    lambda view: (
        ((each.name,), each.state.error is None)
        for each in view.sources
        if each.updated and each.state and each.state.checked_at
    ),
)
_slopes = EconomyRows(("side",), lambda view: (((name,), slope) for name, slope in view.slopes.items()))
_signs = EconomyRows(
    ("side",), lambda view: (((name,), _SIGNS[slope.direction]) for name, slope in view.slopes.items())
)
_tops = EconomyRows(("source", "layer", "n"), _top_intervals)
_entities = EconomyRows(("source", "layer", "entity"), _shares)
_OVER = "Over both readings and the errors that the source states."

ECONOMY_CATALOGUE: Final = (
    EconomyMetric("economy_hhi", "HHI of a layer of the AI economy, 0 to 10,000.", _bounds("hhi")),
    EconomyMetric("economy_hhi_lower", f"Lower end of its 95 % interval. {_OVER}", _layers, "hhi_interval.lower"),
    EconomyMetric("economy_hhi_upper", f"Upper end of its 95 % interval. {_OVER}", _layers, "hhi_interval.upper"),
    EconomyMetric("economy_effective_entities", "Effective entities of a layer: 10,000 / HHI.", _bounds("effective")),
    EconomyMetric(
        "economy_effective_entities_lower", f"Lower end of their 95 % interval. {_OVER}", _layers,
        "effective_interval.lower",
    ),
    EconomyMetric(
        "economy_effective_entities_upper", f"Upper end of their 95 % interval. {_OVER}", _layers,
        "effective_interval.upper",
    ),
    EconomyMetric(
        "economy_majority_entities", "The fewest entities of a layer with more than half.", _bounds("majority")
    ),
    EconomyMetric(
        "economy_majority_entities_lower", f"Lower end of their 95 % interval. {_OVER}", _layers,
        "majority_interval.lower",
    ),
    EconomyMetric(
        "economy_majority_entities_upper", f"Upper end of their 95 % interval. {_OVER}", _layers,
        "majority_interval.upper",
    ),
    EconomyMetric(
        "economy_top_share_ratio", "Share of the largest entities of a layer together.",
        EconomyRows(("source", "layer", "n", "remainder"), _top_shares),
    ),
    EconomyMetric("economy_top_share_lower_ratio", f"Lower end of its 95 % interval. {_OVER}", _tops, "lower"),
    EconomyMetric("economy_top_share_upper_ratio", f"Upper end of its 95 % interval. {_OVER}", _tops, "upper"),
    EconomyMetric("economy_share_ratio", "Share of an entity of a layer; the largest ten.", _entities, "share"),
    EconomyMetric(
        "economy_share_lower_ratio", "Lower end of its 95 % interval, where the source states errors.", _entities,
        "interval.lower",
    ),
    EconomyMetric(
        "economy_share_upper_ratio", "Upper end of its 95 % interval, where the source states errors.", _entities,
        "interval.upper",
    ),
    EconomyMetric("economy_unattributed_ratio", "Share of a layer that is not attributed.", _layers, "unattributed"),
    EconomyMetric(
        "economy_trend_per_year", "Slope of ln(effective entities) of a side, per year; above 0 it disperses.", _slopes,
        "per_year",
    ),
    EconomyMetric("economy_trend_lower_per_year", "Lower end of its 95 % interval.", _slopes, "lower"),
    EconomyMetric("economy_trend_upper_per_year", "Upper end of its 95 % interval.", _slopes, "upper"),
    EconomyMetric(
        "economy_direction",
        "Direction of a side: 1 disperses, -1 concentrates, 0 undecided, as the interval of its slope has zero in it.",
        _signs,
    ),
    EconomyMetric(
        "economy_period_end_timestamp_seconds", "End of the newest complete period of a layer, Unix time.",
        EconomyRows(("source", "layer"), _periods),
    ),
    EconomyMetric(
        "economy_source_fetched_timestamp_seconds",
        "When the newest edition of a source was fetched or, if it came with the program, made, Unix time.", _states,
        "fetched_at",
    ),
    EconomyMetric(
        "economy_source_success_timestamp_seconds",
        "When a source was last asked with success, Unix time; without economy.update there is none.", _states,
        "succeeded_at",
    ),
    EconomyMetric("economy_source_up", "Whether the last request to a source succeeded, if it is fetched daily.", _up),
    EconomyMetric(
        "economy_source_info",
        "Always 1; labels: licence and attribution to show beside its figures, edition, and how that came here.",
        EconomyRows(("source", "licence", "attribution", "vintage", "origin"), _info),
    ),
)  # fmt: skip
