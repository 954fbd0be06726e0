"""The kinds of panels that dashboards are put together from. Who places one adds its unit, and changes its size."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from string import ascii_uppercase
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery as Query
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.frame import SOURCE
from monitor.embedded import mainnet
from monitor.outputs.web.pages.names import COUNTRIES
from monitor.registry.loading import load_pools

Named = TypeVar("Named", timeseries.Panel, bargauge.Panel, statetimeline.Panel)
ENTITY_PAGE = "${page}/entity/${level}/"
"""The monitor's page of an entity; its slug follows."""
_NAMED = 24
"""Pools whose names are written into the dashboards: they find nearly all blocks."""


def _pool_names() -> dict[str, str]:
    names = load_pools("main").names
    largest = Counter(found.pool for found in mainnet() if found.pool in names).most_common(_NAMED)
    return {slug: names[slug] for slug, _ in largest}


POOL_NAMES = _pool_names()
"""What to call the largest pools, by slug."""
QUARTER, THIRD, HALF = 0.25, 0.333, 0.5
"""Of the hashrate: selfish mining pays for the well connected, pays for anybody, is a majority."""
ENTITY_NAMES = POOL_NAMES | COUNTRIES
"""What to call entities of any level: those of other levels are called by their names in the memberships."""
LOWER, UPPER = "lower", "upper"
"""How the curves are called between which the truth is."""


def number(title: str, about: str, expression: str) -> stat.Panel:
    """One number, large, with its past as a thin line."""
    return (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .with_target(_query(expression))
        .reduce_options(_newest())
        .graph_mode(BigValueGraphMode.AREA)
        .thresholds(steps("blue"))
        .span(4)
        .height(4)
    )


def words(title: str, about: str, curves: Mapping[str, str]) -> stat.Panel:
    """The newest number of each series beside its name, without a past."""
    made = number(title, about, "").graph_mode(BigValueGraphMode.NONE).text_mode(BigValueTextMode.VALUE_AND_NAME)
    return made.targets(_queries(curves))


def lines(title: str, about: str, curves: Mapping[str, str]) -> timeseries.Panel:
    """Curves over time.

    Args:
        title: what they show.
        about: what that means.
        curves: what is asked, under the curve's name, which may hold labels: `{{entity}}`.
    """
    below = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    return (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .targets(_queries(curves))
        .legend(below.show_legend(show_legend=True).calcs(["lastNotNull"]))
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .line_width(2)
        .show_points(VisibilityMode.NEVER)
        .thresholds(steps("transparent"))
        .span(12)
        .height(9)
    )


def band(title: str, about: str, curves: Mapping[str, str]) -> timeseries.Panel:
    """Curves, of which `lower` and `upper` are the edges of a shaded band."""
    edge = {"custom.lineWidth": 0, "color": {"mode": "fixed", "fixedColor": "blue"}}
    made = lines(title, about, curves)
    made.override_by_name(LOWER, properties(edge))
    made.override_by_name(UPPER, properties({**edge, "custom.fillBelowTo": LOWER, "custom.fillOpacity": 18}))
    inner = next(name for name in curves if name not in {LOWER, UPPER})
    return made.override_by_name(inner, properties({"color": edge["color"], "custom.lineWidth": 2}))


