"""docs/history.md says that concentration rose or fell only where everything agrees, and names missing labels."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from types import ModuleType

import pytest
from support.services import CHECKOUT

from monitor.analysis import concentration, estimate
from monitor.model import Change, Combined, Interval, Share, Window


@pytest.fixture(scope="module")
def history() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(CHECKOUT / "scripts")])  # last: scripts have names of packages
        yield import_module("history")


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (Interval(900, 1300), Interval(1400, 1700), "rose"),
        (Interval(1400, 1700), Interval(900, 1300), "fell"),
        (Interval(900, 1500), Interval(1400, 1700), "uncertain"),
    ],
)
def test_it_rose_or_fell_only_where_the_published_intervals_are_apart(
    history: ModuleType, before: Interval, after: Interval, verdict: str
) -> None:
    found = concentration({"a": 30, "b": 70}, 0, level="pool", window=Window.parse("100b"))

    def year(name: int, hhi: Interval) -> object:
        published = Combined("pool", "100b", hhi, Interval(1, 1), {})
        point = history.Point(date(name, 12, 1), found, estimate(found, seed=[1]), published)
        return history.Year(name, {"pool": point}, (), {}, {})

    (said,) = history.verdicts([year(2021, before), year(2022, after)], "pool")

    assert said == verdict


@pytest.mark.parametrize(
    ("pool", "day", "labelling", "remark"),
    [
        ("poolin", date(2022, 1, 14), False, "labels of the source"),
        ("poolin", date(2022, 9, 5), False, ""),
        ("huobipool", date(2021, 5, 25), True, "labels"),
    ],
)
def test_changes_that_are_events_of_the_table_are_marked(
    history: ModuleType, pool: str, day: date, *, labelling: bool, remark: str
) -> None:
    time = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    before, after = Share(pool, 0, 0.05, 0, 1), Share(pool, 0, 0.12, 0, 1)
    row = history.changed(
        Change("pool", pool, 700, time, 900, before, after, Interval(0.05, 0.09), labelling=labelling)
    )

    assert row == f"| {day} | {pool} | 5.0% | 12.0% | +7.0 (+5.0 to +9.0) |  | 1 day | {remark} |"
