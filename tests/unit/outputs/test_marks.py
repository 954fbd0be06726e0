"""Marks of charts: what they say, and how they are drawn where there are many."""

from __future__ import annotations

from support.published import published

from monitor.model import Curve, Grid, TimeSeries
from monitor.outputs.web.pages.history_chart import HistoryChart, Shown
from monitor.outputs.web.pages.marks import Mark, MarkKind, memberships
from monitor.registry.directory import Directory
from monitor.registry.loading import load_registry

DAY = 86_400
START = 1_700_000_000


def chart(*marks: Mark, width: int = 960) -> HistoryChart:
    """Ten days, all complete."""
    grid = Grid(START, DAY, 10, DAY)
    found = TimeSeries("pool", "hhi", grid, {"split": Curve([0.5] * 10)})
    return HistoryChart(
        found, [Shown("split", "split", "s0", found.series["split"])], "HHI", "here", width, marks=marks
    )


def mark(day: float, kind: MarkKind = MarkKind.CHANGE, text: str = "a change") -> Mark:
    return Mark(int(START + day * DAY), kind, text)


def test_a_mark_has_a_number_and_a_line_of_text() -> None:
    drawn = chart(mark(5), mark(2, MarkKind.HALVING, "halving, block 840,000"), mark(20), mark(-1))
    assert [(each.number, each.mark.text) for each in drawn.events] == [(1, "halving, block 840,000"), (2, "a change")]
    assert drawn.event_lines == ["1\u00a02023-11-16 halving, block 840,000; 2\u00a02023-11-19 a change"]
    assert drawn.height == chart().height + 17


def test_numbers_of_near_marks_are_apart() -> None:
    one, other, far = chart(mark(5), mark(5.01), mark(8)).events
    assert one.y == far.y != other.y


def test_of_too_many_marks_halvings_and_the_newest_are_drawn() -> None:
    many = [mark(day / 10, text=f"{day}") for day in range(20)]
    drawn = chart(mark(0, MarkKind.HALVING, "halving"), *many)
    assert [each.mark.text for each in drawn.events] == ["halving", *map(str, range(9, 20))]
    assert drawn.event_lines[-1].endswith("9 more are not marked")


def test_memberships_of_pools_with_blocks_are_marked() -> None:
    snapshot, profiles = published(3, pool="binancepool").snapshot, list(Directory(load_registry()).profiles())
    found = list(memberships(profiles, snapshot, "template", names={}, wanted=()))
    dated = [each for pool in profiles if pool.slug == "binancepool" for each in pool.memberships if each.counts]
    days = [day for each in dated if "template" in each.belongs for day in (each.since, each.until) if day]
    assert len(found) == len(days) > 0
    assert "counts for" in found[0].text
    assert not list(memberships(profiles, snapshot, "template", names={}, wanted=("no-such",)))
    assert not list(memberships(profiles, snapshot, "pool", names={}, wanted=()))