def states(title: str, about: str, curves: Mapping[str, str]) -> statetimeline.Panel:
    """A bar over time for each series, coloured by its state: who places it says what each value means."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .targets(_queries(curves))
        .show_value(VisibilityMode.NEVER)
        .row_height(0.7)
        .merge_values(merge_values=True)
        .thresholds(steps("blue"))
        .span(12)
        .height(6)
    )


def dotted() -> list[DynamicConfigValue]:
    """For `override_by_name`: a thin, dotted curve."""
    return properties({"custom.lineWidth": 1, "custom.lineStyle": {"fill": "dot", "dash": [2, 6]}})


def stacked(title: str, about: str, curves: Mapping[str, str]) -> timeseries.Panel:
    """Curves on top of each other."""
    made = lines(title, about, curves).line_width(1).fill_opacity(70)
    return made.stacking(common.StackingConfig().mode(StackingMode.NORMAL).group("A"))


def bars(title: str, about: str, curves: Mapping[str, str]) -> bargauge.Panel:
    """A horizontal bar for each series, as it is now."""
    return (
        bargauge.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .targets(_queries(curves))
        .reduce_options(_newest())
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.GRADIENT)
        .thresholds(steps("blue"))
        .min(0)
        .span(12)
        .height(12)
    )


def listing(title: str, about: str, columns: Mapping[str, str]) -> table.Panel:
    """A table with a row for each series, as it is now.

    Args:
        title: what it shows.
        about: what that means.
        columns: what is asked for each column, under its head. All answers carry the same labels, which come first.
    """
    heads = {"Value": next(iter(columns))} if len(columns) == 1 else {}
    heads |= {f"Value #{ref}": head for ref, head in zip(ascii_uppercase, columns, strict=False)}
    queries: list[Builder[Dataquery]] = [
        _query(expression, ref).format(PromQueryFormat.TABLE).instant()
        for ref, expression in zip(ascii_uppercase, columns.values(), strict=False)
    ]
    return (
        table.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .targets(queries)
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            DataTransformerConfig(id_val="organize", options={"excludeByName": {"Time": True}, "renameByName": heads})
        )
        .sort_by([common.TableSortByFieldState().display_name(next(iter(columns))).desc(desc=True)])
        .thresholds(steps("text"))
        .span(12)
        .height(12)
    )


def steps(base: str, **colours: float) -> ThresholdsConfig:
    """From which value on which colour, after the first one."""
    rest = [Threshold(value=value, color=name.replace("_", "-")) for name, value in colours.items()]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(color=base), *rest])


def value_names(**names: tuple[int, str]) -> ValueMap:
    """What to show for a value, and in which colour: a value and a colour by what is shown."""
    return ValueMap(
        options={
            str(value): ValueMappingResult(text=text, color=colour, index=at)
            for at, (text, (value, colour)) in enumerate(names.items())
        }
    )


def marked(panel: timeseries.Panel, **colours: float) -> timeseries.Panel:
    """A panel with a dashed line where each colour begins."""
    dashed = common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
    return panel.thresholds(steps("transparent", **colours)).thresholds_style(dashed)


def named(panel: Named, *legends: str, names: Mapping[str, str] = POOL_NAMES) -> Named:
    """A panel of entities or pools, with names in place of the slugs in its legends.

    Args:
        panel: what is changed.
        legends: those with slugs, if they are more than a slug. One label of them has the slug (`_SLUG`).
        names: by slug.
    """
    for legend in legends or ("{{pool}}",):
        before, after = _SLUG.split(legend)
        for slug, name in names.items():
            if slug == name:
                continue
            if "{{" in before + after:
                pattern = f"/^{_LABEL.sub('.+', before)}{slug}{_LABEL.sub('.+', after)}$/"
                shown = {"displayName": _LABEL.sub(r"${__field.labels.\1}", f"{before}{name}{after}")}
                panel.override_by_regexp(pattern, properties(shown))
            else:
                panel.override_by_name(f"{before}{slug}{after}", properties({"displayName": f"{before}{name}{after}"}))
    return panel


_SLUG = re.compile(r"\{\{(?:pool|entity|group|layer|side|trait)\}\}")
_LABEL = re.compile(r"\{\{(\w+)\}\}")


def _names() -> ValueMap:
    found = enumerate(ENTITY_NAMES.items())
    return ValueMap(options={slug: ValueMappingResult(text=name, index=at) for at, (slug, name) in found})


def pool_column(head: str) -> tuple[str, list[DynamicConfigValue]]:
    """For `override_by_name`: the pools of a table by name."""
    return head, properties({"unit": "string", "mappings": [_names()]})


def entity_column() -> tuple[str, list[DynamicConfigValue]]:
    """For `override_by_name`: the entities of a table by name, with a link to their page."""
    link = {"title": "Who belongs to it, and since when", "url": ENTITY_PAGE + "${__value.raw}", "targetBlank": True}
    return "entity", properties({"unit": "string", "mappings": [_names()], "links": [link]})


def of_column(head: str, unit: str) -> tuple[str, list[DynamicConfigValue]]:
    """For `override_by_name`: the unit of one column."""
    return head, properties({"unit": unit})


def _query(expression: str, ref: str = "A") -> Query:
    return Query().expr(expression).ref_id(ref).datasource(SOURCE).range()


def _queries(curves: Mapping[str, str]) -> list[Builder[Dataquery]]:
    named = zip(ascii_uppercase, curves.items(), strict=False)
    return [_query(expression, ref).legend_format(name) for ref, (name, expression) in named]


def _newest() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False)


def properties(values: Mapping[str, object]) -> list[DynamicConfigValue]:
    """What an override changes, by Grafana's names for it."""
    return [DynamicConfigValue(id_val=name, value=value) for name, value in values.items()]
