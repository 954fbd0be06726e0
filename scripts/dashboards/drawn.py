"""Draws panels as Grafana shows them, as far as a person needs to judge them: curves, numbers, bars, states, tables."""

from __future__ import annotations

import html
import math
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import cycle
from typing import Any, Final

from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

_ROW_PIXELS: Final = 36
_COLUMN_PIXELS: Final = 66
_COLOURS: Final = {
    "green": "#56a64b", "yellow": "#e0b400", "orange": "#ff780a", "red": "#e02f44", "blue": "#3274d9",
    "text": "#333333", "transparent": "#333333",
}  # fmt: skip
_PALETTE: Final = (
    "#56a64b", "#e0b400", "#3274d9", "#ff780a", "#e02f44", "#8f3bb8", "#1f9e9e", "#b877d9", "#7a5c00", "#5794f2",
)  # fmt: skip
_STYLE: Final = """
body { font: 13px sans-serif; background: #f4f5f5; margin: 8px; width: 1584px }
.grid { display: grid; grid-template-columns: repeat(24, 1fr); grid-auto-rows: 36px; gap: 4px }
.panel { background: #fff; border: 1px solid #ddd; padding: 2px 6px; overflow: hidden; position: relative }
.panel h3 { margin: 0; font-size: 13px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.row { font-weight: bold; padding: 8px } .live { position: absolute; top: 2px; right: 6px; color: #999 }
.stat { font-size: 26px; display: flex; gap: 14px; align-items: center; justify-content: center; flex-wrap: wrap;
        height: 75% } .stat small { font-size: 12px; color: #333 }
.empty { color: #c00; text-align: center; padding-top: 10px }
table { border-collapse: collapse; font-size: 12px; width: 100% } td, th { padding: 1px 6px; text-align: left }
td { border-top: 1px solid #eee; white-space: nowrap } img { width: 100% }
"""


@dataclass(frozen=True)
class Curve:
    """One series of an answer."""

    ref: str
    labels: Mapping[str, str]
    legend: str
    points: Sequence[tuple[float, float]]
    """Unix time and value."""

    @property
    def name(self) -> str:
        """As Grafana's legend shows it."""
        return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: self.labels.get(found[1], ""), self.legend) or "Value"


@dataclass(frozen=True)
class Drawn:
    """A panel and its data."""

    panel: Mapping[str, Any]
    curves: Sequence[Curve]
    newest: Sequence[Curve]
    """At the end, one point each."""
    live: bool
    """Whether the curves are of the daemon, not of the history."""

    @property
    def defaults(self) -> Mapping[str, Any]:
        """Unit, thresholds and the like, of all fields."""
        defaults: Mapping[str, Any] = self.panel["fieldConfig"]["defaults"]
        return defaults

    def option(self, name: str, field: str, otherwise: object = None) -> Any:  # noqa: ANN401 -- whatever an option is
        """A property of one field, with the overrides that match it."""
        found: Any = self.defaults
        for part in field.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        for override in self.panel["fieldConfig"]["overrides"]:
            matcher = override["matcher"]
            by_name = matcher["id"] == "byName" and matcher["options"] == name
            by_pattern = matcher["id"] == "byRegexp" and re.fullmatch(matcher["options"].strip("/"), name)
            if by_name or by_pattern:
                found = next((each["value"] for each in override["properties"] if each["id"] == field), found)
        return otherwise if found is None else found

    def title(self, curve: Curve) -> str:
        """The name of a curve, or what an override calls it."""
        shown = str(self.option(curve.name, "displayName", curve.name))
        return re.sub(r"\$\{__field\.labels\.(\w+)\}", lambda found: curve.labels.get(found[1], ""), shown)

    def text(self, name: str, value: float) -> str:
        """A value as it is shown."""
        for mapping in self.option(name, "mappings", []):
            if mapping["type"] == "value" and f"{value:g}" in mapping["options"]:
                return str(mapping["options"][f"{value:g}"]["text"])
        return written(value, self.option(name, "unit", "none"), self.option(name, "decimals"))

    def colour(self, name: str, value: float) -> str:
        """The colour of a value, by mapping or threshold."""
        for mapping in self.option(name, "mappings", []):
            if mapping["type"] == "value" and f"{value:g}" in mapping["options"]:
                return _colour(mapping["options"][f"{value:g}"].get("color", "text"))
        steps = self.option(name, "thresholds", {}).get("steps", [])
        passed = [step["color"] for step in steps if step["value"] is None or value >= step["value"]]
        return _colour(passed[-1] if passed else "text")


