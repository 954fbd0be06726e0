"""Every index, how sure it is, what it depends on, and where it goes."""

from __future__ import annotations

from grafana_foundation_sdk.builders import bargauge, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from dashboards.frame import PAGE_AT, frame
from dashboards.indices import between, envelope, hhi, nakamoto, rising, top_shares, trend
from dashboards.panels import ENTITY_NAMES, HALF, QUARTER, THIRD, bars, lines, named, steps
from dashboards.series import MEANINGS, about, index, series


def concentration() -> Dashboard:
    """The dashboard."""
    made = frame(
        "Bitcoin mining: concentration",
        "The indices of concentration with intervals, what they depend on, and where they are going.",
        slug="concentration",
        page=PAGE_AT,
        choices=("level", "window", "unknown", "trend"),
    )
    made.with_row(Row("How concentrated, and how sure")).with_panel(nakamoto()).with_panel(hhi())
    made.with_panel(_thresholds()).with_panel(_windows())
    made.with_row(Row("Where it is going")).with_panel(trend()).with_panel(rising())
    made.with_row(Row("Other indices"))
    made.with_panel(
        between(
            "Effective entities",
            "effective_entities",
            "The curves are two readings of the unknown blocks; at level pool the truth is between them.",
        )
    )
    made.with_panel(
        between("Entropy", "shannon_entropy", "How surprising the next block's miner is, in yes-or-no questions.").unit(
            "bits"
        )
    )
    made.with_panel(top_shares())
    made.with_panel(
        between("Gini coefficient", "gini_ratio", "It compares those who found a block, so a monopoly has 0 as well.")
    )
    made.with_panel(
        between(
            "Theil's index", "theil_index", "Many miners of one block each make it larger, as the Gini coefficient."
        )
    )
    made.with_panel(_raw())
    made.with_row(Row("What it depends on"))
    made.with_panel(envelope("Nakamoto coefficient", "nakamoto_coefficient")).with_panel(envelope("HHI", "hhi"))
    return made.with_panel(_templates()).with_panel(_template_hhi()).with_panel(_template_nakamoto())


def _thresholds() -> bargauge.Panel:
    legend = "{{entity}} > {{threshold}}"
    made = bars(
        "Probability of a share above ...",
        about("share_above_probability", "Selfish mining is profitable from a third on; half is a majority."),
        {legend: f"sort_desc({_above()})"},
    )
    return (
        named(made, legend, names=ENTITY_NAMES)
        .unit("percentunit")
        .max(1)
        .decimals(1)
        .thresholds(steps("green", yellow=0.05, orange=QUARTER, red=HALF))
        .height(9)
    )


def _above() -> str:
    return series("share_above_probability", level="$level", window="$window") + " > 0.001"


def _windows() -> timeseries.Panel:
    return (
        lines(
            "Largest share by window",
            f"{MEANINGS['share_ratio']} Of the largest: a short window above a long one is news, or luck.",
            {"{{window}}": f"max by (window) ({series('share_ratio', level='$level')})"},
        )
        .unit("percentunit")
        .thresholds(steps("green", yellow=QUARTER, orange=THIRD, red=HALF))
    )


def _raw() -> timeseries.Panel:
    return (
        lines(
            "HHI, raw and unbiased",
            about("hhi_unbiased", "The difference between the two is the bias: large over a day, small over a year."),
            {"as counted": index("hhi"), "without bias": index("hhi_unbiased")},
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _templates() -> timeseries.Panel:
    return (
        lines("Blocks from another's template", MEANINGS["other_template_ratio"], {
            "{{window}}": series("other_template_ratio"),
        })
        .unit("percentunit")
        .span(8)
    )  # fmt: skip


def _template_hhi() -> timeseries.Panel:
    return (
        lines(
            "HHI: template minus pool",
            about("template_hhi_difference", "Above zero, template builders are more concentrated than pools."),
            {"{{window}}": series("template_hhi_difference", unknown="$unknown")},
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )


def _template_nakamoto() -> timeseries.Panel:
    return (
        lines(
            "Nakamoto coefficient: template minus pool",
            about(
                "template_nakamoto_difference",
                "Below zero, there are fewer template builders than pools in a majority.",
            ),
            {"{{window}}": series("template_nakamoto_difference", unknown="$unknown")},
        )
        .unit("none")
        .decimals(0)
        .span(8)
    )
