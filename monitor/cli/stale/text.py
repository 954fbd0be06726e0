"""What `pool-monitor stale` prints."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.console import Group
from rich.text import Text

from monitor.cli.tables import console, table
from monitor.model import PoolSlug
from monitor.processing.stale_import import ImportedList
from monitor.processing.stale_view import StaleView

_SHOWN = 20
"""Refused rows and unknown pools that are listed; the others are counted."""
_OF_A_RACE = ("height", "time", "depth", "stale", "losers", "winners", "builder")
"""What JSON and CSV have of each race."""
_LOWER_BOUND = "Stale blocks known to this database: a lower bound of those that there were."


def refusals(report: ImportedList) -> Iterator[str]:
    """A line for each refused row, for standard error."""
    for row in report.refused[:_SHOWN]:
        yield f"{report.file}, {row.where}: {row.reason}"
    if (others := len(report.refused) - _SHOWN) > 0:
        yield f"{report.file}: {others:,} more refused"


def summary(report: ImportedList) -> Iterator[str]:
    """What became of the rows."""
    omitted = sum(report.omitted.values())
    yield (
        f"{report.file.name}: {_rows(report.rows)}: {report.with_header:,} with header; {report.new:,} new; "
        f"{report.known:,} already known; {len(report.refused):,} refused" + (f"; {omitted:,} left out" * bool(omitted))
    )
    if omitted:
        yield f"  Left out, not stale: {_counted(report.omitted)}."
    if report.named:
        yield f"  {_blocks(report.named)} got a pool."
    if report.disputed:
        yield f"  {_blocks(report.disputed)} with two pools in the list: the one by coinbase tag counts."
    if report.unknown_pools:
        yield f"  Pools that the registry does not have, stored as unknown: {_counted(report.unknown_pools)}."
    if report.outside:
        yield (
            f"  {_rows(report.outside)} at heights that are not stored: they count once `pool-monitor backfill` has "
            "fetched these."
        )


def races(view: StaleView, form: str) -> None:
    """Print the races."""
    if form != "table":
        _data([{name: getattr(race, name) for name in _OF_A_RACE} for race in view.races], form)
        return
    made = table(
        "height", "time", "depth", "stale", "best chain", "next block", right={"height", "depth"}, whole={"time"}
    )
    for race in view.races:
        time = f"{datetime.fromtimestamp(race.time, UTC):%Y-%m-%d %H:%M}"
        made.add_row(
            str(race.height), time, str(race.depth), _names(view, race.losers), _names(view, race.winners),
            _names(view, (race.builder,)),
        )  # fmt: skip
    console().print(
        Group(made, Text(_LOWER_BOUND, "dim")) if view.races else Text(f"No stale block known in {view.window.name}.")
    )


def rates(view: StaleView, form: str) -> None:
    """Print the stale rates."""
    if form != "table":
        _data([asdict(rate) for rate in view.rates], form)
        return
    columns = ("pool", "share", "blocks", "stale", "per 10,000", "95 %", "by size", "p-value", "corrected")
    made = table(*columns, right=columns[1:])
    shown = [rate for rate in view.rates if rate.is_notable]
    for rate in shown:
        made.add_row(
            _names(view, (rate.pool,)), f"{rate.share:.1%}", f"{rate.blocks:,}", f"{rate.stale:,}", _tens(rate.rate),
            f"{_tens(rate.lower)} to {_tens(rate.upper)}", _tens(rate.expected), _p(rate.p_value), _p(rate.adjusted),
        )  # fmt: skip
    notes = [
        _LOWER_BOUND,
        "By size: rate in proportion to 1 - 2 s + H for a share s, with H the sum of squared shares.",
    ]
    if unknown := sum(race.losers.count(None) for race in view.races):
        notes.append(f"Stale blocks without a known pool, which count for none: {unknown:,}.")
    if others := len(view.rates) - len(shown):
        notes.append(f"Pools without a known stale block, too small to expect one: {others:,}.")
    below = (Text(note, "dim") for note in notes)
    console().print(Group(made, *below) if view.rates else Text(_without_rates(view, unknown)))


def _without_rates(view: StaleView, unknown: int) -> str:
    if not view.races:
        return f"No stale block known in {view.window.name}."
    found = f"Stale blocks known in {view.window.name}: {sum(race.depth for race in view.races):,}"
    return f"{found}, {unknown:,} without a known pool: there is no rate to show."


def _data(rows: Sequence[Mapping[str, Any]], form: str) -> None:
    """As JSON, or as CSV with lists joined by spaces."""
    if form == "json":
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    elif rows:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)


def _cell(value: object) -> object:
    return " ".join(str(each or "unknown") for each in value) if isinstance(value, tuple) else value


def _names(view: StaleView, pools: Sequence[PoolSlug | None]) -> str:
    return ", ".join(view.names.get(pool, pool) if pool else "unknown" for pool in pools)


def _tens(rate: float | None) -> str:
    return "" if rate is None else f"{10_000 * rate:.1f}"


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"


def _rows(number: int) -> str:
    return f"{number:,} row{'s' * (number != 1)}"


def _blocks(number: int) -> str:
    return f"{number:,} block{'s' * (number != 1)}"


def _counted(counts: Mapping[str, int]) -> str:
    """Names with their numbers, the most frequent first."""
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    text = ", ".join(f"{name} ({number:,})" for name, number in ordered[:_SHOWN])
    return text + (f" and {len(ordered) - _SHOWN:,} more" if len(ordered) > _SHOWN else "")
