"""One pool in depth."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import bargauge, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from dashboards.frame import frame
from dashboards.panels import (
    HALF,
    QUARTER,
    THIRD,
    band,
    bars,
    dotted,
    lines,
    named,
    number,
    properties,
    steps,
    words,
)
from dashboards.series import MEANINGS, about, series
from monitor.outputs.web.pages.names import COUNTRIES

_SHARE = {"level": "pool", "entity": "$pool", "window": "$window"}
_OWN = {"pool": "$pool", "window": "$window"}


def pools() -> Dashboard:
    """The dashboard."""
    made = frame(
        "Bitcoin mining: one pool",
        "One pool: its share and how sure it is, luck, streaks, fees, and what its blocks say.",
        slug="pools",
        page="/pool/${pool}",
        marks=("blocks",),
        choices=("pool", "window"),
    )
    for panel in _numbers():
        made.with_panel(panel)
    made.with_row(Row("Share")).with_panel(_share()).with_panel(_hashrate())
    made.with_panel(_windows()).with_panel(_above()).with_panel(_envelope())
    made.with_row(Row("Luck")).with_panel(_luck()).with_panel(_zscore()).with_panel(_streak())
    made.with_row(Row("Blocks")).with_panel(_fees()).with_panel(_empty()).with_panel(_signalling())
    return (
        made.with_panel(_methods())
        .with_panel(_stale())
        .with_panel(_selfish())
        .with_panel(_advantage())
        .with_panel(_stale_rate())
    )


def _numbers() -> Iterator[stat.Panel]:
    yield (
        number(
            "Share",
            about("share_ratio", "Colours change at a quarter, a third and a half."),
            series("share_ratio", **_SHARE),
        )
        .unit("percentunit")
        .decimals(1)
        .thresholds(steps("green", yellow=QUARTER, orange=THIRD, red=HALF))
    )
    yield number(
        "Hashrate",
        about("hashrate_hashes_per_second", "Its relative uncertainty is that of the share."),
        series("hashrate_hashes_per_second", **_SHARE),
    ).unit("Hs")
    yield (
        number("Luck", about("luck_ratio", "A pool that has grown appears lucky."), series("luck_ratio", **_OWN))
        .unit("percentunit")
        .decimals(0)
    )
    yield number(
        "Streak",
        about("streak_blocks", "0 unless the pool found the newest block."),
        series("streak_blocks", pool="$pool"),
    ).unit("none")
    yield (
        number(
            "Last change of share",
            about("share_change_timestamp_seconds", "Empty if the share has not changed."),
            f"{series('share_change_timestamp_seconds', pool='$pool')} * 1000",
        )
        .unit("dateTimeFromNow")
        .no_value("not lately")
    )
    yield (
        words(
            "Change of share",
            f"{MEANINGS['share_change_before_ratio']} {MEANINGS['share_change_after_ratio']} The other two numbers are "
            "the 95 % interval of the difference.",
            {
                "from": series("share_change_before_ratio", pool="$pool"),
                "to": series("share_change_after_ratio", pool="$pool"),
                "at least": series("share_change_lower_ratio", pool="$pool"),
                "at most": series("share_change_upper_ratio", pool="$pool"),
            },
        )
        .unit("percentunit")
        .decimals(1)
        .no_value("-")
    )


def _share() -> timeseries.Panel:
    return (
        band(
            "Share",
            about(
                "share_ratio",
                "The band is the 95 % interval of the share of hashrate, of the ten largest pools. The dotted curve is "
                "the share now: an estimate for the coming fortnight.",
            ),
            {
                "share": series("share_ratio", **_SHARE),
                "lower": series("share_lower_ratio", **_SHARE),
                "upper": series("share_upper_ratio", **_SHARE),
                "now": series("share_now_ratio", level="pool", entity="$pool"),
            },
        )
        .override_by_name("now", dotted())
        .unit("percentunit")
        .decimals(1)
    )


def _hashrate() -> timeseries.Panel:
    return lines(
        "Hashrate by window",
        about("hashrate_hashes_per_second", "A short window above a long one means growth or luck."),
        {"{{window}}": series("hashrate_hashes_per_second", level="pool", entity="$pool")},
    ).unit("Hs")


def _windows() -> bargauge.Panel:
    return (
        bars(
            "Share by window",
            about("share_ratio", "By window, from a day to a year."),
            {"{{window}}": series("share_ratio", level="pool", entity="$pool")},
        )
        .unit("percentunit")
        .decimals(1)
        .thresholds(steps("green", yellow=QUARTER, orange=THIRD, red=HALF))
        .span(8)
        .height(9)
    )


def _above() -> timeseries.Panel:
    return (
        lines(
            "Probability of a share above ...",
            about("share_above_probability", "Selfish mining is profitable from a third on; half is a majority."),
            {"{{threshold}}": series("share_above_probability", **_SHARE)},
        )
        .unit("percentunit")
        .span(8)
    )


def _envelope() -> timeseries.Panel:
    at_least, at_most = "{{entity}}, at least", "{{entity}}, at most"
    made = lines(
        "Range over uncertain memberships",
        "Smallest and largest share of the countries where brands were founded, over all combinations of uncertain "
        "memberships, for all countries that are affected.",
        {
            at_least: series("share_envelope_lower_ratio", level="origin", window="$window"),
            at_most: series("share_envelope_upper_ratio", level="origin", window="$window"),
        },
    )
    return named(made, at_least, at_most, names=COUNTRIES).unit("percentunit").span(8)


def _luck() -> timeseries.Panel:
    return (
        lines(
            "Luck by window",
            about("luck_ratio", "100 % is the expectation."),
            {"{{window}}": series("luck_ratio", pool="$pool")},
        )
        .unit("percentunit")
        .span(8)
    )


def _zscore() -> timeseries.Panel:
    return (
        lines(
            "Luck and drift, z-score",
            f"{MEANINGS['luck_ratio']} {MEANINGS['luck_zscore']}",
            {"{{window}}": series("luck_zscore", pool="$pool")},
        )
        .unit("none")
        .decimals(1)
        .span(8)
    )


def _streak() -> timeseries.Panel:
    return (
        lines(
            "Streak and its probability",
            about("streak_blocks", f"The other curve, on the right: {MEANINGS['streak_probability'].lower()}"),
            {
                "blocks in a row": series("streak_blocks", pool="$pool"),
                "chance": series("streak_probability", pool="$pool"),
            },
        )
        .unit("none")
        .decimals(0)
        .override_by_name("chance", properties({"unit": "percentunit", "custom.axisPlacement": "right"}))
        .span(8)
    )


def _fees() -> timeseries.Panel:
    share = f"sum({series('share_ratio', level='pool', window='$window')})"
    return (
        lines(
            "Fees per block",
            f"{MEANINGS['fees_btc']} Per block of the window: of this pool, and of all known pools.",
            {
                "$pool": _a_block(series("fees_btc", **_OWN), f"sum({series('share_ratio', **_SHARE)})"),
                "all pools": _a_block(series("fees_btc", pool="!unknown", window="$window"), share),
            },
        )
        .unit("currencyBTC")
        .decimals(4)
        .span(8)
    )


def _a_block(fees: str, share: str) -> str:
    """Fees over blocks, of which there are `share` of the window's."""
    return f"sum({fees}) / ({share} * scalar({series('window_blocks', window='$window')}))"


