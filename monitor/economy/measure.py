"""Concentration of weights that are only partly attributed and only partly known, by the indices of mining.

Weights become counts of a million parts. The unattributed remainder is read twice, like mining's unknown blocks:
`dispersed`, each part an entity of its own, and `lumped`, as few entities as the definition of the remainder allows.
Percentiles of a source become draws: each weight from a lognormal distribution with the source's median and
percentiles. Its two halves have widths of their own, because few sources publish symmetric ones. Percentiles are those
of stocks, and a stock contains the stock before it: with independent errors of what was added, errors at two times have
the correlation of the smaller over the larger of their standard deviations. How the errors of different entities are
correlated is not published, so there are draws without correlation and with full one, and intervals hold both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.counts import Counts
from monitor.analysis.distributions import Floats
from monitor.economy.entities import PeriodWeights, Weight
from monitor.model import UNATTRIBUTED

DRAWS: Final = 4000
CORRELATIONS: Final = (0.0, 1.0)
"""Between the errors of different entities: none, and full."""
_PARTS: Final = 1_000_000
_LUMPS: Final = 500
"""The most lumps of one remainder: with more, lumps and dust differ by less than the rounding."""
_P95: Final = NormalDist().inv_cdf(0.95)

Reading = Literal["dispersed", "lumped"]
READINGS: Final[tuple[Reading, ...]] = ("dispersed", "lumped")


class Lumps(StrEnum):
    """How large an entity of the remainder may be."""

    ONE = "one"
    """All of it: it may be one entity."""
    SMALLEST = "smallest"
    """No larger than the smallest named one: the source names the largest."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Weights of one period: of one set, or of many draws along the first axes."""

    named: Floats
    """(..., named entities)"""
    groups: Floats
    """(..., groups)"""
    rest: Floats
    """(...)"""

    @classmethod
    def of(cls, weights: PeriodWeights) -> Drawn:
        """The weights as published."""
        return cls(
            _values(weights.named.values()),
            _values(weights.groups.values()),
            np.asarray(weights.rest.value, np.float64),
        )

    @property
    def once(self) -> Drawn:
        """The one set as one draw."""
        return Drawn(self.named[None], self.groups[None], self.rest[None])

    def counts(self, reading: Reading, lumps: Lumps) -> Counts:
        """What the indices look at."""
        total = (self.named.sum(axis=-1) + self.groups.sum(axis=-1) + self.rest)[..., None]
        if reading == "dispersed":
            dust = self.rest[..., None] + self.groups.sum(axis=-1, keepdims=True)
            return Counts.ranked(_parts(self.named / total), _parts(dust / total)[..., 0])
        sizes = np.concatenate((self.named, self.groups, self._lumps(lumps)), axis=-1)
        return Counts.ranked(_parts(sizes / total), np.int64(0))

    def _lumps(self, lumps: Lumps) -> Floats:
        """(..., lumps): the remainder in as few as possible."""
        rest = self.rest[..., None]
        if lumps is not Lumps.SMALLEST or not self.named.shape[-1]:
            return rest
        size = np.maximum(self.named.min(axis=-1, keepdims=True), rest / _LUMPS)
        size = np.maximum(size, np.finfo(np.float64).tiny)
        full = np.floor(rest / size)
        each = np.arange(int(full.max()) + 1)
        return np.where(each < full, size, np.where(each == full, rest - full * size, 0.0))


def draw(periods: Sequence[PeriodWeights], correlations: Sequence[float] = CORRELATIONS) -> Iterator[Drawn]:
    """`DRAWS` draws for each correlation of what the weights of consecutive periods may be.

    The seed is a hash of the figures, so the same figures give the same draws, in whatever file they come. Without any
    percentiles there is one draw: the weights themselves.
    """
    if not any(each.low for period in periods for each in _all(period).values()):
        yield from (Drawn.of(period).once for period in periods)
        return
    random = np.random.default_rng(_seed(periods))
    last = dict[str, tuple[Floats, float]]()
    for period in periods:
        weights = _all(period)
        spreads = _spreads(list(weights.values()))
        values = _values(weights.values())
        sizes = values * spreads.mean(axis=0)
        common, own = random.standard_normal((DRAWS, 1)), random.standard_normal((DRAWS, len(weights)))
        normal = np.stack([np.sqrt(each) * common + np.sqrt(1 - each) * own for each in correlations])
        for at, name in enumerate(weights):
            before, size = last.get(name, (normal[..., at], 0.0))
            kept = min(size, sizes[at]) / max(size, sizes[at]) if size and sizes[at] else 0.0
            normal[..., at] = kept * before + np.sqrt(1 - kept**2) * normal[..., at]
            last[name] = normal[..., at], float(sizes[at])
        found = values * np.exp(np.where(normal < 0, spreads[0], spreads[1]) * normal)
        named = len(period.named)
        yield Drawn(found[..., :named], found[..., named:-1], found[..., -1])


def _seed(periods: Sequence[PeriodWeights]) -> int:
    figures = [(each.period.isoformat(), [tuple(weight) for weight in _all(each).values()]) for each in periods]
    return int.from_bytes(hashlib.sha256(repr(figures).encode()).digest()[:8])


def _all(period: PeriodWeights) -> dict[str, Weight]:
    return {**period.named, **period.groups, UNATTRIBUTED: period.rest}


def _values(weights: Iterable[Weight]) -> Floats:
    return np.array([each.value for each in weights], np.float64)


def _parts(shares: Floats) -> NDArray[np.int64]:
    return np.rint(_PARTS * shares).astype(np.int64)


def _spreads(weights: Sequence[Weight]) -> Floats:
    """(2, weights): standard deviations of the logarithm, below and above the median.

    A weight without percentiles among others that have them gets their mean: not published is not the same as exact.
    """
    known = [
        (np.log(each.value / each.low) / _P95, np.log(each.high / each.value) / _P95)
        if each.low and each.high and each.value
        else None
        for each in weights
    ]
    published = [each for each in known if each is not None]
    usual = np.mean(published, axis=0) if published else np.zeros(2)
    spreads: Floats = np.maximum(0.0, np.transpose([usual if each is None else each for each in known]))
    return spreads
