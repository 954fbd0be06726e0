"""The counted past: same numbers however it came to be, and small."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pytest

from monitor import wire
from monitor.analysis import POOL, BlockTable, Level
from monitor.analysis.counting.rows import UNTOLD
from monitor.model import BlockRow, PoolSlug

BITS = 0x17034219
PARITY = Level("parity", lambda row: "even" if row.height % 2 == 0 else "odd")


def row(height: int, pool: str | None = "a") -> BlockRow:
    return BlockRow(height, 1_700_000_000 + 600 * height, BITS, None if pool is None else PoolSlug(pool))


def chain(blocks: int) -> Iterator[BlockRow]:
    return (row(height, f"pool{height % 29}") for height in range(blocks))


def test_rows_become_columns() -> None:
    table = BlockTable.of([row(7, "a"), row(8, None), row(9, "b"), row(10, "a")], (POOL,))
    assert len(table) == 4
    assert table.tip == row(10)
    assert table.rows["height"].tolist() == [7, 8, 9, 10]
    assert table.rows["time"].tolist() == [row(height).time for height in (7, 8, 9, 10)]
    assert table.rows["work"].tolist() == pytest.approx([wire.work(BITS)] * 4, rel=1e-9)
    assert table.rows["entity"][:, 0].tolist() == [2, 0, 3, 2]
    assert table.entities(0) == ["a", "b"]


def test_signals_become_columns() -> None:
    told = replace(row(7), version=0x2000_0012, tx_count=1, value_sat=312_500_001, sequence=0, locktime=6)
    table = BlockTable.of([told, replace(told, height=8, tx_count=2, version=4), row(9)], (POOL,))
    assert table.rows["bits"].tolist() == [0b10010, 0, 0]
    assert table.rows["empty"].tolist() == [True, False, False]
    assert table.rows["value"].tolist() == [312_500_001, 312_500_001, UNTOLD]
    assert table.rows["bip54"].tolist() == [True, False, False]


def test_a_level_is_data() -> None:
    table = BlockTable.of([row(7, "a"), row(8, None)], (POOL, PARITY))
    assert table.rows["entity"].tolist() == [[2, 2], [0, 3]]
    assert table.entities(1) == ["odd", "even"]


@pytest.mark.parametrize(("blocks", "step"), [(500, 1), (500, 7), (9000, 5000)])
def test_growing_gives_what_counting_anew_gives(blocks: int, step: int) -> None:
    rows = list(chain(blocks))
    grown = BlockTable((POOL,))
    for start in range(0, len(rows), step):
        grown.extend(rows[start : start + step])
    fresh = BlockTable.of(rows, (POOL,))
    assert grown.rows.tolist() == fresh.rows.tolist()
    assert grown.entities(0) == fresh.entities(0)


def test_a_row_below_the_last_one_is_refused() -> None:
    table = BlockTable.of([row(7)], (POOL,))
    with pytest.raises(ValueError, match="block 7 cannot be counted on top of block 7"):
        table.extend([row(7)])


def test_forgotten_rows_stay_forgotten_as_it_grows() -> None:
    table = BlockTable.of(chain(10), (POOL,))
    table.forget(8)
    assert table.rows["height"].tolist() == [8, 9]
    table.extend(row(height) for height in range(10, 100))
    assert table.rows["height"].tolist() == list(range(8, 100))
    table.forget(1000)
    assert len(table) == 0
    table.extend([row(100)])
    assert table.rows["height"].tolist() == [100]


def test_memory_is_bounded_when_what_is_old_is_forgotten() -> None:
    table = BlockTable.of(chain(100), (POOL,))
    at_first = table.rows.base
    for height in range(100, 2000):
        table.extend([row(height)])
        table.forget(1)
    base = table.rows.base
    assert at_first is not None
    assert base is not None
    assert len(table) == 100
    assert base.nbytes <= 1.2 * at_first.nbytes


def test_a_block_takes_less_than_a_hundred_bytes() -> None:
    tracemalloc.start()
    try:
        table = BlockTable.of(chain(8760), (POOL, PARITY, PARITY, PARITY))
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(table) == 8760
    assert held < 100 * len(table)
    assert peak < held + 2_000_000, "a batch of rows, and the buffer before it grew"
