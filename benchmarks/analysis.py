"""What counting costs, beside a bare loop that only selects and counts the same rows of the same arrays.

    python benchmarks/analysis.py

Synthetic blocks: forty pools of falling size, one block in a hundred unknown, exponential intervals of ten minutes.
"""

from __future__ import annotations

import sys
import tracemalloc

from signals import WINDOWS, YEAR, bare, history, milliseconds

from monitor.analysis import POOL, BlockTable, Level, concentrate, network_hashrates
from monitor.model import BlockRow, PoolSlug

MOST_MS = 20
MOST_TIMES_BARE = 20


def main() -> int:
    """Measure, print, and tell by the exit code whether it is quick enough."""
    rows = history(YEAR)
    table = BlockTable.of(rows, (POOL,), WINDOWS)
    four = BlockTable.of(rows, [POOL, *(Level(f"copy {n}", POOL.entity_of) for n in range(3))], WINDOWS)
    floor, one = milliseconds(bare(table)), milliseconds(lambda: concentrate(table, WINDOWS))
    print(f"select and count, bare numpy   {floor:8.2f} ms")
    print(f"concentrate, one level         {one:8.2f} ms   {one / floor:5.1f} x bare")
    print(f"concentrate, four levels       {milliseconds(lambda: concentrate(four, WINDOWS)):8.2f} ms")
    others = BlockTable.of(rows, (POOL,))
    print(f"the same of other windows      {milliseconds(lambda: concentrate(others, WINDOWS)):8.2f} ms")
    print(f"network hashrate               {milliseconds(lambda: network_hashrates(table, WINDOWS)):8.2f} ms")
    print(f"rebuild of {YEAR:,} rows       {milliseconds(lambda: BlockTable.of(rows, (POOL,), WINDOWS)):8.2f} ms")
    tip = table.rows[-1]["height"].item()
    coming = iter(BlockRow(tip + n, rows[-1].time + 600 * n, rows[-1].bits, rows[-1].pool) for n in range(1, 100_000))
    print(f"forward by one block           {milliseconds(lambda: table.extend([next(coming)])):8.4f} ms")
    for blocks, levels in ((YEAR, 1), (YEAR, 4), (1_000_000, 4)):
        print(f"memory, {blocks:>9,} rows, {levels} levels {megabytes(blocks, levels):6.1f} MB")
    return 0 if one < MOST_MS and one / floor < MOST_TIMES_BARE else 1


def megabytes(blocks: int, levels: int) -> float:
    """What a table holds on to."""
    tracemalloc.start()
    coming = (BlockRow(n, 600 * n, 0x17034219, PoolSlug(f"pool{n % 40}")) for n in range(blocks))
    table = BlockTable.of(coming, [POOL] * levels)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(table) == blocks
    return held / 1e6


if __name__ == "__main__":
    sys.exit(main())