def page(board: Mapping[str, Any], drawn: Iterable[Drawn]) -> str:
    """The page of a dashboard, laid out like it."""
    by_id = {each.panel["id"]: each for each in drawn}
    parts = [f"<meta charset=utf-8><style>{_STYLE}</style><h2>{html.escape(board['title'])}</h2><div class=grid>"]
    for panel in board["panels"]:
        place = panel["gridPos"]
        at = f"grid-column:{place['x'] + 1}/span {place['w']};grid-row:{place['y'] + 1}/span {place['h']}"
        if panel["type"] == "row":
            parts.append(f"<div class=row style='{at}'>{html.escape(panel['title'])}</div>")
        else:
            one = by_id[panel["id"]]
            live = (
                "<span class=live>live</span>" if one.live and panel["type"] in {"timeseries", "state-timeline"} else ""
            )
            title = html.escape(panel["title"])
            parts.append(f"<div class=panel style='{at}'><h3>{title}</h3>{live}{_content(one)}</div>")
    return "".join((*parts, "</div>"))


def _content(one: Drawn) -> str:
    draw = _KINDS[one.panel["type"]]
    shown = one.curves if draw in {_lines, _states} else one.newest
    if not any(math.isfinite(value) for curve in shown for _, value in curve.points):
        note = one.defaults.get("noValue")
        return f"<p class={'note' if note else 'empty'}>{html.escape(note or 'No data')}</p>"
    return draw(one)


def _number(one: Drawn) -> str:
    several = len(one.newest) > 1 or one.panel["options"].get("textMode") == "value_and_name"
    shown = [
        f"<span style='color:{one.colour(curve.name, curve.points[-1][1])}'>"
        + (f"<small>{html.escape(curve.name)}</small> " if several else "")
        + f"{html.escape(one.text(curve.name, curve.points[-1][1]))}</span>"
        for curve in one.newest
    ]
    return f"<div class=stat>{''.join(shown)}</div>"


def _table(one: Drawn) -> str:
    heads: dict[str, str] = {}
    for transformation in one.panel["transformations"]:
        heads |= transformation["options"].get("renameByName", {})
    refs = [target["refId"] for target in one.panel["targets"]]
    rows: dict[tuple[tuple[str, str], ...], dict[str, float]] = {}
    for curve in one.newest:
        rows.setdefault(tuple(sorted(curve.labels.items())), {})[curve.ref] = curve.points[-1][1]
    order = sorted(rows.items(), key=lambda row: -row[1].get("A", -math.inf))
    labels = sorted({name for row in rows for name, _ in row})
    columns = [heads.get("Value" if len(refs) == 1 else f"Value #{ref}", ref) for ref in refs]
    cells = "".join(f"<th>{html.escape(one.option(head, 'displayName', head))}</th>" for head in (*labels, *columns))
    for key, values in order:
        told = dict(key)
        texts = [(label, _mapped(one, label, told.get(label, ""))) for label in labels]
        cells += "<tr>" + "".join(f"<td>{html.escape(text)}</td>" for _, text in texts)
        for ref, head in zip(refs, columns, strict=True):
            value = values.get(ref)
            shown = "" if value is None else one.text(head, value)
            colour = "inherit" if value is None else one.colour(head, value)
            cells += f"<td style='color:{colour}'>{html.escape(shown)}</td>"
    return f"<table>{cells}</table>"


def _mapped(one: Drawn, label: str, text: str) -> str:
    for mapping in one.option(label, "mappings", []):
        if mapping["type"] == "value" and text in mapping["options"]:
            return str(mapping["options"][text]["text"])
    return text


def _bars(one: Drawn) -> str:
    finite = [(one.title(curve), curve.points[-1][1]) for curve in one.newest if math.isfinite(curve.points[-1][1])]
    longest = one.defaults.get("max") or max((value for _, value in finite), default=1) or 1
    rows = ""
    for name, value in finite:
        bar = f"background:{one.colour(name, value)};height:12px;width:{max(0, min(1, value / longest)):.1%}"
        rows += f"<tr><td>{html.escape(name)}<td style='width:60%'><div style='{bar}'></div>"
        rows += f"<td>{html.escape(one.text(name, value))}"
    return f"<table>{rows}</table>"


def _states(one: Drawn) -> str:
    def draw(axes: Axes) -> None:
        for place, curve in enumerate(one.curves):
            ends = [at for at, _ in curve.points[1:]] + [curve.points[-1][0] + 1]
            for (at, value), end in zip(curve.points, ends, strict=True):
                axes.barh(place, (end - at) / 86_400, left=_day(at), height=0.7, color=one.colour(curve.name, value))
        axes.set_yticks(range(len(one.curves)), [one.title(curve) for curve in one.curves], fontsize=7)

    return _picture(one, draw)


def _lines(one: Drawn) -> str:
    stacked = one.option("", "custom.stacking", {}).get("mode") == "normal"

    def draw(axes: Axes) -> None:
        if stacked:
            times = sorted({at for curve in one.curves for at, _ in curve.points})
            values = [[dict(curve.points).get(at, 0.0) for at in times] for curve in one.curves]
            names = [_legend(one, curve) for curve in one.curves]
            axes.stackplot(list(map(_day, times)), values, labels=names, colors=_PALETTE, alpha=0.7)
        else:
            _curves(one, axes)
        for step in one.option("", "thresholds", {}).get("steps", [])[1:]:
            if one.option("", "custom.thresholdsStyle", {}).get("mode") == "dashed":
                axes.axhline(step["value"], color=_colour(step["color"]), linestyle="--", linewidth=0.8)
        if one.option("", "custom.scaleDistribution", {}).get("type") == "log":
            axes.set_yscale("log")
        soft = one.option("", "custom.axisSoftMin")
        low, high = axes.get_ylim()
        axes.set_ylim(
            one.defaults.get("min", min(low, soft) if soft is not None else low), one.defaults.get("max", high)
        )
        if one.option("", "decimals") == 0:
            axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(_tick(one, *axes.get_ylim())))
        axes.legend(fontsize=6, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False)

    return _picture(one, draw)


