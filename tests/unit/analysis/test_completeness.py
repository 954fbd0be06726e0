"""How much of a window is stored: beside every number, and at every point of a time series."""

from __future__ import annotations

import pytest

from monitor.analysis import POOL, BlockTable, concentrate
from monitor.analysis.counting.grid import grid
from monitor.model import BlockRow, Grid, PoolSlug, SeriesQuery, TimeSeries, Window

HOUR = 3600


def table(first: int, hours: int) -> BlockTable:
    """A block every hour, from a height on."""
    rows = [BlockRow(first + at, 10**9 + at * HOUR, 0x1D00FFFF, PoolSlug("a")) for at in range(hours + 1)]
    return BlockTable.of(rows, [POOL])


@pytest.mark.parametrize(
    ("first", "complete"), [(800_000, [1.0, 0.5, 0.5, 1.0]), (0, [1.0, 1.0, 1.0, 1.0])], ids=["later", "from genesis"]
)
def test_a_window_is_as_complete_as_the_history_reaches_over_it(first: int, complete: list[float]) -> None:
    windows = [Window.parse(name) for name in ("24h", "48h", "50b", "25b")]
    found = concentrate(table(first, 24), windows)
    assert [each.complete for each in found] == complete


def test_a_point_of_a_series_is_as_complete_as_its_window() -> None:
    series = TimeSeries("pool", "hhi", Grid(100, 100, 3, window=200), {}, oldest=0)
    assert series.complete == [0.5, 1.0, 1.0]
    assert TimeSeries("pool", "hhi", Grid(100, 100, 3, window=200), {}).complete == [1.0, 1.0, 1.0]


def test_incomplete_points_come_only_if_they_are_asked_for() -> None:
    asked = SeriesQuery(window=10 * HOUR, step=HOUR)
    whole = grid(asked, 0, 24 * HOUR)
    every = grid(SeriesQuery(window=10 * HOUR, step=HOUR, incomplete=True), 0, 24 * HOUR)
    assert whole.times[0] - whole.window == 0
    assert every.times[0] == 0
    assert every.times[-1] == whole.times[-1] == 24 * HOUR
