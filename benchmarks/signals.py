"""What the signals cost, beside a bare loop that only selects the same rows of the same arrays and counts the pools.

    python benchmarks/signals.py

A year of synthetic blocks: forty pools of falling size, one block in a hundred unknown, a tenth of them signalling.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter

import numpy as np

from monitor.analysis import POOL, BlockTable
from monitor.analysis.signals.compute import signals
from monitor.model import BlockRow, PoolSlug, Window

WINDOWS = [Window.parse(name) for name in ("24h", "3d", "7d", "30d", "90d", "1y", "2016b")]
YEAR = 52_560
MOST_MS = 30
MOST_TIMES_BARE = 90


def main() -> int:
    """Measure, print, and tell by the exit code whether it is quick enough."""
    rows = history(YEAR)
    table = BlockTable.of(rows, (POOL,))
    floor, spent = milliseconds(bare(table)), milliseconds(lambda: signals(table, WINDOWS))
    print(f"select and count, bare numpy  {floor:8.2f} ms")
    print(f"signals                       {spent:8.2f} ms   {spent / floor:5.1f} x bare")
    print(f"rebuild of {YEAR:,} rows      {milliseconds(lambda: BlockTable.of(rows, (POOL,))):8.2f} ms")
    print(f"a row                         {table.rows.itemsize:8d} bytes")
    return 0 if spent < MOST_MS and spent / floor < MOST_TIMES_BARE else 1


def bare(table: BlockTable) -> Callable[[], None]:
    """What only selects the rows of each window and counts the pools."""
    codes, times = table.rows["entity"][:, 0].copy(), table.rows["time"].astype(np.int64)

    def count() -> None:
        for window in WINDOWS:
            if window.seconds is None:
                np.bincount(codes[-(window.blocks or 0) :])
            else:
                np.bincount(codes[times > times[-1] - window.seconds])

    return count


def history(blocks: int) -> list[BlockRow]:
    """A chain of `blocks`."""
    chance = np.random.default_rng(21)
    sizes = np.append(0.8 ** np.arange(40), 0.05)
    pools = chance.choice(len(sizes), blocks, p=sizes / sizes.sum()).tolist()
    times = (1_700_000_000 + chance.exponential(600, blocks).cumsum()).astype(int).tolist()
    fees = chance.integers(0, 4_000_000, blocks).tolist()
    names = [PoolSlug(f"pool{n}") for n in range(40)] + [None]
    return [
        BlockRow(
            890_000 + n, times[n], 0x17034219, names[pools[n]],
            version=0x2000_0010 if n % 10 == 0 else 0x2000_0000, tx_count=1 if n % 200 == 0 else 3000,
            value_sat=312_500_000 + fees[n], sequence=0xFFFF_FFFE, locktime=889_999 + n,
        )
        for n in range(blocks)
    ]  # fmt: skip


def milliseconds(work: Callable[[], object]) -> float:
    """Median of some repetitions."""
    spent = []
    for _ in range(15):
        start = perf_counter()
        work()
        spent.append(1000 * (perf_counter() - start))
    return median(spent)


if __name__ == "__main__":
    sys.exit(main())
