"""Inputs of the rules, and the samples of their metrics at one time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from monitor.model import AuditView, BlockHash, BuildersView, EconomyView, NodesView, PoolSlug, Snapshot, StratumView
from monitor.outputs.samples import Published

LabelledValues: TypeAlias = Iterable[tuple[tuple[str, ...], float]]
"""Samples of one metric: label values, in the order of the label names, and the value."""


OVER_LONGEST: Final = frozenset({
    "share_change_ratio", "long_streak_probability", "streak_probability", "luck_ratio", "luck_zscore",
    "selfish_mining_p_value", "share_now_ratio", "share_now_lower_ratio", "share_now_upper_ratio",
    "confirmation_risk_ratio", "share_change_lower_ratio", "share_change_upper_ratio",
})  # fmt: skip
"""Metrics that are computed from all blocks of the longest window, whatever their labels say."""


@dataclass(frozen=True, slots=True)
class AlertInputs:
    """All data known at the time of evaluation; None means unknown."""

    now: float
    """Unix time, seconds."""
    snapshot: Snapshot | None = None
    """At the node's tip, with the estimates of that tip."""
    block_at: float | None = None
    """Arrival of the newest block, Unix time."""
    reorgs: Mapping[int, int] = field(default_factory=dict)
    """Depth of each reorganisation since the last evaluation, by height of the fork point."""
    stale: frozenset[BlockHash] = frozenset()
    """Blocks that became stale since the last evaluation."""
    conflicts: Mapping[PoolSlug, int] = field(default_factory=dict)
    """New blocks with evidence for several pools, by the pool they are attributed to."""
    node_away: float | None = None
    """Seconds since the node last answered; 0 while it does; None until it is asked."""
    node_behind: int | None = None
    """Blocks of which the node has the header only."""
    behind: float | None = None
    """Seconds since the published data last matched the node's tip."""
    waiting: str | None = None
    """Why the node does not answer."""
    nodes: NodesView | None = None
    """All nodes and branches."""
    economy: EconomyView | None = None
    """Both economies."""
    audit: AuditView | None = None
    """The audit of blocks."""
    builders: BuildersView | None = None
    """Which pools build templates together, and who holds their rewards."""
    stratum: StratumView | None = None
    """What pools announce to their miners."""
    self_check: Mapping[str, int] = field(default_factory=dict)
    """How much the last self-check of each kind has found; without those that were not done yet."""
    incomplete: frozenset[str] = frozenset()
    """Windows, by name, that reach further back than the history. They have no samples; their alerts keep their
    state."""

    @property
    def height(self) -> int | None:
        """Of the tip; None as long as the numbers are not those of the node's tip."""
        return self.snapshot.tip.height if self.snapshot else None


class MetricSamples(NamedTuple):
    """All samples of one metric."""

    labels: tuple[str, ...]
    """Label names."""
    samples: tuple[tuple[tuple[str, ...], float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMetric:
    """A metric for rules only, which is not published."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    samples: Callable[[AlertInputs], LabelledValues | None]
    """Computes the samples; None if unknown."""
    promql: str
    """The closest expression in PromQL; `{selector}` stands for the rule's label matchers."""
    placeholders: tuple[str, ...] = ()
    """Further placeholders that a rule's summary may have, beside labels and value."""


@dataclass(frozen=True, slots=True)
class MetricLookup:
    """Finds metrics by name and reads their samples."""

    published: Mapping[str, Published]
    alert_metrics: Mapping[str, AlertMetric]

    @classmethod
    def of(cls, catalogue: Iterable[Published], own: Iterable[AlertMetric]) -> MetricLookup:
        """The metrics of a catalogue, and those for rules only."""
        return cls({each.name: each for each in catalogue}, {each.name: each for each in own})

    def names(self) -> list[str]:
        """The names of all metrics, sorted."""
        return sorted({*self.published, *self.alert_metrics})

    def labels(self, name: str) -> tuple[str, ...] | None:
        """Label names of a metric; None if there is no metric with this name."""
        found = self.alert_metrics.get(name) or self.published.get(name)
        return found.labels if found else None

    def placeholders(self, name: str) -> tuple[str, ...]:
        """What a rule's summary may have in braces."""
        own = self.alert_metrics.get(name)
        return ("value", *(self.labels(name) or ()), *(own.placeholders if own else ()))

    def read(self, names: Sequence[str], inputs: AlertInputs) -> Mapping[str, MetricSamples]:
        """The samples of these metrics by name; unknown ones are left out.

        So is what the history is too short for: otherwise what is told would depend on where it begins.
        """
        metrics = {}
        for name in names:
            if inputs.incomplete and name in OVER_LONGEST:
                continue
            samples: LabelledValues | None = None
            labels: tuple[str, ...] = ()
            if own := self.alert_metrics.get(name):
                samples, labels = own.samples(inputs), own.labels
            elif inputs.snapshot is not None and (metric := self.published.get(name)):
                samples, labels = metric.samples(inputs.snapshot), metric.labels
            if samples is not None:
                metrics[name] = MetricSamples(labels, _complete(labels, samples, inputs.incomplete))
        return metrics


def incomplete_windows(snapshot: Snapshot) -> frozenset[str]:
    """The windows that reach further back than the stored history."""
    return frozenset(one.window.name for one in snapshot.concentration if one.complete < 1)


def _complete(
    labels: Sequence[str], samples: LabelledValues, incomplete: frozenset[str]
) -> tuple[tuple[tuple[str, ...], float], ...]:
    if not incomplete or "window" not in labels:
        return tuple(samples)
    at = labels.index("window")
    return tuple(sample for sample in samples if sample[0][at] not in incomplete)
