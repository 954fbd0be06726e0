"""Shares as every output publishes them: what was counted, with the interval of everything that is uncertain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from monitor.model.estimates import Combined, Envelope, Estimate, Trend
from monitor.model.measures import Concentration, Rate

_Each = TypeVar("_Each", Combined, Envelope, Estimate, Trend)


class PublishedShare(NamedTuple):
    """The share of one entity in a window, with both of its 95 % intervals."""

    entity: str
    blocks: int
    share: float
    lower: float | None
    """Lower end of the interval of everything that is uncertain; None as long as it is not estimated."""
    upper: float | None
    sampling_lower: float
    """Lower end of the interval of sampling alone; both ends are 0 without blocks."""
    sampling_upper: float
    above: Mapping[str, float] = MappingProxyType({})
    """As in `Share`, by sampling alone."""
    hashrate: Rate | None = None


def published_shares(found: Concentration, combined: Combined | None) -> list[PublishedShare]:
    """The shares of one level and window: largest first, then entities that may have blocks, but have none counted.

    Args:
        found: what was counted.
        combined: the intervals of the same level and window.
    """
    intervals = dict(combined.shares) if combined else {}
    counted = [
        PublishedShare(
            each.entity, each.blocks, each.share,
            lower=interval.lower if interval else None, upper=interval.upper if interval else None,
            sampling_lower=each.lower, sampling_upper=each.upper, above=each.above, hashrate=each.hashrate,
        )
        for each, interval in [(each, intervals.pop(each.entity, None)) for each in found.shares]
    ]  # fmt: skip
    possible = [
        PublishedShare(entity, 0, 0.0, lower=each.lower, upper=each.upper, sampling_lower=0.0, sampling_upper=0.0)
        for entity, each in sorted(intervals.items(), key=lambda each: (-each[1].upper, each[0]))
    ]
    return [*counted, *possible]


def for_window(one: Concentration, estimates: Iterable[_Each]) -> _Each | None:
    """The estimate of the same level and window; None where there is none."""
    return next((each for each in estimates if (each.level, each.window) == (one.level, one.window.name)), None)
