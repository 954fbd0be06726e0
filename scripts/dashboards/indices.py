"""A panel for each index: what it is, how to read it, and how sure it is."""

from __future__ import annotations

from grafana_foundation_sdk.builders import timeseries

from dashboards.panels import band, lines, marked
from dashboards.series import about, index, series

_CHOSEN = {"level": "$level", "window": "$window"}


def nakamoto() -> timeseries.Panel:
    """With its interval."""
    return (
        band(
            "Nakamoto coefficient",
            about("nakamoto_coefficient", "The band is the 95 % interval of the estimate for hashrate."),
            {
                "Nakamoto coefficient": index("nakamoto_coefficient"),
                "lower": index("nakamoto_coefficient_lower"),
                "upper": index("nakamoto_coefficient_upper"),
            },
        )
        .unit("none")
        .decimals(0)
        .axis_soft_min(0)
    )


def hhi() -> timeseries.Panel:
    """With its interval, and the lines that economists draw."""
    made = band(
        "HHI",
        about("hhi", "The curve is the index without small-sample bias, the band its 95 % interval; the lines "
              "at 1,000 and 1,800 are where US merger guidelines (2023) call a market concentrated, and highly so."),
        {"HHI without bias": index("hhi_unbiased"), "lower": index("hhi_lower"), "upper": index("hhi_upper")},
    )  # fmt: skip
    return marked(made, yellow=1000, orange=1800).unit("none").decimals(0).axis_soft_min(0)


def envelope(title: str, name: str) -> timeseries.Panel:
    """How far an index depends on memberships of which nobody is sure."""
    return (
        band(
            f"{title}: what memberships allow",
            "Who belongs to whom is a guess at times; the band is all that the index could be, if each guess were right"
            " or wrong. It is of what was counted: luck comes on top.",
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
            {"the {{n}} largest": index("top_share_ratio")},
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