def _tick(one: Drawn, low: float, high: float) -> Callable[[float, int], str]:
    """How the ends of the axis are told apart."""
    if one.option("", "unit", "none") != "percentunit":
        return lambda value, _: one.text("", value)
    spacing = max((high - low) / 8 * 100, 1e-9)
    return lambda value, _: f"{value * 100:.{max(0, math.ceil(-math.log10(spacing)))}f}%"


def _curves(one: Drawn, axes: Axes) -> None:
    by_name = {curve.name: curve for curve in one.curves}
    for curve, colour in zip(one.curves, cycle(_PALETTE), strict=False):
        fixed = one.option(curve.name, "color", {}).get("fixedColor")
        style = one.option(curve.name, "custom.lineStyle", {}).get("fill")
        line = axes.plot(
            [_day(at) for at, _ in curve.points], [value for _, value in curve.points],
            color=_colour(fixed) if fixed else colour, label=_legend(one, curve),
            linewidth=one.option(curve.name, "custom.lineWidth", 1), linestyle=":" if style == "dot" else "-",
        )  # fmt: skip
        below = by_name.get(one.option(curve.name, "custom.fillBelowTo", ""))
        if below:
            lower = dict(below.points)
            both = [(at, value, lower[at]) for at, value in curve.points if at in lower]
            axes.fill_between(
                [_day(at) for at, _, _ in both], [low for _, _, low in both], [high for _, high, _ in both],
                color=line[0].get_color(), alpha=0.18,
            )  # fmt: skip


def _legend(one: Drawn, curve: Curve) -> str:
    return f"{one.title(curve)}  {one.text(curve.name, curve.points[-1][1])}".replace("$", r"\$").lstrip("_")


def _picture(one: Drawn, draw: Callable[[Axes], None]) -> str:
    place = one.panel["gridPos"]
    figure = Figure(figsize=(place["w"] * _COLUMN_PIXELS / 100, (place["h"] * _ROW_PIXELS + 14) / 100), dpi=100)
    axes = figure.add_subplot()
    axes.tick_params(labelsize=7)
    axes.grid(visible=True, linewidth=0.3)
    draw(axes)
    axes.xaxis.set_major_formatter(dates.DateFormatter("%H:%M:%S" if one.live else "%b %d"))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(dates.AutoDateLocator(maxticks=6))  # type: ignore[no-untyped-call]
    figure.tight_layout(pad=0.3)
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return f"<img src='data:image/png;base64,{b64encode(picture.getvalue()).decode()}'>"


def written(value: float, unit: str, decimals: int | None) -> str:
    """A number in one of Grafana's units."""
    if not math.isfinite(value):
        return "NaN"
    match unit:
        case "percentunit":
            return f"{value * 100:.{decimals if decimals is not None else _few(value * 100)}f}%"
        case "s":
            return _duration(value)
        case "d":
            return f"{value:.3g} days"
        case "dateTimeFromNow":
            return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        case "Hs":
            return _scaled(value, "H/s")
        case "short":
            return _scaled(value, "") if abs(value) >= 1000 else f"{value:.{decimals or _few(value)}f}"
        case "none" | "string" | "currencyBTC" | "locale":
            return f"{value:,.{decimals if decimals is not None else _few(value)}f}"
    return f"{value:.4g} {unit}"


def _few(value: float) -> int:
    return 0 if value == int(value) else max(0, 2 - math.floor(math.log10(abs(value)))) if abs(value) < 100 else 1


def _scaled(value: float, unit: str) -> str:
    power = min(int(math.log10(abs(value)) // 3), 7) if abs(value) >= 1000 else 0
    return f"{value / 1000**power:.3g} {('', 'K', 'M', 'G', 'T', 'P', 'E', 'Z')[power]}{unit}"


def _duration(value: float) -> str:
    for name, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if abs(value) >= length:
            return f"{value / length:.3g} {name}"
    return f"{value * 1000:.3g} ms" if value else "0 s"


def _colour(name: str) -> str:
    return _COLOURS.get(name.removeprefix("semi-dark-").removeprefix("dark-"), name)


def _day(at: float) -> float:
    return at / 86_400  # as matplotlib counts


_KINDS: Final[Mapping[str, Callable[[Drawn], str]]] = {
    "stat": _number, "timeseries": _lines, "bargauge": _bars, "table": _table, "state-timeline": _states,
}  # fmt: skip
