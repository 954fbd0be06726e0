"""The dashboards are what their generator says, what Grafana's types allow, and readable."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match
from support import dashboards as shipped
from support.services import CHECKOUT

from monitor.model import PREFIX

DASHBOARDS = shipped.load()
SCHEMA = Draft7Validator(json.loads((CHECKOUT / "tests" / "data" / "grafana.schema.json").read_text("utf-8")))
SCHEMA_V2 = Draft7Validator(json.loads((CHECKOUT / "tests" / "data" / "grafana.v2.schema.json").read_text("utf-8")))
NAMES = json.loads((CHECKOUT / "tests" / "data" / "grafana.names.json").read_text("utf-8"))
COLUMNS = 24
ITS_OWN = {"__interval", "__rate_interval", "__all"}

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS.values(), ids=DASHBOARDS)


def test_they_are_what_their_generator_says() -> None:
    done = subprocess.run(
        [sys.executable, CHECKOUT / "scripts" / "grafana.py", "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


@each_dashboard
def test_grafanas_own_types_allow_it(dashboard: dict[str, Any]) -> None:
    wrong = best_match(SCHEMA.iter_errors(dashboard))

    assert wrong is None, f"{wrong.json_path}: {wrong.message}"


def test_grafanas_own_types_notice_a_misspelt_field() -> None:
    wrong = json.loads(json.dumps(DASHBOARDS["overview"]))
    wrong["panels"][0]["options"]["colourMode"] = "value"

    assert not SCHEMA.is_valid(wrong)


@pytest.fixture(scope="module")
def resources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The dashboards in Grafana's v2 schema, by the names of their files."""
    folder: Path = tmp_path_factory.mktemp("grafana") / "v2"
    subprocess.run([sys.executable, CHECKOUT / "scripts" / "grafana.py", "--v2", folder], check=True)
    return {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}


@each_dashboard
def test_grafanas_own_types_of_v2_allow_its_resource(
    dashboard: dict[str, Any], resources: dict[str, dict[str, Any]]
) -> None:
    resource = resources[dashboard["uid"].removeprefix("pool-monitor-")]

    wrong = best_match(SCHEMA_V2.iter_errors(resource))

    assert wrong is None, f"{wrong.json_path}: {wrong.message}"


def test_grafanas_own_types_of_v2_notice_a_misspelt_field(resources: dict[str, dict[str, Any]]) -> None:
    resource = resources["overview"]
    resource["spec"]["elements"]["panel-1"]["spec"]["vizConfig"]["spec"]["options"]["colourMode"] = "value"

    assert not SCHEMA_V2.is_valid(resource)


@each_dashboard
def test_its_resource_has_all_panels_queries_and_variables(
    dashboard: dict[str, Any], resources: dict[str, dict[str, Any]]
) -> None:
    spec = resources[dashboard["uid"].removeprefix("pool-monitor-")]["spec"]
    elements = {each["spec"]["id"]: each["spec"] for each in spec["elements"].values()}

    assert elements.keys() == {panel["id"] for panel in shipped.panels(dashboard)}
    for panel in shipped.panels(dashboard):
        group = elements[panel["id"]]["data"]["spec"]
        asked = [(each["spec"]["refId"], each["spec"]["query"]["spec"]["expr"]) for each in group["queries"]]
        assert asked == [(target["refId"], target["expr"]) for target in panel["targets"]]
        assert [each["group"] for each in group["transformations"]] == [
            each["id"] for each in panel.get("transformations", [])
        ]
    assert [each["spec"]["name"] for each in spec["variables"]] == [
        each["name"] for each in dashboard["templating"]["list"]
    ]


@each_dashboard
def test_its_resource_places_the_panels_as_it_does(
    dashboard: dict[str, Any], resources: dict[str, dict[str, Any]]
) -> None:
    spec = resources[dashboard["uid"].removeprefix("pool-monitor-")]["spec"]
    top, places = 0, {}
    for row in spec["layout"]["spec"]["rows"]:
        top += "hideHeader" not in row["spec"]
        items = [item["spec"] for item in row["spec"]["layout"]["spec"]["items"]]
        for item in items:
            place = {"x": item["x"], "y": top + item["y"], "w": item["width"], "h": item["height"]}
            places[spec["elements"][item["element"]["name"]]["spec"]["id"]] = place
        top += max(item["y"] + item["height"] for item in items)

    assert places == {panel["id"]: panel["gridPos"] for panel in shipped.panels(dashboard)}


@each_dashboard
def test_units_and_transformations_are_ones_that_grafana_has(dashboard: dict[str, Any]) -> None:
    text = json.dumps(dashboard["panels"])
    units = set(re.findall(r'"unit": "(\w+)"', text)) | set(re.findall(r'"id": "unit", "value": "(\w+)"', text))
    transformations = {each["id"] for panel in dashboard["panels"] for each in panel.get("transformations", [])}

    assert units - set(NAMES["units"]) == set()
    assert transformations - set(NAMES["transformations"]) == set()


@each_dashboard
def test_an_override_changes_only_what_grafana_knows(dashboard: dict[str, Any]) -> None:
    changed = {
        change["id"]
        for panel in shipped.panels(dashboard)
        for override in panel["fieldConfig"]["overrides"]
        for change in override["properties"]
    }

    assert {name for name in changed if not name.startswith("custom.")} - set(NAMES["fields"]) == set()


SLUGS = {
    **dict.fromkeys(("pool", "group"), ("antpool", "AntPool")),
    "layer": ("designer", "Chip designers"),
    "side": ("mining", "Mining"),
    "trait": ("op_return", "Data outputs"),
}
SLUG_LABEL = re.compile(rf"\{{\{{({'|'.join(SLUGS)})\}}\}}")


