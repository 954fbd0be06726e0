"""What the first page shows of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from monitor.analysis import POOL, BlockTable, snapshot
from monitor.model import (
    BlockHash,
    BlockRef,
    BlockRow,
    Combined,
    ConfirmationRisk,
    Estimates,
    Interval,
    PoolSlug,
    Snapshot,
    Tally,
    Trend,
    Window,
)
from monitor.outputs.web.pages.overview import Overview

NAMES = ("24h", "7d", "30d", "90d", "20b")


def taken(*, trends: Sequence[str] = (), days: int = 100, names: Sequence[str] = NAMES) -> Snapshot:
    """So many days of twelve blocks, with trends over these windows."""
    rows = [BlockRow(at, 1_700_000_000 + 7200 * at, 0x1D00FFFF, PoolSlug("ab"[at % 3 == 0])) for at in range(12 * days)]
    found = snapshot(
        BlockTable.of(rows, [POOL]), [Window.parse(name) for name in names], Tally(), tip_hash=BlockHash("ab" * 32),
        first_height=0, caught_up=True, registry="abc", pool_names={},
    )  # fmt: skip
    known = Estimates(
        BlockRef(found.tip.height, found.tip_hash),
        trends=tuple(Trend("pool", name, 1.0, 0.0, 2.0, 0.1) for name in trends),
    )
    return replace(found, estimates=known)


def test_what_there_is_not_is_taken_for_the_usual() -> None:
    assert Overview.of(taken(), None, None).key == ("pool", "7d")
    assert Overview.of(taken(), "galaxy", "8d").key == ("pool", "7d")
    assert Overview.of(taken(names=["20b", "24h"]), None, None).key == ("pool", "20b")
    assert Overview.of(taken(), "pool", "30d").key == ("pool", "30d")


@pytest.mark.parametrize(
    ("window", "trends", "shown"),
    [
        ("30d", ["30d", "90d"], "30d"),
        ("24h", ["30d", "90d"], "30d"),
        ("20b", ["30d", "90d"], "30d"),
        ("90d", ["30d"], "30d"),
        ("90d", [], None),
    ],
)
def test_a_window_without_a_trend_shows_that_of_the_next_longer(
    window: str, trends: list[str], shown: str | None
) -> None:
    trend = Overview.of(taken(trends=trends), "pool", window).trend

    assert (trend.window if trend else None) == shown


def test_before_the_estimates_bars_are_drawn_to_the_largest_share() -> None:
    view = Overview.of(taken(), "pool", "24h")

    assert [row.interval for row in view.first] == [None, None]
    assert max(row.share for row in view.rows) <= view.scale <= 1
    assert view.others == []


def test_what_may_be_as_large_as_the_largest_is_visible_at_first() -> None:
    found = taken()
    (month,) = [each for each in found.concentration if each.window.name == "30d"]
    shares = {each.entity: Interval(0.2, 0.7) for each in month.shares}
    shares |= {"large": Interval(0.0, 0.8), "small": Interval(0.0, 0.01)}
    combined = Combined("pool", "30d", hhi=Interval(1, 2), nakamoto=Interval(1, 2), shares=shares)
    estimates = Estimates(BlockRef(found.tip.height, found.tip_hash), combined=(combined,))
    view = Overview.of(replace(found, estimates=estimates), "pool", "30d")

    assert [row.entity for row in view.first] == ["a", "b", "large"]
    assert [row.entity for row in view.others] == ["small"]
    assert [row.entity for row in view.larger] == ["large"]
    assert view.scale >= 0.8, "bars have room for their lines"
    assert view.ranges.keys() == {"30d"}


def test_a_template_builder_that_is_the_largest_pool_has_one_column() -> None:
    def attackers(*risks: ConfirmationRisk) -> list[str]:
        estimates = Estimates(BlockRef(1, BlockHash("ab" * 32)), confirmation_risks=risks)
        return [what for what, _ in Overview.of(replace(taken(), estimates=estimates), None, None).risks]

    pool, operator = ConfirmationRisk("pool", "a", (0.5,)), ConfirmationRisk("operator", "a", (0.5,))
    assert attackers(pool, ConfirmationRisk("template", "g", (0.6,)), operator) == [
        "largest pool", "largest template builder",
    ]  # fmt: skip
    assert attackers(pool, ConfirmationRisk("template", "a", (0.5,))) == ["largest pool and largest template builder"]
    assert len(attackers(pool, ConfirmationRisk("template", "a", (0.6,)))) == 2, "it builds for others, too"
    assert attackers() == []
