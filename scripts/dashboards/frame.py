"""What all dashboards have: variables, annotations, links, and how one is written down."""

from __future__ import annotations

import json
from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import (
    AnnotationQuery,
    CustomVariable,
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    TextBoxVariable,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from dashboards.series import series
from monitor.config.sections import WEB_PORT
from monitor.model import PREFIX

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_TAG = "pool-monitor"
_INPUT = "DS_PROMETHEUS"
PAGE_AT = "/?level=${level}&window=${window}"
"""The monitor's first page, with the same choice."""
_BLOCKS = "Blocks"
_REORGS = "Reorganisations"

_NOW = f"sum by (pool) ({series('blocks_connected_total')})"
_BEFORE = f"sum by (pool) ({series('blocks_connected_total')} offset $__interval)"
_NEW_BLOCKS = f"({_NOW} unless {_BEFORE}) or ({_NOW} - {_BEFORE} > 0)"
"""Against the step before, not by increase(): a pool's first block is the first sample of its series."""
_NEW_REORGS = f"{series('reorgs_total')} > {series('reorgs_total')} offset $__interval"


def frame(
    title: str, about: str, *, slug: str, choices: Sequence[str] = (), page: str = "/", marks: Sequence[str] = ()
) -> Dashboard:
    """An empty dashboard.

    Args:
        title: how people find it.
        about: what it is for.
        slug: what its address and its file are called after.
        choices: which of `level`, `window`, `unknown`, `trend`, `pool` and `entity` can be chosen.
        page: which of the monitor's own pages shows the same.
        marks: which of `blocks` and `reorgs` are marked in its curves: where they explain what the curves do.
    """
    made = (
        Dashboard(title)
        .uid(f"{_TAG}-{slug}")
        .description(about)
        .tags([_TAG, "bitcoin"])
        .timezone("browser")
        .time("now-24h", "now")
        .refresh("1m")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .editable()
        .link(_OTHERS)
        .link(
            DashboardLink("The monitor's page")
            .url("${page}" + page)
            .icon("external link")
            .target_blank(target_blank=True)
        )
    )
    for mark in marks:
        made.annotation(_MARKS[mark])
    for variable in (_SOURCE, _MONITOR, *(_CHOICES[name] for name in choices), _PAGE):
        made.with_variable(variable)
    return made


def written(dashboard: Dashboard) -> str:
    """A dashboard as Grafana reads it, importable by hand: there, Grafana asks for the data source.

    Where it is provisioned, nobody is asked. Then the placeholder is no data source that Grafana has, and the variable
    takes the first that there is.
    """
    content = json.loads(json.dumps(dashboard.build(), cls=JSONEncoder))
    for number, panel in enumerate(content["panels"], start=1):
        panel["id"] = number
        panel.get("options", {}).pop("footer", None)  # of tables, until Grafana 12
    for variable in content["templating"]["list"]:
        for name in ("auto", "auto_count", "auto_min"):  # of intervals, which these are not
            variable.pop(name)
    for annotation in content.setdefault("annotations", {}).setdefault("list", []):
        annotation.update(_SHOWN[annotation["name"]])
    wants = {"name": _INPUT, "label": "Prometheus", "description": "Scrapes pool-monitor.", "type": "datasource"}
    inputs = [{**wants, "pluginId": "prometheus", "pluginName": "Prometheus"}]
    return json.dumps({"__inputs": inputs, **content}, indent=2, ensure_ascii=False) + "\n"


def _choice(name: str, query: str, *, first: str | None = None, all_: str | None = None) -> QueryVariable:
    """A variable with the values of a label, read anew when the time range changes.

    With `all_`, several can be chosen, or all, which stands for that regular expression.
    """
    made = QueryVariable(name).label(name.capitalize()).datasource(SOURCE).query(query)
    made.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
    if all_:
        made.multi(multi=True).include_all(include_all=True).all_value(all_)
        return made.current(VariableOption(text=[str(first)], value=["$__all"]))
    return made.current(VariableOption(text=first, value=first)) if first else made


def _annotation(name: str, expression: str) -> AnnotationQuery:
    return AnnotationQuery().name(name).datasource(SOURCE).enable(enable=True).expr(expression)


_MARKS = {
    "blocks": _annotation(_BLOCKS, _NEW_BLOCKS).icon_color("blue"),
    "reorgs": _annotation(_REORGS, _NEW_REORGS).icon_color("red"),
}
_SHOWN = {
    _BLOCKS: {"titleFormat": "Block by {{pool}}", "step": "60s"},
    _REORGS: {"titleFormat": "Reorganisation", "step": "60s"},
}
"""What Prometheus's own annotations have besides, which the SDK does not know."""

_OTHERS = (
    DashboardLink("Dashboards")
    .type(DashboardLinkType.DASHBOARDS)
    .tags([_TAG])
    .as_dropdown(as_dropdown=True)
    .include_vars(include_vars=True)
    .keep_time(keep_time=True)
)
"""Leads to each other with the same choice."""
_SOURCE = (
    DatasourceVariable("datasource")
    .label("Data source")
    .type("prometheus")
    .current(VariableOption(text=f"${{{_INPUT}}}", value=f"${{{_INPUT}}}"))
)
_MONITOR = _choice("instance", f"label_values({PREFIX}_build_info, instance)").label("Monitor")
_PAGE = (
    TextBoxVariable("page")
    .label("Page")
    .description("URL of the monitor's page for your browser.")
    .default_value(f"http://127.0.0.1:{WEB_PORT}")
)
_CHOICES = {
    "level": _choice("level", f"label_values({series('share_ratio')}, level)", first="pool")
    .description("Grouping of blocks: pool, template builder, operator, origin or country."),
    "window": _choice("window", f"label_values({series('window_blocks')}, window)", first="7d")
    .description("Newest blocks that are counted."),
    "unknown": CustomVariable("unknown")
    .label("Unknown blocks")
    .description("Unknown blocks as miners of their own (split), or as one miner (merged).")
    .values("split,merged")
    .current(VariableOption(text="split", value="split")),
    "trend": _choice("trend", f"label_values({series('concentration_rising_probability')}, window)", first="30d")
    .label("Trend over")
    .description("Only windows of 30 days and longer have a trend."),
    "entity": _choice(
        "entity", f"label_values({series('share_ratio', level='$level')}, entity)", first="All", all_=".*"
    )
    .label("Entities")
    .description("Those that are drawn, of the level."),
    "pool": _choice("pool", f"label_values({series('share_ratio', level='pool')}, entity)", first="foundryusa"),
}  # fmt: skip
