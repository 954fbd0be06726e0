"""One tip, all numbers."""

from dataclasses import replace

import pytest

from monitor.analysis import POOL, BlockTable, concentrate, estimated, network_hashrates, snapshot
from monitor.model import BlockHash, BlockRef, BlockRow, PoolSlug, Snapshot, Tally, Window

WINDOWS = [Window.parse("1h"), Window.parse("3b")]
ROWS = [BlockRow(height, 600 * height, 0x1D00FFFF, PoolSlug("a")) for height in range(5, 10)]


def taken(table: BlockTable) -> Snapshot:
    return snapshot(
        table,
        WINDOWS,
        Tally(reorgs=1),
        tip_hash=BlockHash("9" * 64),
        first_height=5,
        caught_up=True,
        registry="abc",
        pool_names={PoolSlug("a"): "Pool A"},
    )


def test_snapshot_of_a_chain() -> None:
    table = BlockTable.of(ROWS, (POOL,))
    found = taken(table)
    assert (found.tip, found.tip_hash, found.first_height) == (ROWS[-1], "9" * 64, 5)
    rates = network_hashrates(table, WINDOWS)
    assert found.network_rate == rates
    assert found.concentration == concentrate(table, WINDOWS, rates)
    assert found.estimates is None
    assert (found.tally.reorgs, found.caught_up, found.registry) == (1, True, "abc")


def test_a_snapshot_stays_as_it_was_while_the_ledger_grows() -> None:
    table = BlockTable.of(ROWS, (POOL,))
    found = taken(table)
    table.extend([BlockRow(10, 6000, 0x1D00FFFF, None)])
    assert found == taken(BlockTable.of(ROWS, (POOL,)))


def test_no_snapshot_of_no_blocks() -> None:
    with pytest.raises(ValueError, match="no blocks"):
        taken(BlockTable((POOL,)))


def test_estimates_come_second_and_are_those_of_the_tip() -> None:
    table = BlockTable.of(ROWS, (POOL,))
    first = taken(table)
    second = estimated(first, table, WINDOWS)
    assert second.estimates
    assert second.estimates.tip == BlockRef(9, BlockHash("9" * 64))
    assert [(each.level, each.window) for each in second.estimates.indices] == [("pool", "1h"), ("pool", "3b")]
    assert replace(second, estimates=None) == first


def test_the_same_chain_gives_the_same_numbers() -> None:
    table = BlockTable.of(ROWS, (POOL,))
    first = taken(table)
    both = estimated(first, table, WINDOWS).estimates
    one = estimated(replace(first, concentration=first.concentration[1:]), table, WINDOWS[1:]).estimates
    assert both
    assert one
    assert both.indices[1:] == one.indices  # whatever other windows there are


def test_a_copy_of_the_ledger_stays_as_it_was_while_the_ledger_moves_on() -> None:
    table = BlockTable.of(ROWS, (POOL,), WINDOWS)
    copied, untouched = table.copy(), taken(BlockTable.of(ROWS, (POOL,), WINDOWS))
    more = [BlockRow(height, 600 * height - 1200, 0x1D00FFFF, PoolSlug("b")) for height in range(10, 30)]
    for row in more:
        table.extend([row])
        table.forget(1)
        assert taken(copied) == untouched
    copied.extend(more[:1])
    assert taken(table).tip.height == 29
    assert taken(copied) == taken(BlockTable.of([*ROWS, more[0]], (POOL,), WINDOWS))
