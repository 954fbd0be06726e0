"""THE catalogue of what is published to Prometheus about mining: names, help texts, labels, and where each number is.

A collector reads the hub's frozen snapshot; nothing is computed or asked inside a scrape. The daemon's own
instruments are in `vitals`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from monitor import wire
from monitor.hub import Hub
from monitor.model import Indices, Share, Snapshot
from monitor.outputs import estimate_samples, signal_samples
from monitor.vitals import PREFIX

Samples = Iterable[tuple[tuple[str, ...], float]]
"""Label values, in the order of the label names, with the number."""


@dataclass(frozen=True, slots=True)
class Published:
    """One metric: how it is called, what it means, and how a snapshot fills it."""

    name: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Snapshot], Samples]
    kind: type[GaugeMetricFamily | CounterMetricFamily] = GaugeMetricFamily

    @property
    def full_name(self) -> str:
        """As Prometheus knows it."""
        return f"{PREFIX}_{self.name}"

    def family(self, snapshot: Snapshot) -> Metric:
        """The metric with its numbers now."""
        family = self.kind(self.full_name, self.help, labels=self.labels)
        for labels, value in self.samples(snapshot):
            family.add_metric(labels, value)
        return family


class SnapshotCollector(Collector):
    """Shows Prometheus the hub's latest snapshot; nothing before the first."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: there may be no snapshot yet."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every metric of the catalogue."""
        snapshot = self._hub.snapshot
        if snapshot is not None:
            for published in CATALOGUE:
                yield published.family(snapshot)


def _alone(read: Callable[[Snapshot], float]) -> Callable[[Snapshot], Samples]:
    """A number that there is one of."""
    return lambda snapshot: [((), read(snapshot))]


def _share(read: Callable[[Share], float | None]) -> Callable[[Snapshot], Samples]:
    """A number for each entity of each level and window."""

    def samples(snapshot: Snapshot) -> Samples:
        for each in snapshot.concentration:
            for share in each.shares[:_LARGEST]:
                if (value := read(share)) is not None:
                    yield (each.level, share.entity, each.window.name), value

    return samples


def _window(read: Callable[..., float | None]) -> Callable[[Snapshot], Samples]:
    """A number for each window, whatever the level."""

    def samples(snapshot: Snapshot) -> Samples:
        for each in snapshot.concentration:
            if each.level == snapshot.concentration[0].level and (value := read(each)) is not None:
                yield (each.window.name,), value

    return samples


def _index(read: Callable[[Indices], float | None]) -> Callable[[Snapshot], Samples]:
    """An index for each level and window, for either reading of the unknown blocks."""

    def samples(snapshot: Snapshot) -> Samples:
        for level, window, unknown, indices in _indices(snapshot):
            if (value := read(indices)) is not None:
                yield (level, window, unknown), value

    return samples


def _top_share(snapshot: Snapshot) -> Samples:
    for level, window, unknown, indices in _indices(snapshot):
        for n, value in indices.top_share.items():
            yield (level, window, unknown, str(n)), value


def _indices(snapshot: Snapshot) -> Iterator[tuple[str, str, str, Indices]]:
    for each in snapshot.concentration:
        for unknown, indices in (("split", each.split), ("merged", each.merged)):
            if indices is not None:
                yield each.level, each.window.name, unknown, indices


_LARGEST = 40
"""Entities of a level and window that are published, largest first: strangers can name themselves in coinbases, and
what is left is less than a per cent."""
_ENTITY = ("level", "entity", "window")
_INDEX = ("level", "window", "unknown")
_POOL = ("pool", "window")
_TREND = ("level", "window")
_UNKNOWN = 'Unknown blocks count as "split", each its own miner, or "merged", all of them one.'
_ALLOWED = "that memberships of which nobody is sure allow"

