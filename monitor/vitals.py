"""Metrics of the daemon itself: state of the node, durations, errors.

They belong to a registry that is passed in, so two daemons in one process (as in tests) do not share them. The prefix
and the label names are defined here.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "pool_monitor"

_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Vitals:
    """The daemon's own metrics."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.build_info = Gauge(
            "build_info", "Always 1; labels: version of the program, content hash of the pool registry.",
            ["version", "registry"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.start_time = Gauge(
            "start_time_seconds", "Start time of the daemon, Unix time.", namespace=PREFIX, registry=self.registry
        )
        self.node_up = Gauge(
            "node_up", "Whether the node answered the last request.",
            ["node"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.node_last_contact = Gauge(
            "node_last_contact_timestamp_seconds", "Time of the last answer of the node, Unix time.",
            ["node"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.node_rpc_seconds = Histogram(
            "node_rpc_seconds", "Duration of requests to the node, by method; REST requests are named rest_*.",
            ["method"], namespace=PREFIX, registry=self.registry, buckets=_FAST,
        )  # fmt: skip
        self.block_event_seconds = Histogram(
            "block_event_seconds", "Time from the notification of a block to its block event, after the commit.",
            namespace=PREFIX, registry=self.registry, buckets=_FAST,
        )  # fmt: skip
        self.block_publish_seconds = Histogram(
            "block_publish_seconds", "Time from the notification of a block to the snapshot that counts it.",
            namespace=PREFIX, registry=self.registry, buckets=_FAST,
        )  # fmt: skip
        self.node_behind = Gauge(
            "node_behind_blocks", "Blocks for which the node has only the header so far.",
            namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.behind = Gauge(
            "behind_seconds", "Time since the numbers were last known to include the node's newest block.",
            namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.alerts_firing = Gauge(
            "alerts_firing", "Number of firing alerts of a rule.",
            ["rule", "severity"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.backfill_progress = Gauge(
            "backfill_progress_ratio", "Share of the wanted history that is stored.",
            namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
        self.errors = Counter(
            "errors",
            "Errors that the daemon recovered from, by kind.",
            ["kind"],
            namespace=PREFIX,
            registry=self.registry,
        )
        self.output_dropped = Counter(
            "output_dropped", "Events and snapshots dropped because an output was too slow.",
            ["output"], namespace=PREFIX, registry=self.registry,
        )  # fmt: skip