@each_dashboard
def test_a_legend_has_the_name_of_a_pool_and_not_its_slug(dashboard: dict[str, Any]) -> None:
    for panel in shipped.panels(dashboard):
        for legend in {target.get("legendFormat", "") for target in panel["targets"]}:
            if found := SLUG_LABEL.search(legend):
                slug, name = SLUGS[found[1]]
                other = re.sub(r"\{\{(\w+)\}\}", "x", legend.replace(found[0], slug))
                shown = re.sub(r"\$\{__field\.labels\.\w+\}", "x", display_name(panel, other))
                assert shown == other.replace(slug, name), panel["title"]


def display_name(panel: dict[str, Any], name: str) -> str:
    """What the overrides of a panel call a series."""
    for override in panel["fieldConfig"]["overrides"]:
        matcher, how = override["matcher"]["options"], override["matcher"]["id"]
        if name == matcher or (how == "byRegexp" and re.search(matcher.strip("/"), name)):
            (shown,) = [each["value"] for each in override["properties"] if each["id"] == "displayName"]
            return str(shown)
    return name


@each_dashboard
def test_the_sdk_knows_every_field_of_its_panels(dashboard: dict[str, Any]) -> None:
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(dashboard), cls=JSONEncoder))

    assert holds(again["panels"], dashboard["panels"])


def holds(larger: Any, smaller: Any) -> bool:  # noqa: ANN401 -- JSON is whatever it is
    """Whether all of one is in the other, which may have defaults besides."""
    if isinstance(smaller, dict):
        return all(name in larger and holds(larger[name], value) for name, value in smaller.items())
    if isinstance(smaller, list):
        return len(larger) == len(smaller) and all(map(holds, larger, smaller))
    return bool(larger == smaller)


@each_dashboard
def test_no_panel_covers_another_or_leaves_the_grid(dashboard: dict[str, Any]) -> None:
    places = {panel["id"]: panel["gridPos"] for panel in dashboard["panels"]}

    assert len(places) == len(dashboard["panels"])
    assert all(place["x"] >= 0 and place["w"] > 0 and place["x"] + place["w"] <= COLUMNS for place in places.values())
    assert [pair for pair in combinations(places, 2) if overlap(places[pair[0]], places[pair[1]])] == []


@each_dashboard
def test_every_row_of_the_grid_is_full(dashboard: dict[str, Any]) -> None:
    widths: dict[int, int] = {}
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        widths[place["y"]] = widths.get(place["y"], 0) + place["w"]

    assert {top: width for top, width in widths.items() if width != COLUMNS} == {}


@each_dashboard
def test_every_panel_says_what_it_shows_and_in_which_unit(dashboard: dict[str, Any]) -> None:
    for panel in shipped.panels(dashboard):
        assert panel["fieldConfig"]["defaults"].get("unit"), panel["title"]
        assert re.fullmatch(r"[A-Z(].{40,}[.?]", panel["description"]), panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@each_dashboard
def test_only_metrics_of_the_catalogue_are_asked_for(dashboard: dict[str, Any]) -> None:
    catalogue = (CHECKOUT / "docs" / "metrics.md").read_text("utf-8")
    known = set(re.findall(rf"^\| `({PREFIX}_\w+)`", catalogue, re.MULTILINE))

    asked = set(re.findall(rf"\b{PREFIX}_\w+", json.dumps(dashboard)))

    assert asked
    assert {name for name in asked if name.removesuffix("_bucket") not in known} == set()


@each_dashboard
def test_every_variable_that_is_used_is_there_and_the_other_way_round(dashboard: dict[str, Any]) -> None:
    offered = {variable["name"] for variable in dashboard["templating"]["list"]}
    content = {name: part for name, part in dashboard.items() if name != "__inputs"}
    used = shipped.variables_of(json.dumps(content)) - {each["name"] for each in dashboard["__inputs"]}

    assert used - ITS_OWN == offered


@each_dashboard
def test_an_import_by_hand_leaves_no_question_open(dashboard: dict[str, Any]) -> None:
    done = shipped.imported(dashboard, DS_PROMETHEUS="P1809F7CD0C75ACF3")

    (source,) = [variable for variable in done["templating"]["list"] if variable["type"] == "datasource"]
    assert source["current"] == {"text": "P1809F7CD0C75ACF3", "value": "P1809F7CD0C75ACF3"}
    assert "DS_PROMETHEUS" not in json.dumps(done)


def test_they_lead_to_each_other_and_to_the_page() -> None:
    for dashboard in DASHBOARDS.values():
        (others, page) = dashboard["links"]
        assert set(others["tags"]) <= set(dashboard["tags"])
        assert page["url"].startswith("${page}/")
    assert len({dashboard["uid"] for dashboard in DASHBOARDS.values()}) == len(DASHBOARDS)


def test_what_is_provisioned_is_what_the_how_to_says() -> None:
    yaml = pytest.importorskip("yaml")
    folder = CHECKOUT / "grafana" / "provisioning"
    (source,) = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text("utf-8"))["datasources"]
    (provider,) = yaml.safe_load((folder / "dashboards" / "pool-monitor.yaml").read_text("utf-8"))["providers"]
    how_to = (CHECKOUT / "docs" / "how-to" / "grafana.md").read_text("utf-8")

    assert source["type"] == "prometheus"
    assert provider["type"] == "file"
    assert f"| `grafana/dashboards` | `{provider['options']['path']}` |" in how_to
    assert all(f"grafana/dashboards/{name}.json" in how_to for name in DASHBOARDS)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    """Whether two places have a square in common."""
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )
