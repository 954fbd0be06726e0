"""The report of a backtest as table, JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.backtest.backtest import BacktestReport, RuleResult
from monitor.backtest.replay import Episode
from monitor.cli.tables import table
from monitor.outputs.schemas.base import iso

_DAY = 86_400


def as_table(report: BacktestReport) -> RenderableType:
    """A table of the rate of each rule, and one of all alerts."""
    numbers = ("alerts", "a year", "95 %", "of the time")
    rates = table("rule", "severity", *numbers, title=_title(report), right=numbers, whole=("rule", "severity"))
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
    shares = f"shares that drift ({report.drift:g} times as measured)" if report.drift else "constant shares"
    what = f"simulated blocks with {shares}" if report.simulated else "blocks"
    return (
        f"{report.blocks:,} {what}, {report.years:.1f} years, {_date(report.first.time)} to {_date(report.last.time)}"
    )


def _episodes(report: BacktestReport) -> Table:
    rows = table("began", "lasted", "rule", "what", title="When", right=("lasted",), whole=("began", "lasted", "rule"))
    for one in _in_order(report):
        lasted = f"{(one.ended - one.alert.since) / _DAY:.1f} d" if one.ended else "still firing"
        rows.add_row(_date(one.alert.since), lasted, one.alert.rule, Text(one.alert.summary))
    return rows


def as_json(report: BacktestReport) -> str:
    """The report as JSON; a public format."""
    return json.dumps(
        {
            "blocks": report.blocks,
            "first_height": report.first.height,
            "last_height": report.last.height,
            "years": report.years,
            "simulated": report.simulated,
            "drift": report.drift,
            "rules": [_result(result) for result in report.results],
            "not_judged": report.left,
        },
        indent=2,
        ensure_ascii=False,
    )


def as_csv(report: BacktestReport) -> str:
    """A row for each alert."""
    text = io.StringIO()
    columns = ("rule", "severity", "labels", "height", "began", "ended", "value", "summary")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for one in _in_order(report):
        labels = ",".join(f"{name}={value}" for name, value in one.alert.labels.items())
        writer.writerow({"rule": one.alert.rule, "severity": one.alert.severity, **_episode(one), "labels": labels})
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
        "episodes": [_episode(one) for one in result.episodes],
    }


def _episode(one: Episode) -> dict[str, Any]:
    return {
        "labels": dict(one.alert.labels),
        "height": one.alert.height,
        "began": iso(one.alert.since, "seconds"),
        "ended": None if one.ended is None else iso(one.ended, "seconds"),
        "value": one.alert.value,
        "summary": one.alert.summary,
    }


def _in_order(report: BacktestReport) -> list[Episode]:
    return sorted((one for result in report.results for one in result.episodes), key=lambda one: one.alert.since)


def _date(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"
