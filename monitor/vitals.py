"""Metrics of the daemon itself: state of the node, durations, errors.

Each instance has a registry of its own, so two daemons in one process (as in tests) do not share them. The prefix and
the label names are defined here.
"""

from __future__ import annotations

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.model import PREFIX, Sighting

_FAST = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LAGS = (0.0, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)

SELF_CHECKS = ("counts", "chain")


class Vitals:
    """The daemon's own metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        gauge = partial(Gauge, namespace=PREFIX, registry=self.registry)
        counter = partial(Counter, namespace=PREFIX, registry=self.registry)
        duration = partial(Histogram, namespace=PREFIX, registry=self.registry, buckets=_FAST)
        self.build_info = gauge(
            "build_info", "Always 1; labels: version of the program, content hash of the pool registry.",
            ["version", "registry"],
        )  # fmt: skip
        self.store_info = gauge(
            "store_info", "Always 1; labels: kind of the database, revision of its schema.", ["engine", "schema"]
        )
        self.start_time = gauge("start_time_seconds", "Start time of the daemon, Unix time.")
        self.node_up = gauge("node_up", "Whether the node answered the last request.", ["node"])
        self.node_last_contact = gauge(
            "node_last_contact_timestamp_seconds", "Time of the last answer of the node, Unix time.", ["node"]
        )
        self.node_rpc_seconds = duration(
            "node_rpc_seconds", "Duration of requests to the node, by method; REST requests are named rest_*.",
            ["method"],
        )  # fmt: skip
        self.block_event_seconds = duration(
            "block_event_seconds", "Time from the notification of a block to its block event, after the commit."
        )
        self.block_publish_seconds = duration(
            "block_publish_seconds", "Time from the notification of a block to the snapshot that counts it."
        )
        self.first_seen_seconds = Histogram(
            "block_first_seen_seconds", "Time until a node had a block, after the first node that had it.", ["node"],
            namespace=PREFIX, registry=self.registry, buckets=_LAGS,
        )  # fmt: skip
        self.first_seen_by_pool_seconds = Histogram(
            "block_first_seen_by_pool_seconds",
            "Time until each other node had a block, after the first node that had it, by pool of the block.", ["pool"],
            namespace=PREFIX, registry=self.registry, buckets=_LAGS[1:],
        )  # fmt: skip
        self.node_behind = gauge("node_behind_blocks", "Blocks for which the node has only the header so far.")
        self.behind = gauge(
            "behind_seconds", "Time since the numbers were last known to include the node's newest block."
        )
        self.store_writer = gauge(
            "store_writer", "Whether this monitor writes the database; 0 while it follows another one that does."
        )
        self.alerts_firing = gauge("alerts_firing", "Number of firing alerts of a rule.", ["rule", "severity"])
        self.backfill_progress = gauge("backfill_progress_ratio", "Share of the wanted history that is stored.")
        self.self_check_failures = counter(
            "self_check_failures",
            "Self-checks that found what should never be: counts of windows that differ from a count of the stored "
            "blocks, or a stored best chain with a gap.", ["check"],
        )  # fmt: skip
        self.self_check_last_run = gauge(
            "self_check_last_run_timestamp_seconds", "When a self-check was last completed, Unix time.", ["check"]
        )
        self.self_check_drift = gauge(
            "self_check_drift_blocks",
            "Blocks by which the counts of windows differed from a new count at the last check, before the repair.",
        )
        for check in SELF_CHECKS:
            self.self_check_failures.labels(check)
        self.input_modified = gauge(
            "input_modified_timestamp_seconds",
            "When an input was last changed, Unix time: the newest file of the registry, the alert rules, the tokens, "
            "the list of addresses of the audit; the last import of a list of stale blocks; the last template.",
            ["input"],
        )  # fmt: skip
        self.errors = counter("errors", "Errors that the daemon recovered from, by kind.", ["kind"])
        self.output_dropped = counter(
            "output_dropped", "Events and snapshots dropped because an output was too slow.", ["output"]
        )
        self.web_refused = counter(
            "web_refused", "Connections and event streams of the web server that were refused or dropped.", ["reason"]
        )
        self.log_lines_dropped = counter(
            "log_lines_dropped", "Log lines dropped because standard error was not read, closed or full."
        )

    def observe_lag(self, seen: Sighting) -> None:
        """Observe how much later than the first node a node had a block.

        The lag of the first node is 0 by node, and left out by pool. There are as many pools as found blocks, at most
        those of the registry and the unknown.
        """
        if seen.lag_seconds is None:
            return
        self.first_seen_seconds.labels(seen.node).observe(seen.lag_seconds)
        if seen.lag_seconds:
            self.first_seen_by_pool_seconds.labels(seen.pool or "unknown").observe(seen.lag_seconds)
