"""Tables made of the API's JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from monitor.cli.common import moment

Json = Mapping[str, Any]

_SIGNIFICANT = 0.975
"""Probability from which a trend is displayed as significant."""
_SURE, _MAYBE = Style(color="cyan"), Style(dim=True)
"""Of a bar up to the lower end of its interval, and from there on."""
_POSSIBLE, _MOST_POSSIBLE = 0.01, 3
"""The least upper end of an entity without a block that is shown, and how many of them are."""
_SEVERITIES = {"critical": ("!!", "bold red"), "warning": ("!", "bold magenta"), "info": ("i", "bold")}
_NUMBERS = {
    "blocks", "unknown", "Nakamoto", "HHI", "95 %", "eff.", "top 1", "share", "usual", "now", "height", "age", "txs"
}  # fmt: skip
"""Right-aligned columns."""
_FLEXIBLE = {"", "evidence", "alert"}
"""Columns that take the remaining width."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Fills the available width: solid up to the lower end, shaded up to the upper end, with a mark at the share."""

    share: float
    lower: float
    upper: float
    full: float
    """The share that fills the whole width."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        solid, shade, mark = "#-|" if options.ascii_only else "█▒┃"
        sure, counted, most = (round(width * min(each / self.full, 1)) for each in (self.lower, self.share, self.upper))
        at = min(max(counted, sure), width - 1)
        yield Segment(solid * min(sure, at), _SURE)
        yield Segment(shade * (at - sure), _MAYBE)
        yield Segment(mark)
        yield Segment(shade * (min(most, width) - at - 1), _MAYBE)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(8, 40)


def headline(state: Json, *, now: float | None = None) -> Text:
    """State, newest block, node and missing history. With `now` (Unix time), ages instead of times."""
    said = ("ready", "bold green") if state["ready"] else (f"waiting: {state['waiting']}", "bold magenta")
    text = Text.assemble(said, no_wrap=True, overflow="ellipsis")
    if tip := state["tip"]:
        when = f", {ago(now - seconds(tip['time']))} ago" if now else f", {tip['time']}"
        text.append(f"   block {tip['height']} by {tip['pool_name'] or 'an unknown miner'}{when}")
    if node := state["node"]:
        kept = f", pruned below {node['first_height']}" if node["pruned"] else ""
        text.append(f"\n{node['network']}, {node['version']}{kept}, pool-monitor {state['version']}", "dim")
    if (history := state.get("history")) and history["missing_blocks"]:
        left = history.get("seconds_left")
        time = f", {ago(left)} left" if left is not None else ""
        why = f"fetching, {history['by']}{time}" if history["by"] else history["reason"] or "they will be fetched"
        text.append(f"\n{history['missing_blocks']:,} blocks are missing below {history['first_height']:,}: {why}")
    return text


def indices(windows: Sequence[Json], *, chosen: str | None = None) -> Table:
    """One row per window. A range if the two readings of the unknown blocks differ."""
    columns = ("window", "blocks", "unknown", "Nakamoto", "95 %", "HHI", "95 %", "eff.", "top 1", "trend")
    table = _table(f"Concentration by {windows[0]['level']}", *columns)
    for one in windows:
        if one["split"] is None:
            continue
        sure = one["estimates"] or {}
        table.add_row(
            _window(one), f"{one['blocks']:,}", f"{one['unknown']:,}",
            _both(one, "nakamoto", "d"), _interval(sure, "nakamoto", "d"),
            f"{one['headline_hhi']:,.0f}", _interval(sure, "hhi", ",.0f"),
            f"{10_000 / one['headline_hhi']:,.1f}" if one["headline_hhi"] else "",
            _span([one[reading]["top_share"]["1"] for reading in ("split", "merged")], ".1%"),
            _trend(sure.get("trend")),
            style="bold" if one["window"] == chosen else "",
        )  # fmt: skip
    return table


def shares(
    windows: Sequence[Json], now: Sequence[Json] = (), *, chosen: str | None = None, rows: int = 15, skipped: int = 0
) -> Table:
    """Shares in the chosen window (default: the first), compared with the longest one and with those `now`.

    The largest `skipped` are left out, but never all.
    """
    short = next((one for one in windows if one["window"] == chosen), windows[0])
    long = max(windows, key=lambda one: int(one["blocks"]))
    usual = {share["entity"]: share for share in long["shares"]}
    current = {share["entity"]: share for share in now}
    skipped = min(skipped, max(0, len(short["shares"]) - rows))
    shown = _shown(short["shares"][skipped:], rows)
    full = max((share["upper"] or share["sampling_upper"] for share in short["shares"]), default=1) or 1
    title = f"Shares by {short['level']}: {_window(short)}, {short['blocks']:,} blocks (usual: {long['window']})"
    table = _table(title, short["level"], "share", "95 %", "", "blocks", "usual", "now")
    for share in shown:
        before, soon = usual.get(share["entity"]), current.get(share["entity"])
        estimated = share["upper"] is not None
        table.add_row(
            Text(share["name"]), f"{share['share']:.1%}",
            f"{100 * share['lower']:.1f}-{share['upper']:.1%}" if estimated else "",
            Bar(share["share"], share["lower"], share["upper"], full=full) if estimated else "",
            str(share["blocks"]), f"{before['share']:.1%}" if before else "", f"{soon['share']:.1%}" if soon else "",
        )  # fmt: skip
    return table


def _window(one: Json) -> str:
    """The name of a window, and how much of it is stored where that is not all."""
    complete = one.get("complete", 1)
    return one["window"] if complete >= 1 else f"{one['window']} ({complete:.0%} of it)"


def _shown(found: Sequence[Json], rows: int) -> list[Json]:
    """The largest; the last rows are for entities that may have many blocks, but have none counted."""
    counted = [share for share in found if share["blocks"]]
    possible = [share for share in found if not share["blocks"] and (share["upper"] or 0) > _POSSIBLE]
    possible = possible[: min(_MOST_POSSIBLE, rows // 2)]
    return [*counted[: rows - len(possible)], *possible]


def blocks(found: Sequence[Json], *, rows: int = 8, now: float | None = None) -> Table:
    """The newest blocks, with the evidence for their pools."""
    table = _table("Newest blocks", "height", "age" if now else "time", "pool", "txs", "by", "evidence")
    for block in found[:rows]:
        when = ago(now - seconds(block["time"])) if now else moment(block["time"]).removesuffix(" UTC")
        notes = {"NOT COUNTED": block["stale"], "CONFLICT": block["conflict"], "EMPTY": block["tx_count"] == 1}
        table.add_row(
            str(block["height"]), when, Text(block["pool_name"] or "unknown"),
            f"{block['tx_count']:,}", block["method"] or "",
            Text(" ".join((*filter(notes.get, notes), block["evidence"]))), style="dim" if block["stale"] else "",
        )  # fmt: skip
    return table


def alerts(found: Sequence[Json], *, rows: int = 20, now: float | None = None) -> Table:
    """Firing and pending alerts."""
    table = _table("Alerts", "severity", "alert", "since")
    for alert in [each for each in found if each.get("state") != "resolved"][:rows]:
        sign, style = _SEVERITIES.get(alert.get("severity", ""), ("?", "bold"))
        since = alert.get("since") or ""
        when = f"{ago(now - seconds(since))} ago" if now and since else since
        pending = "pending: " if alert.get("state") == "pending" else ""
        summary = Text(f"{pending}{alert.get('summary') or alert.get('rule', '')}")
        table.add_row(Text(f"{sign} {alert.get('severity', '')}", style), summary, when)
    return table


def ago(span: float) -> str:
    """A span of seconds, rounded for display."""
    if span < 100:
        return f"{max(span, 0):.0f} s"
    minutes = round(span / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"


def seconds(iso: str) -> float:
    """A timestamp of the API as Unix time."""
    return datetime.fromisoformat(iso).timestamp()


def _both(window: Json, name: str, form: str) -> str:
    """An index from the lower to the higher of the two readings of the unknown blocks."""
    values = [window[reading][name] for reading in ("split", "merged")]
    return _span([value for value in values if value is not None], form)


def _interval(sure: Json, name: str, form: str) -> str:
    """The interval to publish; empty as long as there is none."""
    found = (sure.get("combined") or {}).get(name)
    return _span([found["lower"], found["upper"]], form) if found else ""


def _span(values: Sequence[float], form: str) -> str:
    """The range of the values, or one value if they look the same; empty if there are none."""
    if not values:
        return ""
    first, last = format(min(values), form), format(max(values), form)
    return first if first == last else f"{first}-{last}"


def _trend(trend: Json | None) -> Text:
    """Direction and probability of a significant trend, else a horizontal arrow."""
    if trend is None:
        return Text()
    rising = trend["rising"]
    if rising >= _SIGNIFICANT:
        return Text(f"↑ {rising:.0%}", "bold magenta")
    return Text(f"↓ {1 - rising:.0%}", "bold green") if rising <= 1 - _SIGNIFICANT else Text("→", "dim")


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=Text(title, "bold", no_wrap=True, overflow="ellipsis"), title_justify="left",
        box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True, expand=True,
    )  # fmt: skip
    for column in columns:
        table.add_column(
            column, justify="right" if column in _NUMBERS else "left", no_wrap=True, overflow="ellipsis",
            ratio=1 if column in _FLEXIBLE else None, min_width=8 if column in _FLEXIBLE else None,
        )  # fmt: skip
    return table
