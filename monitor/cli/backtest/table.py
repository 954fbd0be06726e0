"""The report of a backtest as table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.backtest.backtest import BacktestReport, RuleResult
from monitor.backtest.replay import Episode

_DAY = 86_400


def as_table(report: BacktestReport) -> RenderableType:
    """A table of the rate of each rule, and one of all alerts."""
    rates = Table(
        title=_title(report), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False,
    )  # fmt: skip
    for name in ("rule", "severity"):
        rates.add_column(name, no_wrap=True, min_width=8)
    for name in ("alerts", "a year", "95 %", "of the time"):
        rates.add_column(name, justify="right")
    for result in report.results:
        lower, upper = result.interval
        rates.add_row(
            result.rule.name, result.rule.severity, str(len(result.episodes)), f"{result.rate:.2f}",
            f"{lower:.2f} to {upper:.2f}", f"{100 * result.firing:.1f} %",
        )  # fmt: skip
    parts: list[RenderableType] = [rates]
    if report.left:
        parts.append(Text("\n".join(f"{name}: not evaluated, {why}" for name, why in report.left.items()), style="dim"))
    if any(result.episodes for result in report.results):
        parts += ["", _episodes(report)]
    return Group(*parts)


def _title(report: BacktestReport) -> str:
    what = "simulated blocks with constant shares" if report.simulated else "blocks"
    return (
        f"{report.blocks:,} {what}, {report.years:.1f} years, {_date(report.first.time)} to {_date(report.last.time)}"
    )


def _episodes(report: BacktestReport) -> Table:
    table = Table(title="When", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("began", "lasted", "rule", "what"):
        table.add_column(name, overflow="fold", no_wrap=name != "what", justify="right" if name == "lasted" else "left")
    for one in _in_order(report):
        lasted = f"{(one.ended - one.alert.since) / _DAY:.1f} d" if one.ended else "still firing"
        table.add_row(_date(one.alert.since), lasted, one.alert.rule, Text(one.alert.summary))
    return table


def as_json(report: BacktestReport) -> str:
    """The report as JSON; a public format."""
    return json.dumps(
        {
            "blocks": report.blocks,
            "first_height": report.first.height,
            "last_height": report.last.height,
            "years": report.years,
            "simulated": report.simulated,
            "rules": [_result(result) for result in report.results],
            "not_judged": report.left,
        },
        indent=2,
        ensure_ascii=False,
    )


def as_csv(report: BacktestReport) -> str:
    """A row for each alert."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["rule", "severity", "labels", "height", "began", "ended", "value", "summary"])
    for one in _in_order(report):
        alert = one.alert
        labels = ",".join(f"{name}={value}" for name, value in alert.labels.items())
        ended = "" if one.ended is None else _iso(one.ended)
        writer.writerow([
            alert.rule, alert.severity, labels, alert.height, _iso(alert.since), ended, alert.value, alert.summary
        ])  # fmt: skip
    return text.getvalue()


def _result(result: RuleResult) -> dict[str, Any]:
    lower, upper = result.interval
    return {
        "rule": result.rule.name,
        "severity": result.rule.severity,
        "alerts": len(result.episodes),
        "per_year": result.rate,
        "per_year_lower": lower,
        "per_year_upper": upper,
        "firing_ratio": result.firing,
        "episodes": [
            {
                "labels": dict(one.alert.labels),
                "height": one.alert.height,
                "began": _iso(one.alert.since),
                "ended": None if one.ended is None else _iso(one.ended),
                "value": one.alert.value,
                "summary": one.alert.summary,
            }
            for one in result.episodes
        ],
    }


def _in_order(report: BacktestReport) -> list[Episode]:
    return sorted((one for result in report.results for one in result.episodes), key=lambda one: one.alert.since)


def _date(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _iso(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