def _empty() -> timeseries.Panel:
    return (
        lines(
            "Empty blocks",
            about(
                "empty_blocks",
                "Pools mine on an empty template until they have validated the parent: such a block is seen within 30 "
                "seconds of the parent.",
            ),
            {
                "{{window}}": series("empty_blocks", pool="$pool"),
                "{{window}}, within 30 s of the parent": series("empty_blocks_soon", pool="$pool"),
            },
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _signalling() -> timeseries.Panel:
    return (
        lines(
            "Signalling",
            about("signalling_blocks", "A bit signals support for a proposed rule, if there is one."),
            {"bit {{bit}}": series("signalling_blocks", **_OWN)},
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _methods() -> timeseries.Panel:
    return (
        lines(
            "Attribution method",
            about(
                "blocks_connected_total", "Addresses are stronger evidence than tags; a conflict names several pools."
            ),
            {
                "{{method}}": series("blocks_connected_total", pool="$pool"),
                "conflicts": series("attribution_conflicts_total", pool="$pool"),
            },
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _stale() -> timeseries.Panel:
    return (
        lines(
            "Stale blocks",
            about("stale_blocks_total", "Empty without stale blocks."),
            {"stale": series("stale_blocks_total", pool="$pool")},
        )
        .unit("none")
        .decimals(0)
        .no_value("none")
        .span(8)
    )


def _advantage() -> timeseries.Panel:
    return (
        band(
            "Reward for a unit of work",
            about("reward_per_work_ratio", "The band is the 95 % interval; only the ten largest pools have it."),
            {
                "reward": series("reward_per_work_ratio", **_OWN),
                "lower": series("reward_per_work_lower_ratio", **_OWN),
                "upper": series("reward_per_work_upper_ratio", **_OWN),
            },
        )
        .unit("percentunit")
        .decimals(1)
        .span(12)
    )


def _stale_rate() -> timeseries.Panel:
    return (
        band(
            "Stale rate",
            about(
                "stale_rate_ratio",
                "The band is the 95 % interval, the line beside it the rate that the size of the pool explains.",
            ),
            {
                "rate": series("stale_rate_ratio", **_OWN),
                "by size": series("stale_rate_expected_ratio", **_OWN),
                "lower": series("stale_rate_lower_ratio", **_OWN),
                "upper": series("stale_rate_upper_ratio", **_OWN),
            },
        )
        .no_value("no stale block")
        .unit("percentunit")
        .decimals(2)
        .span(12)
    )


def _selfish() -> timeseries.Panel:
    return (
        lines(
            "Succession test (selfish mining)",
            about("selfish_mining_p_value", "Below 5 % it should be checked; intermittent mining has the same effect."),
            {"p-value": series("selfish_mining_p_value", pool="$pool")},
        )
        .unit("percentunit")
        .min(0)
        .max(1)
        .span(8)
    )
