"""One pool in depth."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import bargauge, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from dashboards.frame import frame
from dashboards.panels import HALF, QUARTER, THIRD, band, bars, lines, number, properties, steps, words
from dashboards.series import MEANINGS, about, series

_SHARE = {"level": "pool", "entity": "$pool", "window": "$window"}
_OWN = {"pool": "$pool", "window": "$window"}


def pools() -> Dashboard:
    """The dashboard."""
    made = frame(
        "Bitcoin mining: one pool",
        "One pool: its share and how sure it is, luck, streaks, fees, and what its blocks say.",
        slug="pools",
        page="/pool/${pool}",
        choices=("pool", "window"),
    )
    for panel in _numbers():
        made.with_panel(panel)
    made.with_row(Row("Share")).with_panel(_share()).with_panel(_hashrate())
    made.with_panel(_windows()).with_panel(_above()).with_panel(_envelope())
    made.with_row(Row("Luck")).with_panel(_luck()).with_panel(_zscore()).with_panel(_streak())
    made.with_row(Row("Blocks")).with_panel(_fees()).with_panel(_empty()).with_panel(_signalling())
    return made.with_panel(_methods()).with_panel(_stale()).with_panel(_selfish())


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
        about("hashrate_hashes_per_second", "As uncertain as the share is."),
        series("hashrate_hashes_per_second", **_SHARE),
    ).unit("Hs")
    yield (
        number("Luck", about("luck_ratio", "A pool that has grown looks lucky."), series("luck_ratio", **_OWN))
        .unit("percentunit")
        .decimals(0)
    )
    yield number(
        "Streak", about("streak_blocks", "0 unless the newest block is its own."), series("streak_blocks", pool="$pool")
    ).unit("none")
    yield (
        number(
            "Its share changed",
            about("share_change_timestamp_seconds", "Nothing is shown for a pool whose share has not changed."),
            f"{series('share_change_timestamp_seconds', pool='$pool')} * 1000",
        )
        .unit("dateTimeFromNow")
        .no_value("not lately")
    )
    yield (
        words(
            "From, to",
            about("share_change_before_ratio", "And since: both are shares of the blocks, not of the window."),
            {
                "from": series("share_change_before_ratio", pool="$pool"),
                "to": series("share_change_after_ratio", pool="$pool"),
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
            about("share_ratio", "The band holds the share of hashrate behind it with 95 % probability."),
            {
                "share": series("share_ratio", **_SHARE),
                "lower": series("share_lower_ratio", **_SHARE),
                "upper": series("share_upper_ratio", **_SHARE),
            },
        )
        .unit("percentunit")
        .decimals(1)
    )


def _hashrate() -> timeseries.Panel:
    return lines(
        "Hashrate in each window",
        about("hashrate_hashes_per_second", "A short window above a long one: the pool has grown, or was lucky."),
        {"{{window}}": series("hashrate_hashes_per_second", level="pool", entity="$pool")},
    ).unit("Hs")


def _windows() -> bargauge.Panel:
    return (
        bars(
            "Share in each window",
            about("share_ratio", "From a day's luck to a year's habit."),
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
            "Probability to have more than ...",
            about("share_above_probability", "A third is enough for selfish mining to pay, a half to decide alone."),
            {"{{threshold}}": series("share_above_probability", **_SHARE)},
        )
        .unit("percentunit")
        .span(8)
    )


def _envelope() -> timeseries.Panel:
    return (
        lines(
            "Share of whom its blocks may count for",
            "Where memberships are guesses, the least and the most that an operator can have. Of operators whose share "
            "depends on a guess, whether or not the chosen pool is among theirs.",
            {
                "{{entity}}, at least": series("share_envelope_lower_ratio", level="operator", window="$window"),
                "{{entity}}, at most": series("share_envelope_upper_ratio", level="operator", window="$window"),
            },
        )
        .unit("percentunit")
        .span(8)
    )


def _luck() -> timeseries.Panel:
    return (
        lines(
            "Luck in each window",
            about("luck_ratio", "100 % is what was promised."),
            {"{{window}}": series("luck_ratio", pool="$pool")},
        )
        .unit("percentunit")
        .span(8)
    )


def _zscore() -> timeseries.Panel:
    return (
        lines(
            "Luck, in standard deviations",
            f"{MEANINGS['luck_ratio']} In standard deviations: beyond 3 either way it is hardly luck.",
            {"{{window}}": series("luck_zscore", pool="$pool")},
        )
        .unit("none")
        .decimals(1)
        .span(8)
    )


def _streak() -> timeseries.Panel:
    return (
        lines(
            "Streak, and how rare it is",
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
            "Fees a block",
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
            about("empty_blocks", "Pools begin with one until they have checked the block before."),
            {"{{window}}": series("empty_blocks", pool="$pool")},
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _signalling() -> timeseries.Panel:
    return (
        lines(
            "Signalling",
            about("signalling_blocks", "A bit is a yes to a new rule, as far as one is proposed under it."),
            {"bit {{bit}}": series("signalling_blocks", **_OWN)},
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _methods() -> timeseries.Panel:
    return (
        lines(
            "How it was recognised",
            about(
                "blocks_connected_total", "An address is money, a tag is only a word; a conflict names several pools."
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
            about("stale_blocks_total", "Without one the curve is missing."),
            {"stale": series("stale_blocks_total", pool="$pool")},
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _selfish() -> timeseries.Panel:
    return (
        lines(
            "Does it follow itself too often?",
            about(
                "selfish_mining_p_value", "Below 5 % it is worth a look; a pool that comes and goes does it as well."
            ),
            {"p-value": series("selfish_mining_p_value", pool="$pool")},
        )
        .unit("percentunit")
        .min(0)
        .max(1)
        .span(8)
    )
