"""Mining at a glance: who finds the blocks, how concentrated that is, whether anything happens."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, Row
from grafana_foundation_sdk.models.common import BigValueGraphMode

from dashboards.frame import PAGE_AT, frame
from dashboards.indices import confirmations, hhi, nakamoto
from dashboards.panels import (
    ENTITY_NAMES,
    ENTITY_PAGE,
    HALF,
    QUARTER,
    THIRD,
    band,
    entity_column,
    lines,
    listing,
    named,
    number,
    stacked,
    steps,
    words,
)
from dashboards.series import MEANINGS, about, series


def overview() -> Dashboard:
    """The dashboard."""
    made = frame(
        "Bitcoin mining",
        "Who mines, how concentrated mining is, and what happens. Each block is marked with its pool.",
        slug="overview",
        page=PAGE_AT,
        choices=("level", "window", "unknown", "entity"),
        marks=("blocks", "reorgs"),
    )
    for panel in _numbers():
        made.with_panel(panel)
    made.with_row(Row("Who finds the blocks")).with_panel(_shares()).with_panel(_past_shares())
    made.with_row(Row("How concentrated that is")).with_panel(nakamoto()).with_panel(hhi())
    made.with_panel(confirmations()).with_panel(_confidence())
    made.with_row(Row("What happens")).with_panel(_hashrate()).with_panel(_spacing()).with_panel(_incidents())
    return made.with_row(Row("New rules")).with_panel(_signalling()).with_panel(_thresholds()).with_panel(_bip54())


def _numbers() -> Iterator[stat.Panel]:
    at = {"level": "$level", "window": "$window"}
    yield (
        number(
            "Nakamoto coefficient",
            about("nakamoto_coefficient", "With a lower value, fewer entities suffice for a majority."),
            series("nakamoto_coefficient", **at, unknown="$unknown"),
        )
        .span(3)
        .unit("none")
        .thresholds(steps("red", orange=2, yellow=3, green=4))
    )
    yield (
        number(
            "Largest share",
            f"{MEANINGS['share_ratio']} Of the one with the most; colours change at a quarter, a third and a half.",
            f"max({series('share_ratio', **at)})",
        )
        .span(3)
        .unit("percentunit")
        .decimals(1)
        .thresholds(steps("green", yellow=QUARTER, orange=THIRD, red=HALF))
    )
    yield (
        words(
            "Concentration is rising",
            about(
                "concentration_rising_probability",
                "Near 50 % the trend is not significant; only long windows have one.",
            ),
            {"{{window}}": series("concentration_rising_probability", level="$level")},
        )
        .unit("percentunit")
        .decimals(0)
        .thresholds(steps("green", yellow=0.8, orange=0.975))
    )
    yield number(
        "Network hashrate",
        about("network_hashrate_hashes_per_second", "Over a day it varies by about 16 % by chance."),
        series("network_hashrate_hashes_per_second", window="$window"),
    ).unit("Hs")
    yield (
        number(
            "Attributed blocks",
            about("window_attributed_ratio", "The variable for unknown blocks selects how the rest is counted."),
            series("window_attributed_ratio", window="$window"),
        )
        .span(3)
        .unit("percentunit")
        .decimals(1)
    )
    yield (
        number(
            "Newest block",
            about("block_timestamp_seconds", "Shown as its age: one in 400 blocks takes more than an hour."),
            f"time() - {series('block_timestamp_seconds')}",
        )
        .unit("s")
        .thresholds(steps("green", yellow=3600, orange=7200))
    )
    opened = DashboardLink("Open the block").url("${page}/search?q=${__value.raw}")
    yield (
        number("Height", about("block_height", "Select it for the block."), series("block_height"))
        .span(3)
        .unit("none")
        .decimals(0)
        .graph_mode(BigValueGraphMode.NONE)
        .data_links([opened.target_blank(target_blank=True)])
    )


def _shares() -> table.Panel:
    at = {"level": "$level", "window": "$window", "entity": "~$entity"}
    columns = {
        "share": "share_ratio",
        "at least": "share_lower_ratio",
        "at most": "share_upper_ratio",
        "sampling: at least": "share_sampling_lower_ratio",
        "sampling: at most": "share_sampling_upper_ratio",
    }
    made = listing(
        "Shares",
        "Blocks found over all blocks of the window, with the 95 % interval of the share of hashrate: of sampling, "
        "memberships, unknown blocks and low confidence together, and of sampling alone where the two may differ. "
        "*Now* is the estimate for the coming fortnight. The last column is the probability, by sampling, that the "
        "share is more than a third. Select an entity for its members.",
        {head: f"max by (entity) ({series(name, **at)})" for head, name in columns.items()}
        | {"now": f"max by (entity) ({series('share_now_ratio', level='$level', entity='~$entity')})"}
        | {"over a third": f"max by (entity) ({series('share_above_probability', **at, threshold='0.333')})"},
    )
    return made.unit("percentunit").decimals(1).override_by_name(*entity_column())


def _past_shares() -> timeseries.Panel:
    asked = series("share_ratio", level="$level", window="$window", entity="~$entity")
    opened = DashboardLink("Who belongs to it, and since when").url(ENTITY_PAGE + "${__field.labels.entity}")
    return (
        named(stacked("Shares over time", about("share_ratio", "The ten largest of those that are chosen."), {
            "{{entity}}": f"topk(10, {asked})",
        }), names=ENTITY_NAMES)
        .unit("percentunit")
        .max(1)
        .height(12)
        .data_links([opened.target_blank(target_blank=True)])
    )  # fmt: skip


def _confidence() -> timeseries.Panel:
    return (
        stacked("Confidence of attributions", MEANINGS["attribution_confidence_ratio"], {
            "{{confidence}}": series("attribution_confidence_ratio", window="$window"),
        })
        .unit("percentunit")
        .max(1)
    )  # fmt: skip


def _hashrate() -> timeseries.Panel:
    name = "network_hashrate{}_hashes_per_second"
    return (
        band(
            "Network hashrate",
            about(name.format(""), "The band is the 95 % interval."),
            {
                "hashrate": series(name.format(""), window="$window"),
                "lower": series(name.format("_lower"), window="$window"),
                "upper": series(name.format("_upper"), window="$window"),
            },
        )
        .unit("Hs")
        .span(8)
    )


def _spacing() -> timeseries.Panel:
    return (
        lines(
            "Time between blocks",
            about("block_interval_seconds", "The difficulty targets ten minutes."),
            {"{{window}}": series("block_interval_seconds", window="~24h|$window")},
        )
        .unit("s")
        .span(8)
    )


def _incidents() -> timeseries.Panel:
    stale = "stale, {{pool}}"
    made = lines(
        "Reorganisations and stale blocks",
        "Blocks that became stale in the last hour. About one in a thousand blocks does; check if there are more, "
        "or if most are from one pool.",
        {
            "reorganisations": f"increase({series('reorgs_total')}[1h])",
            stale: f"increase({series('stale_blocks_total')}[1h])",
        },
    )
    return named(made, stale).unit("short").decimals(0).min(0).span(8)


def _signalling() -> timeseries.Panel:
    return (
        lines(
            "Signalling",
            about("signalling_ratio", "A bit signals support for a proposed rule, if there is one."),
            {"bit {{bit}}": series("signalling_ratio", window="$window")},
        )
        .unit("percentunit")
        .min(0)
        .span(8)
    )


def _thresholds() -> timeseries.Panel:
    return (
        lines(
            "Probability of reaching the threshold",
            about("signalling_threshold_probability", "Assumes the current signalling rate."),
            {"bit {{bit}} to {{threshold}}": series("signalling_threshold_probability")},
        )
        .unit("percentunit")
        .min(0)
        .max(1)
        .span(8)
    )


def _bip54() -> timeseries.Panel:
    return (
        lines(
            "Ready for BIP54",
            about("bip54_ready_ratio", "BIP54 is a proposal; other blocks would be invalid under it."),
            {"{{window}}": series("bip54_ready_ratio")},
        )
        .unit("percentunit")
        .min(0)
        .span(8)
    )
