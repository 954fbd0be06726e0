"""What alerts say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.alerts.rules import Rule
from monitor.alerts.text import (
    display_name,
    explanation,
    format_duration,
    format_value,
    resolved,
    summary,
)
from monitor.analysis import POOL, BlockTable, estimated, snapshot
from monitor.model import (
    Alert,
    AlertState,
    BlockHash,
    BlockRef,
    BlockRow,
    Change,
    Estimates,
    Interval,
    PoolSlug,
    Severity,
    Share,
    Snapshot,
    Tally,
    Window,
)

WINDOW = Window.parse("100b")


@pytest.fixture(scope="module")
def taken() -> Snapshot:
    """A pool with 60 of 100 blocks."""
    pools = [PoolSlug("a" if at % 5 < 3 else "b") for at in range(100)]
    table = BlockTable.of([BlockRow(at, 600 * at, 0x1D00FFFF, pool) for at, pool in enumerate(pools)], [POOL])
    counted = snapshot(
        table, [WINDOW], Tally(), tip_hash=BlockHash("ab" * 32), first_height=0, caught_up=True, registry="",
        pool_names={PoolSlug("a"): "Alpha"},
    )  # fmt: skip
    return estimated(counted, table, [WINDOW])


def alert(value: float, **labels: str) -> Alert:
    return Alert("r", Severity.INFO, AlertState.PENDING, 0.0, "", "", labels, value)


def rule(value: str, **more: object) -> Rule:
    settings: dict[str, object] = {
        "enter": 0.95,
        "leave": 0.5,
        "rising": True,
        "summary": "{entity} over {window}: {value}",
    }
    return Rule("r", Severity.INFO, value, **(settings | more))  # type: ignore[arg-type]


def test_a_share_comes_with_its_interval_and_the_chance_that_is_asked_about(taken: Snapshot) -> None:
    one = alert(0.978, level="pool", entity="a", window="100b", threshold="0.5")
    about = rule("share_above_probability", for_blocks=12, meaning="It may decide alone.")

    assert summary(about, one, taken) == "Alpha over 100b: 97.8 %"
    assert explanation(about, one, taken) == (
        "Alpha mined 60.0 % of the 100 blocks in window 100b; estimated hashrate share 50.2–69.2 % (95 % interval). "
        "By sampling alone, the probability of a hashrate share above 50 % is 97.8 %. share_above_probability is "
        "97.8 %; the alert fires above 95.0 % for 12 blocks and resolves at or below 50.0 %. It may decide alone."
    )


def test_an_index_comes_with_both_intervals_and_who_is_largest(taken: Snapshot) -> None:
    one = alert(5151, level="pool", window="100b", unknown="split")

    said = explanation(rule("hhi_unbiased", enter=2500, leave=2300), one, taken)

    assert said.startswith("Level pool, window 100b (100 blocks): HHI 5,152 (95 % interval ")
    assert "Nakamoto coefficient 1 (95 % interval 1–" in said
    assert "largest entities: Alpha 60.0 %, b 40.0 %." in said
    assert "fires above 2,500 and resolves at or below 2,300." in said


def test_without_a_snapshot_the_number_is_all_there_is() -> None:
    low = rule("node_away_seconds", enter=600, leave=0, rising=False)

    assert explanation(low, alert(60), None, waiting="nothing listens") == (
        "node_away_seconds is 60 seconds; the alert fires below 10 minutes and resolves at or above 0 seconds. "
        "Waiting for the node: nothing listens."
    )


def test_its_end_says_how_long_it_was_and_why() -> None:
    firing = Alert("r", Severity.INFO, AlertState.FIRING, 100.0, "So it is", "Because.", started=100.0)

    ended = resolved(firing, 7300.0, 9, value=0.25)

    assert (ended.state, ended.since, ended.height, ended.value) == (AlertState.RESOLVED, 7300.0, 9, 0.25)
    assert ended.summary == "Resolved: So it is"
    assert ended.explanation == "Resolved after 2 hours: the value is now 0.25. Original alert: Because."
    assert "the condition no longer holds" in resolved(firing, 7300.0, 9).explanation


def test_strangers_and_those_without_a_name() -> None:
    assert display_name("unknown-7f3a", None) == "unidentified miner unknown-7f3a"
    assert display_name("somebody", None) == "somebody"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("share_ratio", 0.523, "52.3 %"),
        ("streak_probability", 3.2e-8, "3.2e-08"),
        ("share_above_probability", 0.9999, "1"),
        ("hhi", 2512.4, "2,512"),
        ("nakamoto_coefficient", 2.0, "2"),
        ("effective_entities", 5.4321, "5.432"),
        ("block_age_seconds", 9000.0, "2.5 hours"),
        ("hhi", None, "unknown"),
    ],
)
def test_numbers_are_written_by_what_they_are(name: str, value: float | None, text: str) -> None:
    assert format_value(name, value) == text


def test_lengths_of_time() -> None:
    assert [format_duration(seconds) for seconds in (5, 119, 600, 7200, 172_800)] == [
        "5 seconds", "119 seconds", "10 minutes", "2 hours", "2 days",
    ]  # fmt: skip


def test_a_change_is_told_with_both_shares_its_size_and_its_counterpart() -> None:
    loss = Change(
        "pool", "a", 700, 0, 900, Share("a", 0, 0.25, 0, 1), Share("a", 0, 0.2, 0, 1), Interval(-0.07, -0.03),
        counterpart="b",
    )  # fmt: skip
    gain = replace(
        loss, entity="b", before=Share("b", 0, 0.1, 0, 1), after=Share("b", 0, 0.14, 0, 1), size=Interval(0.02, 0.06),
        counterpart="a",
    )  # fmt: skip
    base = Snapshot(
        BlockRow(1000, 0, 0, None), BlockHash("ab" * 32), 0, caught_up=True, registry="", concentration=(),
        tally=Tally(), pool_names={PoolSlug("a"): "Alpha"},
    )  # fmt: skip
    about, one = rule("share_change_ratio", summary="{pool}: {change}"), alert(0.03, pool="a")

    def said(*changes: Change) -> str:
        return summary(
            about, one, replace(base, estimates=Estimates(BlockRef(1000, BlockHash("ab" * 32)), changes=changes))
        )

    assert said(replace(loss, counterpart=None)) == "Alpha: 25.0 → 20.0 % (-5.0 points, 95 % interval -7.0 to -3.0)"
    assert said(loss, gain) == (
        "Alpha: 25.0 → 20.0 % (-5.0 points, 95 % interval -7.0 to -3.0); "
        "b gained at the same time (+4.0 points, 95 % interval +2.0 to +6.0)"
    )
    assert said() == "Alpha: by at least 3.0 %"
