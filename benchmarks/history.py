"""What a history of a million blocks costs: the question, the index that it is counted from, and who waits for it.

Each question is compared with a bare `GROUP BY` of the same database: blocks by week and verdict, which knows neither
windows, nor memberships, nor intervals. The blocks are two months of mainnet again and again, over nineteen years.

    python benchmarks/history.py [blocks] [folder to keep the database in]
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.stored import fill, judged

from monitor.attribution.unknown_miners import UnknownMiners
from monitor.model import Block, BlockHash, BlockRef, Judged, Plan, SeriesQuery
from monitor.processing.counter import EntityLookup
from monitor.processing.history import time_series
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import load_registry
from monitor.store.store import Store

BLOCKS = 1_000_000
TIMES = 5
MOST_SECONDS = 2.0
MOST_TIMES_BARE = 5
DAY = 86_400
WEEK = 7 * DAY
BARE = (
    "SELECT (time - 1) / 604800 AS week, attribution, count(*) FROM blocks WHERE NOT stale AND time > 0 "
    "GROUP BY week, attribution"
)
QUESTIONS = {
    "HHI of pools, every week": SeriesQuery("pool", "hhi", step=WEEK),
    "the same of thirty days": SeriesQuery("pool", "hhi", window=30 * DAY, step=WEEK),
    "HHI of pools, every 4 weeks": SeriesQuery("pool", "hhi", step=4 * WEEK),
    "HHI of templates, every week": SeriesQuery("template", "hhi", step=WEEK),
    "HHI of operators, every week": SeriesQuery("operator", "hhi", step=WEEK),
    "shares of templates, every week": SeriesQuery("template", "shares", step=WEEK),
    "shares, 40 series, 4 days": SeriesQuery("pool", "shares", step=4 * DAY, limit=40),
    "HHI, the newest 400 hours": SeriesQuery("pool", "hhi", window=WEEK, step=3600),
}


async def measure(path: Path, blocks: int) -> int:
    """Fill a store where there is none, ask, and tell by the exit code whether it is quick enough."""
    registry = load_registry()
    names = UnknownMiners(registry.pools).names()
    naming = EntityLookup(levels(registry), names, 1, questions=questions(registry))
    async with await Store.open(f"sqlite:///{path}") as store:
        if await store.tip() is None:
            await fill(store, islice(judged(), blocks))
        slowest = most = 0.0
        for name, asked in QUESTIONS.items():
            bare = await asyncio.to_thread(bare_seconds, path)  # beside each: other work comes and goes
            spent, points = await ask(store, partial(time_series, entities=naming), await recent(store, name, asked))
            slowest, most = max(slowest, spent), max(most, spent / bare)
            print(
                f"{name:34} {1000 * spent:8.0f} ms {spent / bare:6.1f} x bare ({1000 * bare:.0f} ms) {points:6} points"
            )
        print_index(path, blocks)
        await contend(store, naming)
    return slowest > MOST_SECONDS or most > MOST_TIMES_BARE


async def recent(store: Store, name: str, asked: SeriesQuery) -> SeriesQuery:
    """The question as it is, or of the newest 400 steps."""
    span = await store.reading(lambda reading: reading.span())
    assert span
    return replace(asked, first=span[1] - 399 * (asked.step or 0)) if "newest" in name else asked


async def ask(store: Store, work: Callable[..., object], asked: SeriesQuery) -> tuple[float, int]:
    """Seconds, the median of a few times; and how many points. Each is another question, so that none is remembered."""
    spent = []
    for number in range(TIMES):
        other = replace(asked, window=(asked.window or asked.step or 0) - number)
        begin = perf_counter()
        found = await store.reading(lambda reading, other=other: work(reading, other))  # type: ignore[misc]
        spent.append(perf_counter() - begin)
    return median(spent), found.grid.points  # type: ignore[attr-defined]


def bare_seconds(path: Path) -> float:
    """The median of as many bare counts."""
    spent = []
    with sqlite3.connect(path) as connection:
        for _ in range(TIMES):
            begin = perf_counter()
            connection.execute(BARE).fetchall()
            spent.append(perf_counter() - begin)
    connection.close()
    return median(spent)


def print_index(path: Path, blocks: int) -> None:
    """How large the index is that history is counted from, beside the one by time alone that it is instead of."""
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE INDEX bare ON blocks (time)")
        sizes = dict(connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall())
        connection.execute("DROP INDEX bare")
    connection.close()
    print(f"{'index':34} {sizes['counted'] / blocks:8.1f} bytes a block, {sizes['bare'] / blocks:.1f} by time alone")


async def contend(store: Store, naming: EntityLookup) -> None:
    """How long a block takes into the store, and how long the event loop stands still, while somebody keeps asking."""
    idle, still = await store_some(store)
    asking = asyncio.create_task(keep_asking(store, naming))
    busy, late = await store_some(store)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    print(f"{'storing a block meanwhile':34} {1000 * busy:8.1f} ms, {1000 * idle:.1f} without questions")
    for name, part in (("median", 0.5), ("99 %", 0.99), ("longest", 1)):
        there, here = (1000 * ranked[int(part * (len(ranked) - 1))] for ranked in (still, late))
        print(f"{f'the event loop is late, {name}':34} {here:8.1f} ms, {there:.1f} without questions")


async def keep_asking(store: Store, naming: EntityLookup) -> None:
    """One question after the other, none like another."""
    for number in range(10**6):
        asked = SeriesQuery("template", ("hhi", "shares")[number % 2], window=WEEK + number, step=4 * WEEK)
        await store.reading(lambda reading, asked=asked: time_series(reading, asked, naming))  # type: ignore[misc]


async def watch(late: list[float]) -> None:
    """Note the seconds that the loop is late, again and again."""
    while True:
        begin = perf_counter()
        await asyncio.sleep(0.002)
        late.append(perf_counter() - begin - 0.002)


async def store_some(store: Store) -> tuple[float, list[float]]:
    """Store a block and take it away again, fifty times: seconds for a block, the median; and how late the loop was."""
    late: list[float] = []
    (first,) = islice(judged(), 1)
    watching = asyncio.create_task(watch(late))
    tip = await store.tip()
    assert tip
    spent = []
    for number in range(50):
        header = replace(first.block.header, hash=BlockHash(f"{number:064x}"), parent=tip.hash, time=2**31 + number)
        block = Block(tip.height + 1, header, 1, first.block.coinbase)
        begin = perf_counter()
        await store.apply(Plan(tip, header.hash, connects=(block,)), [Judged(block, first.attribution)])
        spent.append(perf_counter() - begin)
        await store.apply(Plan(tip, tip.hash, disconnects=(BlockRef(block.height, header.hash),)), [])
        await asyncio.sleep(0.05)
    watching.cancel()
    return median(spent), sorted(late)


def main() -> int:
    """Measure in a folder of its own, unless another is named."""
    blocks = int(sys.argv[1]) if len(sys.argv) > 1 else BLOCKS
    with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
        return asyncio.run(measure(Path(sys.argv[2] if len(sys.argv) > 2 else folder) / "blocks.sqlite", blocks))


if __name__ == "__main__":
    sys.exit(main())
