"""The table in columns, at the level `pool`."""

import math

import pytest
from support.rows import past, rows

from monitor.analysis import POOL, BlockTable, Level
from monitor.analysis.signals.signal_input import SignalInput
from monitor.model import Window


def test_pools_come_largest_first_then_by_name_and_the_unknown_last() -> None:
    found = past(rows("cab?ca??"))
    assert found.pools == ("a", "c", "b", None)
    assert found.named == ("a", "c", "b")
    assert found.pool.tolist() == [1, 0, 2, 3, 1, 0, 3, 3]
    assert found.shares == {"a": 2 / 8, "c": 2 / 8, "b": 1 / 8}


def test_blocks_are_counted_by_window() -> None:
    found = past(rows("cab?ca??"), "3b", "8b", "24h")
    assert found.count(found.where["8b"]).tolist() == found.count(found.where["24h"]).tolist() == [2, 2, 1, 3]
    assert found.count(found.where["3b"]).tolist() == [1, 0, 0, 2]
    assert found.count(found.where["8b"], found.time > found.time[3]).tolist() == [1, 1, 0, 2]
    assert found.total(found.where["3b"], found.height).tolist() == [1005, 0, 0, 2013]


def test_blocks_before_the_longest_window_are_left_out() -> None:
    found = past(rows("xyzab"), "2b", "1b")
    assert found.height.tolist() == [1003, 1004]
    assert found.pools == ("a", "b", None)
    assert found.gap.tolist() == [600, 600]  # the first one's parent is known all the same


def test_a_window_of_time_may_have_holes_at_its_far_end() -> None:
    blocks = rows("abcd", gaps=[-100, 100, 3_600])  # 0, -100, 0, 3600: after the tip's time less an hour lies only d
    found = past(blocks, "1h", "24h")
    assert found.count(found.where["1h"]).tolist() == [0, 0, 0, 1, 0]
    blocks = rows("abcd", gaps=[-100, 100, 3_599])
    found = past(blocks, "1h")
    assert found.height.tolist() == [1000, 1001, 1002, 1003]
    assert found.pools == ("a", "c", "d", None)  # b is too early, though it lies between
    assert found.pool.tolist() == [0, 4, 1, 2]
    assert found.count(found.longest).tolist() == [1, 1, 1, 0]


def test_the_first_block_of_all_has_no_known_parent() -> None:
    found = past(rows("ab", gaps=[-30]))
    assert math.isnan(found.gap[0])
    assert found.gap[1] == -30


def test_the_level_is_found_among_others() -> None:
    other = Level("other", lambda _: "one")
    found = SignalInput.of(BlockTable.of(rows("ab"), (other, POOL)), [Window.parse("1d")])
    assert found.pools == ("a", "b", None)


def test_no_past_without_blocks_windows_or_pools() -> None:
    with pytest.raises(ValueError, match="without blocks"):
        SignalInput.of(BlockTable((POOL,)), [Window.parse("1d")])
    with pytest.raises(ValueError, match="windows"):
        SignalInput.of(BlockTable.of(rows("a"), (POOL,)), [])
    with pytest.raises(ValueError, match="tuple"):
        SignalInput.of(BlockTable.of(rows("a"), (Level("x", lambda _: None),)), [Window.parse("1d")])
