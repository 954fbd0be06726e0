"""The monitor itself: does it hear from its node, is it quick, what went wrong."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult

from dashboards.frame import frame
from dashboards.panels import lines, listing, number, steps
from dashboards.series import about, series

_RATE = "$__rate_interval"


def health() -> Dashboard:
    """The dashboard."""
    made = frame(
        "pool-monitor: health",
        "Whether the monitor hears from its node, how quick it is, and what went wrong. What to do: the page /runbook.",
        slug="health",
    )
    for panel in (*_node(), *_itself()):
        made.with_panel(panel)
    made.with_row(Row("How quick")).with_panel(_publish()).with_panel(_rpc())
    made.with_row(Row("What went wrong")).with_panel(_errors()).with_panel(_dropped()).with_panel(_alerts())
    return made.with_row(Row("How far")).with_panel(_tip()).with_panel(_lag()).with_panel(_build())


def _node() -> Iterator[stat.Panel]:
    words = {
        "1": ValueMappingResult(text="answers", color="green", index=0),
        "0": ValueMappingResult(text="is away", color="red", index=1),
    }
    yield (
        number("Node", about("node_up", "The label names the node."), f"min({series('node_up')})")
        .unit("none")
        .mappings([ValueMap(options=words)])
        .thresholds(steps("red", green=1))
    )
    yield (
        number(
            "Last answer of the node",
            about("node_last_contact_timestamp_seconds", "It is polled every ten seconds by default."),
            f"time() - max({series('node_last_contact_timestamp_seconds')})",
        )
        .unit("s")
        .decimals(0)
        .thresholds(steps("green", yellow=60, red=600))
    )
    yield (
        number(
            "Newest block",
            about("block_timestamp_seconds", "Shown as its age: one in 400 blocks takes more than an hour."),
            f"time() - {series('block_timestamp_seconds')}",
        )
        .unit("s")
        .thresholds(steps("green", yellow=3600, red=7200))
    )


def _itself() -> Iterator[stat.Panel]:
    yield (
        number(
            "Alerts",
            about("alerts_firing", "Also 0 if alerts are not configured."),
            f"sum({series('alerts_firing')}) or on () vector(0)",
        )
        .unit("none")
        .thresholds(steps("green", orange=1))
    )
    yield (
        number(
            "Errors per hour",
            about("errors_total", "A few are normal when the node restarts."),
            f"sum(increase({series('errors_total')}[1h])) or on () vector(0)",
        )
        .unit("none")
        .decimals(0)
        .thresholds(steps("green", yellow=1, orange=60))
    )
    yield (
        number(
            "Uptime",
            about("start_time_seconds", "Shown as the time since then."),
            f"time() - {series('start_time_seconds')}",
        )
        .unit("s")
        .thresholds(steps("yellow", green=600))
    )


def _publish() -> timeseries.Panel:
    rate = f"sum by (le) (rate({series('block_publish_seconds_bucket')}[1h]))"
    return (
        lines(
            "Time to publish a block",
            about("block_publish_seconds", "Median and 95th percentile over an hour."),
            {"half": f"histogram_quantile(0.5, {rate})", "19 of 20": f"histogram_quantile(0.95, {rate})"},
        )
        .unit("s")
    )  # fmt: skip


def _rpc() -> timeseries.Panel:
    rate = f"sum by (le, method) (rate({series('node_rpc_seconds_bucket', method='!waitfornewblock')}[{_RATE}]))"
    return lines(
        "Node RPC latency",
        about("node_rpc_seconds", "95th percentile. Waiting for a block is excluded."),
        {"{{method}}": f"histogram_quantile(0.95, {rate})"},
    ).unit("s")


def _errors() -> timeseries.Panel:
    return (
        lines(
            "Errors",
            about("errors_total", "Over the last hour. The runbook explains each kind."),
            {"{{kind}}": f"sum by (kind) (increase({series('errors_total')}[1h]))"},
        )
        .unit("none")
        .min(0)
        .span(8)
        .no_value("none")
    )


def _dropped() -> timeseries.Panel:
    return (
        lines(
            "Dropped updates",
            about(
                "output_dropped_total", "Over the last hour. A slow output loses the oldest updates and delays nothing."
            ),
            {
                "{{output}}": f"sum by (output) (increase({series('output_dropped_total')}[1h])) or on () vector(0)",
            },
        )
        .unit("none")
        .min(0)
        .span(8)
    )


def _alerts() -> timeseries.Panel:
    return (
        lines(
            "Alerts",
            about("alerts_firing", "By severity; for details see the monitor's page or `pool-monitor status`."),
            {"{{severity}}": f"sum by (severity) ({series('alerts_firing')}) or on () vector(0)"},
        )
        .unit("none")
        .decimals(0)
        .min(0)
        .span(8)
    )


def _tip() -> timeseries.Panel:
    return (
        lines(
            "Height",
            about("block_height", "A decrease is a reorganisation; no change for hours means that no block arrives."),
            {"height": series("block_height")},
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _lag() -> timeseries.Panel:
    return (
        lines(
            "Backlog",
            "Blocks by which intervals and trends are behind the newest block, and the missing share of the wanted "
            "history.",
            {
                "estimates, blocks behind": f"{series('block_height')} - {series('estimates_block_height')}",
                "history, missing": f"1 - {series('backfill_progress_ratio')} or on () vector(0)",
            },
        )
        .unit("none")
        .min(0)
        .span(8)
    )


def _build() -> table.Panel:
    return (
        listing(
            "Build",
            about("build_info", "Two registries at the same time mean that there are two daemons."),
            {"value": f"max by (version, registry) ({series('build_info')})"},
        )
        .unit("none")
        .span(8)
        .height(9)
    )
