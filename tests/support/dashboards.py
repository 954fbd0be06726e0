"""Grafana's dashboards as the project ships them, and what Grafana would make of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from support.services import CHECKOUT

FOLDER = CHECKOUT / "grafana" / "dashboards"
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a dashboard asks Prometheus."""

    where: str
    """For people: dashboard and panel."""
    expression: str


def load() -> dict[str, dict[str, Any]]:
    """Each dashboard by the name of its file, without the ending."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def panels(dashboard: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those that show something: rows are only headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def questions(dashboard: Mapping[str, Any]) -> Iterator[Asked]:
    """Of every panel."""
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield Asked(f"{dashboard['title']}: {panel['id']} {panel['title']}, {target['refId']}", target["expr"])


def events(dashboard: Mapping[str, Any]) -> Iterator[Asked]:
    """What is marked in all panels: answered only at the moments when it happens."""
    for annotation in dashboard["annotations"]["list"]:
        yield Asked(f"{dashboard['title']}: annotation {annotation['name']}", annotation["expr"])


def choices(dashboard: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """The variables whose values Prometheus has: of which selector which label, by the variable's name."""
    found = {}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert asked, variable["query"]
            found[variable["name"]] = (asked[1], asked[2])
    return found


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """With every variable replaced.

    Raises:
        KeyError: there is no such variable.
    """
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], text)


def variables_of(text: str) -> set[str]:
    """Which are named."""
    return {one or other for one, other in _VARIABLE.findall(text)}


def imported(dashboard: Mapping[str, Any], **sources: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    """What Grafana stores after an import by hand in which these sources were chosen: inputs are filled in and gone."""
    names = [each["name"] for each in dashboard["__inputs"]]
    text = json.dumps({name: value for name, value in dashboard.items() if name != "__inputs"})
    for name in names:
        text = text.replace(f"${{{name}}}", sources[name])
    return json.loads(text)
