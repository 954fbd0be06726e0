"""A panel for each index: what it is, how to read it, and how sure it is."""

from __future__ import annotations

from grafana_foundation_sdk.builders import common, timeseries
from grafana_foundation_sdk.models.common import ScaleDistribution

from dashboards.panels import band, dotted, lines, marked
from dashboards.series import about, index, interval, series
from monitor.model import HHI_BANDS

_COMBINED = "It includes sampling, memberships, unknown blocks and attributions of low confidence."


def nakamoto() -> timeseries.Panel:
    """With its interval."""
    return (
        band(
            "Nakamoto coefficient",
            about("nakamoto_coefficient", f"The band is the 95 % interval. {_COMBINED}"),
            {"Nakamoto coefficient": index("nakamoto_coefficient"), **interval("nakamoto_coefficient")},
        )
        .unit("none")
        .decimals(0)
        .axis_soft_min(0)
    )


def hhi() -> timeseries.Panel:
    """With its interval, and the lines that economists draw."""
    made = band(
        "HHI",
        about(
            "hhi",
            f"The curve is the index without small-sample bias, the band its 95 % interval. {_COMBINED} The dotted "
            "curves are the part of sampling. The lines at 1,000 and 1,800 are where US merger guidelines (2023) call "
            "a market concentrated, and highly so.",
        ),
        {
            "HHI without bias": index("hhi_unbiased"), **interval("hhi"),
            "sampling, lower": index("hhi_sampling_lower"), "sampling, upper": index("hhi_sampling_upper"),
        },
    )  # fmt: skip
    for name in ("sampling, lower", "sampling, upper"):
        made.override_by_name(name, dotted())
    return marked(made, yellow=HHI_BANDS[0][0], orange=HHI_BANDS[1][0]).unit("none").decimals(0).axis_soft_min(0)


def envelope(title: str, name: str) -> timeseries.Panel:
    """How far an index depends on uncertain memberships."""
    return (
        band(
            f"{title}: what memberships allow",
            "Some memberships are uncertain; the band is the range of the index over all combinations of them. It is a "
            "range of counts, without sampling.",
            {
                title: index(name),
                "lower": index(f"{name}_envelope_lower"),
                "upper": index(f"{name}_envelope_upper"),
            },
        )
        .unit("none")
        .decimals(0)
    )


def between(title: str, name: str, how: str) -> timeseries.Panel:
    """An index between its two readings of the unknown blocks, whatever is chosen."""
    merged, split = index(name, "merged"), index(name, "split")
    return lines(title, about(name, how), {"unknown split": split, "unknown merged": merged}).unit("none").span(8)


def top_shares() -> timeseries.Panel:
    """Of the largest one, two and three."""
    return (
        lines(
            "Combined share of the largest",
            about("top_share_ratio", "In economics: concentration ratios CR1, CR2, CR3."),
            {"largest {{n}}": index("top_share_ratio")},
        )
        .unit("percentunit")
        .span(8)
    )


def trend() -> timeseries.Panel:
    """Where it went."""
    name = "effective_entities_slope{}_per_year"
    return (
        band(
            "Trend",
            about(
                name.format(""),
                "Below zero, concentration rises; if the band includes zero, the trend is not significant.",
            ),
            {
                "slope": series(name.format(""), level="$level", window="$trend"),
                "lower": series(name.format("_lower"), level="$level", window="$trend"),
                "upper": series(name.format("_upper"), level="$level", window="$trend"),
            },
        )
        .unit("none")
        .axis_label("effective entities a year")
    )


def rising() -> timeseries.Panel:
    """How sure it is that it rises, over every window that has a trend."""
    return (
        lines(
            "Concentration is rising",
            about("concentration_rising_probability", "Near 50 % the trend is not significant."),
            {"{{window}}": series("concentration_rising_probability", level="$level")},
        )
        .unit("percentunit")
        .min(0)
        .max(1)
    )


def confirmations() -> timeseries.Panel:
    """The risk that the largest entity reverses a payment."""
    return (
        lines(
            "Confirmation risk",
            about("confirmation_risk_ratio", "On a logarithmic scale. It does not say that the entity would try."),
            {"{{confirmations}} confirmations": series("confirmation_risk_ratio", level="$level")},
        )
        .unit("percentunit")
        .scale_distribution(common.ScaleDistributionConfig().type(ScaleDistribution.LOG).log(10))
    )
