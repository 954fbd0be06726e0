"""Blocks without transactions."""

from support.rows import A, B, past, rows

from monitor.analysis.signals.empty import empty_blocks
from monitor.model import EmptyBlocks


def test_empty_blocks_by_how_soon_they_came() -> None:
    blocks = rows("abababa", gaps=[10, 11, 60, 61, -5, 600], tx_count=[1, 1, 1, 1, 1, 1, 3000])
    assert empty_blocks(past(blocks)) == (
        EmptyBlocks(A, "all", 4, 3, {10: 0, 30: 1, 60: 1}),  # the first one's parent is not known
        EmptyBlocks(B, "all", 3, 3, {10: 2, 30: 2, 60: 3}),
        EmptyBlocks(None, "all", 0, 0, {10: 0, 30: 0, 60: 0}),
    )


def test_each_window_has_its_own() -> None:
    blocks = rows("a?a?", tx_count=[1, 1, 2, 2])
    found = {(each.pool, each.window): (each.blocks, each.empty) for each in empty_blocks(past(blocks, "2b", "4b"))}
    assert found == {("a", "2b"): (1, 0), (None, "2b"): (1, 0), ("a", "4b"): (2, 1), (None, "4b"): (2, 1)}


def test_a_block_of_untold_size_is_not_empty() -> None:
    assert [each.empty for each in empty_blocks(past(rows("aa")))] == [0, 0]


def test_empty_blocks_by_how_soon_nodes_saw_them() -> None:
    blocks = rows("aaab", tx_count=[1, 1, 1, 1])
    intervals = {999: 5.0, 1000: 2.0, 1001: 30.0, 1002: 400.0}
    a, b, _ = empty_blocks(past(blocks), intervals)

    assert (a.empty, a.timed, a.soon, a.median_seconds) == (3, 3, 2, 30.0)
    assert (b.empty, b.timed, b.soon, b.median_seconds) == (1, 0, None, None)


def test_a_window_has_the_intervals_of_its_own_blocks() -> None:
    found = empty_blocks(past(rows("aaa", tx_count=[1, 1, 1]), "1b", "3b"), {1000: 1.0, 1001: 2.0, 1002: 50.0})

    assert {each.window: (each.timed, each.soon) for each in found if each.pool} == {"1b": (1, 0), "3b": (3, 2)}


def test_without_sightings_it_is_not_known_how_soon() -> None:
    assert {each.soon for each in empty_blocks(past(rows("a?", tx_count=[1, 1])))} == {None}
