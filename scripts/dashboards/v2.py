"""A dashboard in Grafana's v2 schema: the same panels, variables and annotations, as a resource of its API.

Grafana converts the classic model by itself. Tools that take resources only (Terraform, operators) need this form. What
goes where follows Grafana's own conversion.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

API_VERSION = "dashboard.grafana.app/v2"
_CURSOR_SYNC = ("Off", "Crosshair", "Tooltip")
_REFRESH = ("never", "onDashboardLoad", "onTimeRangeChanged")
_SORT = (
    "disabled",
    "alphabeticalAsc",
    "alphabeticalDesc",
    "numericalAsc",
    "numericalDesc",
    "alphabeticalCaseInsensitiveAsc",
    "alphabeticalCaseInsensitiveDesc",
    "naturalAsc",
    "naturalDesc",
)
"""The words of v2, by the numbers of the classic model."""
_NONE = {"text": "", "value": ""}
_REFRESH_INTERVALS = ["5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h", "2h", "1d"]
"""Grafana's own."""

Json = dict[str, Any]


def as_v2(classic: Mapping[str, Any]) -> Json:
    """The resource of a dashboard in the classic model.

    Raises:
        KeyError: it has a variable of a type that none of ours has.
    """
    return {
        "apiVersion": API_VERSION,
        "kind": "Dashboard",
        "metadata": {"name": classic["uid"]},
        "spec": {
            "title": classic["title"],
            "description": classic["description"],
            "tags": classic["tags"],
            "editable": classic["editable"],
            "preload": False,
            "cursorSync": _CURSOR_SYNC[classic["graphTooltip"]],
            "links": classic["links"],
            "timeSettings": {
                "timezone": classic["timezone"],
                **classic["time"],
                "autoRefresh": classic["refresh"],
                "autoRefreshIntervals": _REFRESH_INTERVALS,
                "hideTimepicker": False,
                "fiscalYearStartMonth": classic["fiscalYearStartMonth"],
            },
            "variables": [_variable(each) for each in classic["templating"]["list"]],
            "annotations": [_annotation(each) for each in classic["annotations"]["list"]],
            "elements": {_name(each): _element(each) for each in classic["panels"] if each["type"] != "row"},
            "layout": {"kind": "RowsLayout", "spec": {"rows": _rows(classic["panels"])}},
        },
    }


def _query(source: Mapping[str, str], spec: Json) -> Json:
    named = {"name": source["uid"]}
    return {"kind": "DataQuery", "group": source["type"], "version": "v0", "datasource": named, "spec": spec}


def _name(panel: Mapping[str, Any]) -> str:
    return f"panel-{panel['id']}"


def _element(panel: Mapping[str, Any]) -> Json:
    queries = [
        {
            "kind": "PanelQuery",
            "spec": {
                "refId": target["refId"],
                "hidden": False,
                "query": _query(target["datasource"], _without(target, "refId", "datasource")),
            },
        }
        for target in panel["targets"]
    ]
    transformations = [
        {"kind": "Transformation", "group": each["id"], "spec": _without(each, "id")}
        for each in panel.get("transformations", [])
    ]
    data = {"queries": queries, "transformations": transformations, "queryOptions": {}}
    shown = {"options": panel["options"], "fieldConfig": panel["fieldConfig"]}
    return {
        "kind": "Panel",
        "spec": {
            "id": panel["id"],
            "title": panel["title"],
            "description": panel["description"],
            "links": [],
            "data": {"kind": "QueryGroup", "spec": data},
            "vizConfig": {"kind": "VizConfig", "group": panel["type"], "version": "", "spec": shown},
        },
    }


def _rows(panels: list[Json]) -> list[Json]:
    """Panels above the first heading are in a row without one; places count from the top of their row."""
    rows: list[Json] = []
    top = 0
    for panel in panels:
        is_heading = panel["type"] == "row"
        if is_heading or not rows:
            title = {"title": panel["title"]} if is_heading else {"title": "", "hideHeader": True}
            rows.append(_row(title))
            top = panel["gridPos"]["y"] + is_heading
        if not is_heading:
            rows[-1]["spec"]["layout"]["spec"]["items"].append(_item(panel, top))
    return rows


def _row(title: Json) -> Json:
    layout = {"kind": "GridLayout", "spec": {"items": []}}
    return {"kind": "RowsLayoutRow", "spec": {**title, "collapse": False, "layout": layout}}


def _item(panel: Mapping[str, Any], top: int) -> Json:
    place = panel["gridPos"]
    at = {"x": place["x"], "y": place["y"] - top, "width": place["w"], "height": place["h"]}
    return {
        "kind": "GridLayoutItem",
        "spec": {**at, "element": {"kind": "ElementReference", "name": _name(panel)}},
    }


def _variable(classic: Mapping[str, Any]) -> Json:
    kind, make = _VARIABLES[classic["type"]]
    shared = {name: classic[name] for name in ("name", "label", "description", "skipUrlSync") if name in classic}
    return {"kind": kind, "spec": {**shared, "hide": "dontHide", **make(classic)}}


def _selection(classic: Mapping[str, Any]) -> Json:
    """What variables have from whose values some are chosen."""
    kept = {name: classic[name] for name in ("multi", "includeAll", "allowCustomValue")}
    every = {"allValue": classic["allValue"]} if "allValue" in classic else {}
    return {"current": classic.get("current", _NONE), "options": [], **kept, **every}


def _query_variable(classic: Mapping[str, Any]) -> Json:
    return {
        **_selection(classic),
        "query": _query(classic["datasource"], {"__legacyStringValue": classic["query"]}),
        "definition": classic["query"],
        "regex": "",
        "refresh": _REFRESH[classic["refresh"]],
        "sort": _SORT[classic["sort"]],
    }


def _datasource_variable(classic: Mapping[str, Any]) -> Json:
    """The first Prometheus that Grafana has: a resource has no inputs that an import would ask for."""
    selection = {**_selection(classic), "current": _NONE}
    return {**selection, "pluginId": classic["query"], "regex": "", "refresh": "onDashboardLoad"}


def _custom_variable(classic: Mapping[str, Any]) -> Json:
    return {**_selection(classic), "query": classic["query"]}


def _text_variable(classic: Mapping[str, Any]) -> Json:
    text = classic["query"]
    return {"query": text, "current": {"text": text, "value": text}}


_VARIABLES = {
    "query": ("QueryVariable", _query_variable),
    "datasource": ("DatasourceVariable", _datasource_variable),
    "custom": ("CustomVariable", _custom_variable),
    "textbox": ("TextVariable", _text_variable),
}


def _annotation(classic: Mapping[str, Any]) -> Json:
    """What only Prometheus reads is among `legacyOptions`, where Grafana's conversion puts it."""
    shared = ("name", "enable", "hide", "iconColor")
    return {
        "kind": "AnnotationQuery",
        "spec": {
            **{name: classic[name] for name in shared},
            "builtIn": bool(classic["builtIn"]),
            "query": _query(classic["datasource"], {}),
            "legacyOptions": _without(classic, *shared, "builtIn", "datasource"),
        },
    }


def _without(content: Mapping[str, Any], *names: str) -> Json:
    return {name: value for name, value in content.items() if name not in names}
