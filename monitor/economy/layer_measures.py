"""From the observations of a layer to its concentration, its series and its trend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any, Final

import numpy as np

from monitor.analysis import indices
from monitor.analysis.counting.counts import Counts
from monitor.analysis.distributions import Floats
from monitor.analysis.uncertainty.intervals import TAILS
from monitor.economy.entities import EntityRules, PeriodWeights
from monitor.economy.layers import LayerKind
from monitor.economy.measure import CORRELATIONS, READINGS, Drawn, draw
from monitor.economy.trend import slope
from monitor.model import Bounds, Interval, LayerMeasure, LayerShare, Observation, SeriesPoint

Index = Callable[[Counts], Any]

TOPS: Final = (1, 3, 5)


def measure(
    kind: LayerKind,
    observations: Sequence[Observation],
    rules: EntityRules,
    *,
    vintage: str,
    correlations: Sequence[float] = CORRELATIONS,
) -> LayerMeasure | None:
    """The concentration of a layer; None without a complete period.

    Args:
        kind: the layer.
        observations: of this layer alone.
        rules: which name stands for which entity.
        vintage: hash of the edition that has the newest period.
        correlations: between the errors of different entities; the intervals hold those of each.
    """
    weights = [each for each in periods(kind, observations, rules) if each.total > 0]
    if not weights:
        return None
    points, effective = list[SeriesPoint](), list[Floats]()
    for each, drawn in zip(weights, draw(weights, correlations), strict=True):
        exact, counts = _counts(kind, Drawn.of(each)), _counts(kind, drawn)
        effective.append(_read(indices.effective_entities, counts))
        bounds = _bounds(_read(indices.effective_entities, exact))
        points.append(SeriesPoint(each.period, effective=bounds, interval=_interval(effective[-1])))
    newest = weights[-1]  # and so are `drawn`, `exact` and `counts`
    tops: dict[int, Index] = {n: partial(indices.top_share, n=n) for n in TOPS}
    return LayerMeasure(
        layer=kind.layer,
        source=kind.source,
        period=newest.period,
        days=kind.days,
        is_flow=kind.is_flow,
        entities=len(newest.named),
        unattributed=(newest.total - sum(each.value for each in newest.named.values())) / newest.total,
        coverage=kind.coverage,
        has_errors=any(each.low is not None for each in newest.named.values()),
        hhi=_bounds(_read(indices.hhi, exact)),
        hhi_interval=_interval(_read(indices.hhi, counts)),
        effective=points[-1].effective,
        effective_interval=points[-1].interval,
        majority=_bounds(_read(indices.nakamoto, exact)),
        majority_interval=_interval(_read(indices.nakamoto, counts)),
        top_share={n: _bounds(_read(index, exact)) for n, index in tops.items()},
        top_share_interval={n: _interval(_read(index, counts)) for n, index in tops.items()},
        shares=_shares(newest, drawn),
        series=points,
        slope=slope(
            [each.period for each in points],
            np.log([each.effective for each in points]).T,
            np.log(np.stack(effective, axis=-1)),
            flow=kind.is_flow,
        ),
        vintage=vintage,
    )


def periods(kind: LayerKind, observations: Sequence[Observation], rules: EntityRules) -> list[PeriodWeights]:
    """The weights of each point of the series, oldest first. Days of a flow become whole weeks, counted back."""
    if not kind.days:
        return _spaced(rules.periods(observations), kind.spacing)
    by_day: dict[date, list[Observation]] = defaultdict(list)
    for each in observations:
        by_day[each.period].append(each)
    newest, found = max(by_day, default=None), list[PeriodWeights]()
    last = newest
    while last is not None and last >= min(by_day):
        days = [last - timedelta(days=ago) for ago in range(kind.days)]
        if all(day in by_day for day in days):
            summed = [each._replace(period=last) for day in days for each in by_day[day]]
            found += rules.periods(summed)
            last -= timedelta(days=kind.days)
        else:  # a gap: the next whole week ends before it
            last = max((day for day in by_day if day < last), default=None)
    return found[::-1]


def _spaced(weights: Sequence[PeriodWeights], spacing: int) -> list[PeriodWeights]:
    """Those that are far enough apart, counted back from the newest."""
    kept = list[PeriodWeights]()
    for each in reversed(weights):
        if not kept or (kept[-1].period - each.period).days >= spacing:
            kept.append(each)
    return kept[::-1]


def _counts(kind: LayerKind, drawn: Drawn) -> list[Counts]:
    """What the indices look at, for each reading."""
    return [drawn.counts(reading, kind.lumps) for reading in READINGS]


def _read(index: Index, counts: Sequence[Counts]) -> Floats:
    """(readings, ...): an index of each reading."""
    return np.stack([index(each) for each in counts])


def _bounds(readings: Floats) -> Bounds:
    return Bounds(*map(float, readings))


def _interval(values: Floats) -> Interval:
    """Over everything but the draws, which are the last axis."""
    lower, upper = np.quantile(values, TAILS, axis=-1)
    return Interval(float(lower.min()), float(upper.max()))


def _shares(weights: PeriodWeights, drawn: Drawn) -> list[LayerShare]:
    """Of the named entities and the groups. An interval only where the source has one."""
    total, whole = drawn.named.sum(axis=-1) + drawn.groups.sum(axis=-1) + drawn.rest, weights.total
    drawn_shares = np.concatenate((drawn.named, drawn.groups), axis=-1) / total[..., None]
    # Quantiles of the draws, then the widest of the correlations.
    lower, upper = np.quantile(drawn_shares, TAILS, axis=-2)
    lower, upper = np.atleast_2d(lower).min(axis=0), np.atleast_2d(upper).max(axis=0)
    listed = {**weights.named, **weights.groups}
    known = any(each.low for each in listed.values())
    shares = [
        LayerShare(name, each.value / whole, Interval(float(low), float(high)) if known else None)
        for (name, each), low, high in zip(listed.items(), lower, upper, strict=True)
    ]
    return sorted(shares, key=lambda share: -share.share)
