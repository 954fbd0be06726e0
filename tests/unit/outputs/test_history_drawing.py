"""The drawing of the history is XML that a browser takes, whatever curves and names it has."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from monitor.model import Curve, Grid, TimeSeries
from monitor.outputs.web.pages.history_chart import HistoryChart, Shown
from monitor.outputs.web.pages.marks import Mark, MarkKind
from monitor.outputs.web.pages.rendering import render

GRID = Grid(1_700_000_000, 86_400, 10, 86_400)
HOSTILE = "\"<script>alert('A & B')</script>"


@pytest.mark.parametrize("metric", ["hhi", "nakamoto", "shares"])
@pytest.mark.parametrize("style", ["", ".plot { color: red; }"])
def test_a_drawing_with_all_that_it_may_have_is_well_formed(metric: str, style: str) -> None:
    split = Curve([0.5] * 9 + [None], lower=[0.4] * 10, upper=[0.6] * 10)
    merged = Curve([0.7] * 10)
    found = TimeSeries("pool", metric, GRID, {"split": split, "merged": merged})
    chart = HistoryChart(
        found,
        [Shown("split", HOSTILE, "s0", split), Shown("merged", "merged", tone="s1", curve=merged, is_dashed=True)],
        HOSTILE,
        source=HOSTILE,
        width=480,
        is_stacked=metric == "shares",
        marks=[Mark(GRID.begin + 200_000, MarkKind.CHANGE, HOSTILE)],
    )
    root = ET.fromstring(render("chart/history.svg", "/", chart=chart, style=style))  # noqa: S314 -- our own
    text = "".join(root.itertext())
    assert HOSTILE in text
    assert not root.findall(".//{*}script")
    assert metric == "shares" or root.findall(".//{*}g[@data-dashed]")
