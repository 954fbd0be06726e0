"""The daemon's own instruments: is the node there, how long do its answers take, what went wrong.

They live on a registry handed in, so that two daemons in one process (as in tests) do not share them. Label names and
the prefix are written here once.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "pool_monitor"

_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Vitals:
    """The daemon's instruments, each on the registry given."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.build_info = Gauge(
            "build_info", "Always 1; the labels say which version runs with which pool registry.",
            ["version", "registry"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.start_time = Gauge(
            "start_time_seconds", "When the daemon started, Unix time.", namespace=PREFIX, registry=self.registry
        )
        self.node_up = Gauge(
            "node_up", "Whether the node answered when it was last asked.",
            ["node"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.node_last_contact = Gauge(
            "node_last_contact_timestamp_seconds", "When the node last answered, Unix time.",
            ["node"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.node_rpc_seconds = Histogram(
            "node_rpc_seconds", "How long the node took to answer, by method; REST calls are named rest_*.",
            ["method"], namespace=PREFIX, registry=self.registry, buckets=_FAST,
        )  # fmt: skip
        self.block_event_seconds = Histogram(
            "block_event_seconds", "Time from the node's notice of a block to its block event, after the commit.",
            namespace=PREFIX, registry=self.registry, buckets=_FAST,
        )  # fmt: skip
        self.block_publish_seconds = Histogram(
            "block_publish_seconds", "Time from the node's notice of a block to the snapshot that counts it.",
            namespace=PREFIX, registry=self.registry, buckets=_FAST,
        )  # fmt: skip
        self.node_behind = Gauge(
            "node_behind_blocks", "Blocks of which the node has the header, and not yet the rest.",
            namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.behind = Gauge(
            "behind_seconds", "Since the numbers were last known to be those of the node's newest block.",
            namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.alerts_firing = Gauge(
            "alerts_firing", "How many alerts of a rule fire.",
            ["rule", "severity"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.backfill_progress = Gauge(
            "backfill_progress_ratio", "Share of the wanted history that is stored.",
            namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.errors = Counter(
            "errors", "Faults that were survived, by kind.", ["kind"], namespace=PREFIX, registry=self.registry
        )
        self.output_dropped = Counter(
            "output_dropped", "News that an output was too slow to take.",
            ["output"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
