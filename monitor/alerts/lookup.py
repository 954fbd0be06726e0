"""Everything that rules may look at: the metrics that are published, and the facts of the moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from monitor.alerts.inputs import FACTS, AlertInputs, Fact
from monitor.alerts.samples import LabelledValues, Numbers, Samples
from monitor.model import Snapshot


class Metric(Protocol):
    """A metric of the catalogue, as far as rules look."""

    @property
    def name(self) -> str:
        """Without the prefix."""

    @property
    def full_name(self) -> str:
        """As Prometheus knows it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its labels."""

    @property
    def samples(self) -> Callable[[Snapshot], LabelledValues]:
        """Its numbers in a snapshot."""


Word: TypeAlias = Metric | Fact


@dataclass(frozen=True, slots=True)
class MetricLookup:
    """What can be asked, by name."""

    metrics: Mapping[str, Metric]
    facts: Mapping[str, Fact]

    @classmethod
    def of(cls, metrics: Iterable[Metric]) -> MetricLookup:
        """With the metrics of a catalogue."""
        return cls({each.name: each for each in metrics}, {fact.name: fact for fact in FACTS})

    def names(self) -> list[str]:
        """All of them."""
        return sorted({*self.metrics, *self.facts})

    def labels(self, name: str) -> tuple[str, ...] | None:
        """The label names of a word; None when there is no such word."""
        found = self.facts.get(name) or self.metrics.get(name)
        return found.labels if found else None

    def look(self, names: Sequence[str], moment: AlertInputs) -> Samples:
        """The numbers with these names at a moment: those that are known."""
        numbers = {}
        for name in names:
            samples: LabelledValues | None = None
            labels: tuple[str, ...] = ()
            if fact := self.facts.get(name):
                samples, labels = fact.samples(moment), fact.labels
            elif moment.snapshot is not None and (metric := self.metrics.get(name)):
                samples, labels = metric.samples(moment.snapshot), metric.labels
            if samples is not None:
                numbers[name] = Numbers(labels, tuple(samples))
        snapshot = moment.snapshot
        return Samples(moment.now, snapshot.tip.height if snapshot else None, numbers, snapshot, moment.waiting or "")
