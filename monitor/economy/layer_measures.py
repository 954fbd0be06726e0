"""From the observations of a layer to its concentration, its series and its trend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np

from monitor.analysis import indices
from monitor.economy.entities import EntityRules, PeriodWeights
from monitor.economy.layers import LayerKind
from monitor.economy.measure import READINGS, Drawn, Floats, draw
from monitor.economy.trend import Line, slope
from monitor.model import Bounds, Interval, LayerMeasure, LayerShare, Observation, SeriesPoint, Slope

TOPS: Final = (1, 3, 5)
_TAILS: Final = (0.025, 0.975)


def measure(
    kind: LayerKind, observations: Sequence[Observation], rules: EntityRules, *, vintage: str
) -> LayerMeasure | None:
    """The concentration of a layer; None without a complete period.

    Args:
        kind: the layer.
        observations: of this layer alone.
        rules: which name stands for which entity.
        vintage: hash of the edition that has the newest period; the seed of the draws.
    """
    weights = [each for each in periods(kind, observations, rules) if each.total > 0]
    if not weights:
        return None
    newest, seed = weights[-1], int(vintage[:16], 16)
    drawn = draw(weights, seed)
    effective = [_effective(kind, each) for each in drawn]
    points = [
        SeriesPoint(each.period, effective=_bounds(indices.effective_entities, kind, each), interval=_interval(values))
        for each, values in zip(weights, effective, strict=True)
    ]
    exact = {reading: Drawn.of(newest).counts(reading, kind.lumps) for reading in READINGS}
    hhi = np.stack([indices.hhi(drawn[-1].counts(reading, kind.lumps)) for reading in READINGS])
    return LayerMeasure(
        layer=kind.layer,
        source=kind.source,
        period=newest.period,
        days=kind.days,
        is_flow=kind.is_flow,
        entities=len(newest.named),
        unattributed=(newest.total - sum(each.value for each in newest.named.values())) / newest.total,
        coverage=kind.coverage,
        hhi=_bounds(indices.hhi, kind, newest),
        effective=points[-1].effective,
        majority=_bounds(indices.nakamoto, kind, newest),
        top_share={
            n: Bounds(*(float(indices.top_share(exact[reading], n)) for reading in READINGS)) for n in TOPS
        },
        has_errors=any(each.low is not None for each in newest.named.values()),
        hhi_interval=_interval(hhi),
        effective_interval=points[-1].interval,
        shares=_shares(newest, drawn[-1]),
        series=points,
        slope=_slope(points, effective, flow=kind.is_flow),
        vintage=vintage,
    )  # fmt: skip


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


def _bounds(index: object, kind: LayerKind, weights: PeriodWeights) -> Bounds:
    drawn = Drawn.of(weights)
    return Bounds(*(float(index(drawn.counts(reading, kind.lumps))) for reading in READINGS))  # type: ignore[operator]


def _effective(kind: LayerKind, drawn: Drawn) -> Floats:
    """Of each reading and draw."""
    return np.stack([indices.effective_entities(drawn.counts(reading, kind.lumps)) for reading in READINGS])


def _interval(values: Floats) -> Interval:
    lower, upper = np.quantile(values, _TAILS, axis=-1)
    return Interval(float(lower.min()), float(upper.max()))


def _slope(points: Sequence[SeriesPoint], effective: Sequence[Floats], *, flow: bool) -> Slope | None:
    draws = np.log(np.stack(effective, axis=-1))
    logs = np.log([each.effective for each in points])
    lines = [Line(logs[:, number], draws[number]) for number in range(len(READINGS))]
    return slope([each.period for each in points], lines, flow=flow)


def _shares(weights: PeriodWeights, drawn: Drawn) -> list[LayerShare]:
    """Of the named entities and the groups. An interval only where the source has one."""
    total, whole = drawn.named.sum(axis=-1) + drawn.groups.sum(axis=-1) + drawn.rest, weights.total
    lower, upper = np.quantile(
        np.concatenate((drawn.named, drawn.groups), axis=-1) / total[:, None], _TAILS, axis=0
    )  # fmt: skip
    listed = {**weights.named, **weights.groups}
    known = any(each.low for each in listed.values())
    shares = [
        LayerShare(name, each.value / whole, Interval(float(low), float(high)) if known else None)
        for (name, each), low, high in zip(listed.items(), lower, upper, strict=True)
    ]
    return sorted(shares, key=lambda share: -share.share)
