"""PostgreSQL beside SQLite: storing blocks from below, a copy, the questions of a start, and those of history.

    python benchmarks/engines.py [blocks]

The blocks are two months of mainnet again and again. The server syncs its log, as the file does.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.postgresql import Postgresql
from support.stored import judged

from monitor.attribution.unknown_miners import MEMORY, UnknownMiners
from monitor.model import Judged, Reach, SeriesQuery, Window
from monitor.processing.counter import EntityLookup
from monitor.processing.history import time_series
from monitor.processing.levels import levels
from monitor.registry.loading import load_registry
from monitor.store.copying import copy
from monitor.store.rows import RowBatch
from monitor.store.store import Store

BLOCKS = 1_000_000
BATCH = 500
WEEK = 7 * 86_400
YEAR = Reach.of([Window.parse("1y")]).with_margin
MOST_TIMES = 2.0
"""What PostgreSQL may take, as a multiple of SQLite's time."""
QUESTIONS = {
    "HHI of pools, every week": SeriesQuery("pool", "hhi", step=WEEK),
    "shares of operators, every week": SeriesQuery("operator", "shares", step=WEEK),
}


def main(blocks: int) -> int:
    """Measure both, print, and tell by the exit code whether PostgreSQL is quick enough."""
    with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as name:
        folder = Path(name)
        (folder / "server").mkdir()
        with Postgresql(folder / "server", "fsync=on", "synchronous_commit=on", "shared_buffers=256MB") as server:
            file = f"sqlite:///{folder / 'blocks.sqlite'}"
            with server.database() as url, server.database() as other:
                sqlite = asyncio.run(measure(file, blocks))
                postgresql = asyncio.run(measure(url, blocks))
                begun = perf_counter()
                copy(file, other, lambda *_: None)
                print(f"{'copied from the file':34} {blocks / (perf_counter() - begun):10,.0f} blocks a second")
    worst = 0.0
    for what, seconds in sqlite.items():
        times = postgresql[what] / seconds
        worst = max(worst, times)
        print(f"{what:34} {seconds:8.2f} s {postgresql[what]:8.2f} s {times:6.2f} x")
    return worst > MOST_TIMES


async def measure(url: str, blocks: int) -> dict[str, float]:
    """Seconds of each."""
    found: dict[str, float] = {}
    registry = load_registry()
    naming = EntityLookup(levels(registry), UnknownMiners(registry.pools).names(), 1)
    async with await Store.open(url) as store:
        chain = list(islice(judged(), blocks))
        batches = [made(chain[at : at + BATCH]) for at in range(0, blocks, BATCH)]
        begun = perf_counter()
        async with store.extending():
            for batch in reversed(batches):
                assert await store.extend(batch)
        found["stored from above"] = perf_counter() - begun
    begun = perf_counter()
    async with await Store.open(url) as store:
        await store.unattributed(MEMORY)
        await store.recent(_exhaust, seconds=YEAR.seconds, count=YEAR.blocks)
        await store.stale(seconds=YEAR.seconds)
        await store.blocks(50)
        found["a start with a window of a year"] = perf_counter() - begun
        for name, asked in QUESTIONS.items():
            await store.reading(partial(_series, asked, naming))
            begun = perf_counter()
            await store.reading(partial(_series, asked, naming))
            found[name] = perf_counter() - begun
    return found


def _series(asked: SeriesQuery, naming: EntityLookup, reading: Any) -> object:  # noqa: ANN401
    return time_series(reading, asked, naming)


def _exhaust(rows: Any) -> int:  # noqa: ANN401
    return sum(1 for _ in rows)


def made(chain: Sequence[Judged]) -> RowBatch:
    """As the worker of a backfill makes them."""
    return RowBatch.of(chain)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS))