CATALOGUE = (
    Published("block_height", "Height of the newest block.", (), _alone(lambda s: s.tip.height)),
    Published(
        "block_timestamp_seconds", "Header time of the newest block, Unix time.", (), _alone(lambda s: s.tip.time)
    ),
    Published("difficulty", "Difficulty of the newest block.", (), _alone(lambda s: wire.difficulty(s.tip.bits))),
    Published(
        "network_hashrate_hashes_per_second", "Work of a window's blocks over the time they took.", ("window",),
        lambda s: [((name,), value) for name, value in s.network_hashrate.items() if value is not None],
    ),
    Published(
        "network_hashrate_lower_hashes_per_second",
        "Lower end of the 95 % credible interval of the network's hashrate.", ("window",),
        estimate_samples.network(lambda rate: rate.lower),
    ),
    Published(
        "network_hashrate_upper_hashes_per_second",
        "Upper end of the 95 % credible interval of the network's hashrate.", ("window",),
        estimate_samples.network(lambda rate: rate.upper),
    ),
    Published(
        "blocks_connected", "Blocks that joined the best chain since the start, by pool and by how it was recognised.",
        ("pool", "method"),
        lambda s: [((pool or "unknown", how or "none"), n) for (pool, how), n in s.tally.connected.items()],
        CounterMetricFamily,
    ),
    Published("reorgs", "Reorganisations since the start.", (), _alone(lambda s: s.tally.reorgs), CounterMetricFamily),
    Published(
        "reorg_depth_blocks", "Blocks that the last reorganisation took off the best chain.", (),
        lambda s: [] if s.tally.last_reorg_depth is None else [((), s.tally.last_reorg_depth)],
    ),
    Published(
        "stale_blocks", "Blocks that left the best chain since the start, by pool.", ("pool",),
        lambda s: [((pool or "unknown",), n) for pool, n in s.tally.stale.items()], CounterMetricFamily,
    ),
    Published(
        "attribution_conflicts", "Blocks since the start whose marks name several pools, by the pool they count for.",
        ("pool",), lambda s: [((pool,), n) for pool, n in s.tally.conflicts.items()], CounterMetricFamily,
    ),
    Published("window_blocks", "Blocks in a window.", ("window",), _window(lambda c: c.blocks)),
    Published(
        "window_attributed_ratio", "Share of a window's blocks whose pool is known.", ("window",),
        _window(lambda c: c.attributed / c.blocks if c.blocks else None),
    ),
    Published("share_ratio", "Share of a window's blocks.", _ENTITY, _share(lambda share: share.share)),
    Published(
        "share_lower_ratio", "Lower end of the 95 % credible interval of the share of hashrate.", _ENTITY,
        _share(lambda share: share.lower),
    ),
    Published(
        "share_upper_ratio", "Upper end of the 95 % credible interval of the share of hashrate.", _ENTITY,
        _share(lambda share: share.upper),
    ),
    Published(
        "hashrate_hashes_per_second", "The network's hashrate, in proportion to the work of the entity's blocks.",
        _ENTITY, _share(estimate_samples.hashrate),
    ),
    Published(
        "share_above_probability",
        "Probability that the share of hashrate exceeds a threshold, of entities with more than 5 % of the blocks.",
        (*_ENTITY, "threshold"), estimate_samples.above,
    ),
    Published("hhi", f"Herfindahl-Hirschman index, 0 to 10,000. {_UNKNOWN}", _INDEX, _index(lambda i: i.hhi)),
    Published(
        "hhi_unbiased", f"The same without the bias of a small sample. {_UNKNOWN}", _INDEX,
        _index(lambda i: i.hhi_unbiased),
    ),
    Published(
        "nakamoto_coefficient", f"The fewest entities that together have more than half of the blocks. {_UNKNOWN}",
        _INDEX, _index(lambda i: i.nakamoto),
    ),
    Published("gini_ratio", f"Gini coefficient, 0 when all are equal. {_UNKNOWN}", _INDEX, _index(lambda i: i.gini)),
    Published(
        "entropy_bits", f"Shannon entropy of the shares, in bits. {_UNKNOWN}", _INDEX, _index(lambda i: i.entropy_bits)
    ),
    Published(
        "effective_entities", f"How many equal entities would have this HHI. {_UNKNOWN}", _INDEX,
        _index(lambda i: i.effective_entities),
    ),
    Published("theil_index", f"Theil's T in nats, 0 when all are equal. {_UNKNOWN}", _INDEX, _index(lambda i: i.theil)),
    Published("top_share_ratio", f"Share of the n largest together. {_UNKNOWN}", (*_INDEX, "n"), _top_share),
    Published(
        "estimates_block_height", "Height of the block that intervals of indices, trends and what follows are of.",
        (), estimate_samples.height,
    ),
    Published(
        "hhi_lower", f"Lower end of the 95 % interval of the HHI without bias. {_UNKNOWN}", _INDEX,
        estimate_samples.index(lambda likely: likely.hhi.lower),
    ),
    Published(
        "hhi_upper", f"Upper end of the 95 % interval of the HHI without bias. {_UNKNOWN}", _INDEX,
        estimate_samples.index(lambda likely: likely.hhi.upper),
    ),
    Published(
        "nakamoto_coefficient_lower", f"Lower end of the 95 % interval of the Nakamoto coefficient. {_UNKNOWN}", _INDEX,
        estimate_samples.index(lambda likely: likely.nakamoto.lower),
    ),
    Published(
        "nakamoto_coefficient_upper", f"Upper end of the 95 % interval of the Nakamoto coefficient. {_UNKNOWN}", _INDEX,
        estimate_samples.index(lambda likely: likely.nakamoto.upper),
    ),
    Published(
        "effective_entities_slope_per_year", "Slope of the effective entities over a window, per year.", _TREND,
        estimate_samples.trend(lambda trend: trend.slope),
    ),
    Published(
        "effective_entities_slope_lower_per_year", "Lower end of the 95 % interval of this slope.", _TREND,
        estimate_samples.trend(lambda trend: trend.lower),
    ),
    Published(
        "effective_entities_slope_upper_per_year", "Upper end of the 95 % interval of this slope.", _TREND,
        estimate_samples.trend(lambda trend: trend.upper),
    ),
    Published(
        "concentration_rising_probability", "Probability that the slope of the effective entities is below zero.",
        _TREND, estimate_samples.trend(lambda trend: trend.rising),
    ),
    Published(
        "share_change_timestamp_seconds", "When the pool's share last changed, for all that is known: header time.",
        ("pool",), estimate_samples.change(lambda change: change.time),
    ),
    Published(
        "share_change_before_ratio", "The pool's share of the blocks before it last changed.", ("pool",),
        estimate_samples.change(lambda change: change.before.share),
    ),
    Published(
        "share_change_after_ratio", "The pool's share of the blocks since it last changed.", ("pool",),
        estimate_samples.change(lambda change: change.after.share),
    ),
    Published(
        "other_template_ratio",
        "Share of blocks that count for another by template than by pool: for a group that shares templates, or for a "
        "miner who builds his own.", ("window",), estimate_samples.other_template,
    ),
    Published(
        "template_hhi_difference", f"HHI by template less HHI by pool. {_UNKNOWN}", ("window", "unknown"),
        estimate_samples.difference(lambda each: each.hhi),
    ),
    Published(
        "template_nakamoto_difference", f"Nakamoto coefficient by template less that by pool. {_UNKNOWN}",
        ("window", "unknown"), estimate_samples.difference(lambda each: each.nakamoto),
    ),
    Published(
        "hhi_envelope_lower", f"Smallest HHI {_ALLOWED}. {_UNKNOWN}", _INDEX,
        estimate_samples.envelope(lambda each: each.hhi, lambda interval: interval.lower),
    ),
    Published(
        "hhi_envelope_upper", f"Largest HHI {_ALLOWED}. {_UNKNOWN}", _INDEX,
        estimate_samples.envelope(lambda each: each.hhi, lambda interval: interval.upper),
    ),
    Published(
        "nakamoto_coefficient_envelope_lower", f"Smallest Nakamoto coefficient {_ALLOWED}. {_UNKNOWN}", _INDEX,
        estimate_samples.envelope(lambda each: each.nakamoto, lambda interval: interval.lower),
    ),
    Published(
        "nakamoto_coefficient_envelope_upper", f"Largest Nakamoto coefficient {_ALLOWED}. {_UNKNOWN}", _INDEX,
        estimate_samples.envelope(lambda each: each.nakamoto, lambda interval: interval.upper),
    ),
    Published(
        "share_envelope_lower_ratio", f"Smallest share of the blocks {_ALLOWED}.", _ENTITY,
        estimate_samples.envelope_share(lambda interval: interval.lower),
    ),
    Published(
        "share_envelope_upper_ratio", f"Largest share of the blocks {_ALLOWED}.", _ENTITY,
        estimate_samples.envelope_share(lambda interval: interval.upper),
    ),
    Published(
        "streak_blocks", "How many of the newest blocks the pool found in a row.", ("pool",),
        signal_samples.streak(lambda each: each.blocks),
    ),
    Published(
        "streak_probability", "Chance that the newest so many blocks are the pool's, given its share.", ("pool",),
        signal_samples.streak(lambda each: each.probability),
    ),
    Published(
        "luck_ratio", "Blocks found, over those that the pool's share of the longest window promises.", _POOL,
        signal_samples.luck(lambda each: each.ratio),
    ),
    Published(
        "luck_zscore", "The same in standard deviations from what is expected.", _POOL,
        signal_samples.luck(lambda each: each.zscore),
    ),
    Published(
        "empty_blocks", "Blocks without a transaction but the coinbase.", _POOL, signal_samples.empty_blocks
    ),
    Published("fees_btc", "What blocks claimed above the subsidy, in bitcoin.", _POOL, signal_samples.fees),
    Published(
        "block_interval_seconds", "Mean time between the header times of a window's blocks and their parents'.",
        ("window",), signal_samples.intervals,
    ),
    Published(
        "signalling_ratio", "Share of blocks that signal with a version bit.", ("bit", "window"),
        signal_samples.signalling_ratio,
    ),
    Published(
        "signalling_blocks", "Blocks that signal with a version bit, by pool.", ("bit", "pool", "window"),
        signal_samples.signalling_blocks,
    ),
    Published(
        "signalling_threshold_probability",
        "Chance that a version bit comes to a threshold in this retarget period, at the rate of the last one's length.",
        ("bit", "threshold"), signal_samples.threshold_probability,
    ),
    Published(
        "bip54_ready_ratio", "Share of blocks whose coinbase BIP54 would accept.", ("window",),
        signal_samples.bip54_ratio,
    ),
    Published(
        "selfish_mining_p_value",
        "Chance that the pool's blocks come in a row as often as they do, corrected for the number of pools.",
        ("pool",), signal_samples.selfish_mining,
    ),
)  # fmt: skip
