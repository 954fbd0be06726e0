"""Two economies: mining and AI, layer by layer, with bounds, directions and the age of the sources."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from dashboards.frame import frame
from dashboards.panels import bars, lines, listing, named, number, states, steps, value_names
from dashboards.series import about, series

_LAYERS = {"ownership": "Chip owners", "designer": "Chip designers", "usage": "Model authors"}
_NAMES = _LAYERS | {"open_weights": "Uploaders of open models", "mining": "Mining"}
"""What to call layers and sides."""
_STALE_DAYS = 200


def economy() -> Dashboard:
    """The dashboard."""
    made = frame(
        "Two economies",
        "Whether AI compute disperses while mining concentrates: by layer, with bounds. A pool is a coordinator that "
        "miners leave in minutes, a chip owner is not: compare directions, not levels. Not measured: use on devices, "
        "enterprise traffic, hosts of open models. Sources and licences are below the numbers.",
        slug="economy",
        page="/compare",
    )
    for panel in _numbers():
        made.with_panel(panel)
    made.with_panel(_sources())
    made.with_row(Row("Directions")).with_panel(_directions()).with_panel(_slopes())
    made.with_row(Row("Effective entities")).with_panel(_mining())
    for layer, title in _LAYERS.items():
        made.with_panel(_layer(layer, title))
    made.with_row(Row("Entities")).with_panel(_top())
    for layer, title in _LAYERS.items():
        made.with_panel(_shares(layer, title))
    return made.with_row(Row("Ages")).with_panel(_ages()).with_panel(_editions())


def _numbers() -> Iterator[stat.Panel]:
    for layer, title in _LAYERS.items():
        entities = series("economy_effective_entities", layer=layer, remainder="lumped")
        yield (
            number(title, about("economy_effective_entities", "The remainder as few entities."), f"min({entities})")
            .unit("none")
            .decimals(1)
        )
    for layer, title in _LAYERS.items():
        ends = series("economy_period_end_timestamp_seconds", layer=layer)
        yield (
            number(
                f"{title}: age",
                about("economy_period_end_timestamp_seconds", f"Past {_STALE_DAYS} days it says little of today."),
                f"time() - max({ends})",
            )
            .unit("s")
            .thresholds(steps("green", yellow=100 * 86_400, red=_STALE_DAYS * 86_400))
        )


def _directions() -> statetimeline.Panel:
    legend = "{{side}}"
    made = states(
        "Direction of each side",
        about("economy_direction", "Mining: its template builders over twelve months."),
        {legend: f"max by (side) ({series('economy_direction')})"},
    )
    return (
        named(made, legend, names=_NAMES)
        .unit("none")
        .mappings([value_names(disperses=(1, "green"), undecided=(0, "yellow"), concentrates=(-1, "red"))])
        .height(9)
    )


def _slopes() -> timeseries.Panel:
    ends = {
        f"{{{{side}}}} {end}": f"max by (side) ({series(f'economy_trend_{end}_per_year')})"
        for end in ("lower", "upper")
    }
    curves = {"{{side}}": f"max by (side) ({series('economy_trend_per_year')})", **ends}
    made = lines(
        "Slope with its 95 % interval",
        about("economy_trend_per_year", "A direction is stated only if the interval excludes zero."),
        curves,
    )
    return named(made, *curves, names=_NAMES).unit("none").decimals(2).span(12)


def _mining() -> timeseries.Panel:
    return (
        lines(
            "Mining: template builders",
            about("effective_entities", "Over a week; both readings of the unknown blocks."),
            {"{{unknown}}": f"max by (unknown) ({series('effective_entities', level='template', window='7d')})"},
        )
        .unit("none")
        .decimals(1)
        .min(0)
    )


def _layer(layer: str, title: str) -> timeseries.Panel:
    ends = {end: f"max({series(f'economy_effective_entities_{end}', layer=layer)})" for end in ("lower", "upper")}
    readings = f"max by (remainder) ({series('economy_effective_entities', layer=layer)})"
    return (
        lines(
            f"AI: {title.lower()}",
            about("economy_effective_entities", "With the 95 % interval over both readings of the remainder."),
            {"{{remainder}}": readings, **ends},
        )
        .unit("none")
        .decimals(1)
        .min(0)
    )


def _top() -> timeseries.Panel:
    ends = {
        f"{{{{layer}}}} {end}": f"max by (layer) ({series(f'economy_top_share_{end}_ratio', n='5')})"
        for end in ("lower", "upper")
    }
    shares = f"max by (layer) ({series('economy_top_share_ratio', n='5', remainder='lumped')})"
    curves = {"{{layer}}": shares, **ends}
    made = lines(
        "Largest five together",
        about("economy_top_share_ratio", "The remainder in lumps; with the 95 % interval over both readings."),
        curves,
    )
    return named(made, *curves, names=_NAMES).unit("percentunit").min(0).max(1)


def _shares(layer: str, title: str) -> bargauge.Panel:
    return (
        bars(
            f"{title}: shares",
            about("economy_share_ratio", "What is not attributed is in none of them."),
            {"{{entity}}": f"sort_desc(max by (entity) ({series('economy_share_ratio', layer=layer)}))"},
        )
        .unit("percentunit")
        .height(9)
    )


def _ages() -> timeseries.Panel:
    legend = "{{layer}}"
    made = lines(
        "Age of the figures",
        about("economy_period_end_timestamp_seconds", "Shown as the time since then."),
        {legend: f"time() - max by (layer) ({series('economy_period_end_timestamp_seconds')})"},
    )
    return named(made, legend, names=_NAMES).unit("s")


def _editions() -> timeseries.Panel:
    return lines(
        "Age of the editions",
        about(
            "economy_source_fetched_timestamp_seconds", "Shown as the time since then; with economy.update it falls."
        ),
        {"{{source}}": f"time() - max by (source) ({series('economy_source_fetched_timestamp_seconds')})"},
    ).unit("s")


def _sources() -> table.Panel:
    labels = "source, licence, attribution, vintage, origin"
    return (
        listing(
            "Sources, licences and attribution",
            about("economy_source_info", "Show the attribution wherever a figure of the source is shown."),
            {"Known": f"max by ({labels}) ({series('economy_source_info')})"},
        )
        .unit("none")
        .span(24)
        .height(5)
    )
