"""Which entity a name of a source stands for: companies with two names, and rows for many companies."""

from __future__ import annotations

import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from math import fsum
from typing import Any, NamedTuple

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


def name_key(name: str) -> str:
    """What names of one entity have in common: they may differ in case, in spaces and in the form of characters."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def one_spelling() -> Callable[[str], str]:
    """A function that gives each name in the spelling in which it was given first."""
    first = dict[str, str]()
    return lambda name: first.setdefault(name_key(name), name)


@dataclass(frozen=True, slots=True)
class EntityRules:
    """What the file says, by layer. Names are keys (`name_key`), except those that are shown."""

    merged: Mapping[tuple[Layer, str], str] = field(default_factory=dict)
    groups: frozenset[tuple[Layer, str]] = frozenset()

    def periods(self, observations: Iterable[Observation]) -> list[PeriodWeights]:
        """The weights of each period of a layer, oldest first. Intervals of merged names add, as in `added`.

        An entity is shown by the name of its newest period, in alphabetical order the last one.
        """
        by_period: dict[date, dict[str, list[Weight]]] = defaultdict(lambda: defaultdict(list))
        shown, groups = dict[str, tuple[date, str]](), set[str]()
        for each in observations:
            key = name_key(each.entity)
            name = self.merged.get((each.layer, key), each.entity)
            if (each.layer, key) in self.groups:
                groups.add(key)
            key = name_key(name)
            shown[key] = max(shown.get(key, (each.period, name)), (each.period, name))
            by_period[each.period][key].append(Weight(each.weight, each.low, each.high))
        names = {key: name for key, (_, name) in shown.items()}
        return [_period(period, weights, names, groups=groups) for period, weights in sorted(by_period.items())]


def _period(
    period: date, weights: Mapping[str, list[Weight]], names: Mapping[str, str], *, groups: Collection[str]
) -> PeriodWeights:
    sums = {key: added(each) for key, each in weights.items()}
    rest = sums.pop(UNATTRIBUTED, Weight(0.0))
    ranked = sorted(sums.items(), key=lambda item: (-item[1].value, item[0]))
    return PeriodWeights(
        period,
        named={names[key]: weight for key, weight in ranked if key not in groups and weight.value > 0},
        groups={names[key]: weight for key, weight in ranked if key in groups and weight.value > 0},
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
    value = fsum(each.value for each in parts)
    known = [each for each in parts if each.low is not None and each.high is not None]
    base = fsum(each.value for each in known)
    if not base:
        return Weight(value)
    low, high = fsum(each.low or 0.0 for each in known), fsum(each.high or 0.0 for each in known)
    return Weight(value, value * low / base, value * high / base)


@cache
def entity_rules() -> EntityRules:
    """The rules that come with the program."""
    document = tomllib.loads(resources.files("monitor.economy").joinpath("data/entities.toml").read_text("utf-8"))

    def named(kind: str) -> Iterator[tuple[tuple[Layer, str], Any]]:
        return (((Layer(each["layer"]), name_key(name)), each) for each in document[kind] for name in each["names"])

    return EntityRules({key: each["into"] for key, each in named("merge")}, frozenset(key for key, _ in named("group")))
