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
