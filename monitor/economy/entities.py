"""Which entity a name of a source stands for: companies with two names, and rows for many companies."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from typing import NamedTuple

from monitor.model import UNATTRIBUTED, Layer, Observation


class Weight(NamedTuple):
    """A weight with the 5th and 95th percentile of its source; without an interval where the source has none."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class PeriodWeights:
    """The weights of one period of a layer."""

    period: date
    named: Mapping[str, Weight]
    """Largest first."""
    groups: Mapping[str, Weight]
    """Rows of the source that stand for many companies each."""
    rest: Weight
    """What is not attributed."""

    @property
    def total(self) -> float:
        """All of it."""
        return sum(each.value for each in (*self.named.values(), *self.groups.values(), self.rest))


@dataclass(frozen=True, slots=True)
class EntityRules:
    """What the file says, by layer."""

    merged: Mapping[tuple[Layer, str], str] = field(default_factory=dict)
    groups: frozenset[tuple[Layer, str]] = frozenset()

    @classmethod
    def parse(cls, text: str) -> EntityRules:
        """Read the file. Each entry needs a day and a source: without them it is a bug of the program."""
        document = tomllib.loads(text)
        for entry in (entry for kind in document.values() for entry in kind):
            assert isinstance(entry["checked"], date)
            assert entry["source"]

        merged = {(Layer(each["layer"]), name): each["into"] for each in document["merge"] for name in each["names"]}
        groups = frozenset((Layer(each["layer"]), name) for each in document["group"] for name in each["names"])
        return cls(merged, groups)

    def periods(self, observations: Iterable[Observation]) -> list[PeriodWeights]:
        """The weights of each period of a layer, oldest first. Intervals of merged names add, as in `added`."""
        by_period: dict[date, dict[str, list[Weight]]] = defaultdict(lambda: defaultdict(list))
        layers = {each.layer for each in observations}
        for each in observations:
            name = self.merged.get((each.layer, each.entity), each.entity)
            by_period[each.period][name].append(Weight(each.weight, each.low, each.high))
        groups = {name for layer, name in self.groups if layer in layers}
        return [_period(period, weights, groups) for period, weights in sorted(by_period.items())]


def _period(period: date, weights: Mapping[str, list[Weight]], groups: set[str]) -> PeriodWeights:
    sums = {name: added(each) for name, each in weights.items()}
    rest = sums.pop(UNATTRIBUTED, Weight(0.0))
    ranked = sorted(sums.items(), key=lambda item: (-item[1].value, item[0]))
    return PeriodWeights(
        period,
        named={name: weight for name, weight in ranked if name not in groups and weight.value > 0},
        groups={name: weight for name, weight in ranked if name in groups and weight.value > 0},
        rest=rest,
    )


def added(weights: Iterable[Weight]) -> Weight:
    """The sum. Its percentiles are the sums of percentiles, which is exact if all parts are wrong together.

    That is close to how they are made, from one model of a designer's sales, and too wide otherwise. Parts without an
    interval are as uncertain as the others, in proportion; a sum of such parts alone has none.
    """
    parts = list(weights)
    if len(parts) == 1:
        return parts[0]
    value = sum(each.value for each in parts)
    known = [each for each in parts if each.low is not None and each.high is not None]
    base = sum(each.value for each in known)
    if not base:
        return Weight(value)
    low, high = sum(each.low or 0.0 for each in known), sum(each.high or 0.0 for each in known)
    return Weight(value, value * low / base, value * high / base)


@cache
def entity_rules() -> EntityRules:
    """The rules that come with the program."""
    return EntityRules.parse(resources.files("monitor.economy").joinpath("data/entities.toml").read_text("utf-8"))
