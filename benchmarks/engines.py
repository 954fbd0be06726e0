"""PostgreSQL beside SQLite: storing blocks from below, a copy, the questions of a start, and those of history.

    python benchmarks/engines.py [blocks] [copy]

The blocks are two months of mainnet again and again. The server syncs its log, as the file does. Beside the time on the
clock stands the processor time of this process, which is without the server's. With `copy`, the history is also copied
from one engine to the other, and compared.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
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
REPEATED = 3
MOST_TIMES = 2.0
"""What PostgreSQL may take, as a multiple of SQLite's time."""
QUESTIONS = {
    "HHI of pools, every week": SeriesQuery("pool", "hhi", step=WEEK),
    "shares of operators, every week": SeriesQuery("operator", "shares", step=WEEK),
}


def main(blocks: int, *, copied: bool) -> int:
    """Measure both, print, and tell by the exit code whether PostgreSQL is quick enough."""
    with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as name:
        folder = Path(name)
        (folder / "server").mkdir()
        with Postgresql(folder / "server", "fsync=on", "synchronous_commit=on", "shared_buffers=256MB") as server:
            file = f"sqlite:///{folder / 'blocks.sqlite'}"
            with server.database() as url, server.database() as other:
                sqlite = asyncio.run(measure(file, blocks))
                postgresql = asyncio.run(measure(url, blocks))
                if copied:
                    begun = perf_counter()
                    copy(file, other, lambda *_: None)
                    print(f"{'copied from the file':34} {blocks / (perf_counter() - begun):10,.0f} blocks a second")
    worst = 0.0
    for what, (seconds, processor) in sqlite.items():
        times = postgresql[what][0] / seconds
        worst = max(worst, times)
        print(
            f"{what:34} {seconds:8.2f} s ({processor:6.2f}) {postgresql[what][0]:8.2f} s ({postgresql[what][1]:6.2f}) "
            f"{times:6.2f} x"
        )
    return worst > MOST_TIMES


async def measure(url: str, blocks: int) -> dict[str, tuple[float, float]]:
    """Seconds of each on the clock, and of the processor."""
    found: dict[str, tuple[float, float]] = {}
    registry = load_registry()
    naming = EntityLookup(levels(registry), UnknownMiners(registry.pools).names(), 1)
    async with await Store.open(url) as store:
        batches = [made(chain) for chain in batched(islice(judged(), blocks), BATCH)]
        async with store.extending():
            begun = now()
            for batch in reversed(batches):
                assert await store.extend(batch)
            found["stored from above"] = since(begun)
        del batches
    begun = now()
    async with await Store.open(url) as store:
        await store.unattributed(MEMORY)
        await store.recent(_exhaust, seconds=YEAR.seconds, count=YEAR.blocks)
        await store.stale(seconds=YEAR.seconds)
        await store.blocks(50)
        found["a start with a window of a year"] = since(begun)
        for name, asked in QUESTIONS.items():
            await store.reading(partial(_series, asked, naming))
            times = []
            for _ in range(REPEATED):
                begun = now()
                await store.reading(partial(_series, asked, naming))
                times.append(since(begun))
            found[name] = median(each[0] for each in times), median(each[1] for each in times)
    for name, (seconds, processor) in found.items():
        print(f"  {url.partition(':')[0]:20} {name:34} {seconds:8.2f} s, {processor:6.2f} s of processor", flush=True)
    return found


def now() -> tuple[float, float]:
    """The clock, and the processor time of this process."""
    return perf_counter(), process_time()


def since(begun: tuple[float, float]) -> tuple[float, float]:
    """Seconds of both."""
    return perf_counter() - begun[0], process_time() - begun[1]


def batched(blocks: Iterator[Judged], size: int) -> Iterator[list[Judged]]:
    """The blocks, so many at a time."""
    while batch := list(islice(blocks, size)):
        yield batch


def _series(asked: SeriesQuery, naming: EntityLookup, reading: Any) -> object:  # noqa: ANN401
    return time_series(reading, asked, naming)


def _exhaust(rows: Any) -> int:  # noqa: ANN401
    return sum(1 for _ in rows)


def made(chain: Sequence[Judged]) -> RowBatch:
    """As the worker of a backfill makes them."""
    return RowBatch.of(chain)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS, copied="copy" in sys.argv))
