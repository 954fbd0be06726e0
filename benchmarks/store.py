"""What storing blocks costs, beside a bare `executemany` of the same rows into the same tables.

    python benchmarks/store.py

A year of synthetic blocks around real coinbases: forty pools, one block in a hundred unknown, one in ten naming a
miner. What `recent` needs is measured in a process of its own.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from resource import getpagesize
from time import perf_counter

from wire import golden

from monitor.model import (
    NO_BLOCK,
    Attribution,
    Block,
    BlockHash,
    BlockRef,
    Candidate,
    Header,
    Judged,
    Method,
    Plan,
    PoolSlug,
)
from monitor.store.rows import COLUMNS, block_row
from monitor.store.store import Store
from monitor.wire import decode_coinbase

YEAR = 52_560
BATCH = 500
START = BlockRef(799_999, BlockHash("11" * 32))
MOST_TIMES_BARE = 8
MOST_BYTES = 1_500
MOST_RECENT_SECONDS = 2.0
MOST_RECENT_MB = 100


def main() -> int:
    """Measure, print, and tell by the exit code whether it is quick and small enough."""
    history = list(judged(YEAR))
    with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
        ours, bare = Path(folder) / "ours.sqlite", Path(folder) / "bare.sqlite"
        spent = asyncio.run(store_all(ours, history))
        floor = asyncio.run(insert_all(bare, history))
        size = ours.stat().st_size / len(history)
        command = [sys.executable, __file__, str(ours)]
        seconds, megabytes = map(float, subprocess.run(command, check=True, capture_output=True).stdout.split())
    print(f"executemany, bare sqlite3      {len(history) / floor:10,.0f} blocks a second")
    print(
        f"Store.apply, plans of {BATCH}      {len(history) / spent:10,.0f} blocks a second {spent / floor:7.1f} x bare"
    )
    print(f"on disk                        {size:10,.0f} bytes a block")
    print(f"recent, {YEAR:,} rows           {1000 * seconds:10,.0f} ms        {megabytes:6.1f} MB more resident")
    quick = spent / floor < MOST_TIMES_BARE and seconds < MOST_RECENT_SECONDS
    return 0 if quick and size < MOST_BYTES and megabytes < MOST_RECENT_MB else 1


async def store_all(path: Path, history: list[Judged]) -> float:
    """As the pipeline does; how many seconds."""
    async with await Store.open(f"sqlite:///{path}") as store:
        started = perf_counter()
        onto = START
        for batch in batches(history):
            plan = Plan(onto, NO_BLOCK, connects=tuple(each.block for each in batch))
            await store.apply(plan, batch)
            onto = plan.end
        return perf_counter() - started


async def insert_all(path: Path, history: list[Judged]) -> float:
    """The rows alone, in transactions as large."""
    async with await Store.open(f"sqlite:///{path}"):
        pass
    statement = f"INSERT INTO blocks ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
    written = [[block_row(each.block, 1, each.attribution.miner) for each in batch] for batch in batches(history)]
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = NORMAL")
    started = perf_counter()
    for rows in written:
        connection.execute("BEGIN")
        connection.executemany(statement, rows)
        connection.execute("COMMIT")
    spent = perf_counter() - started
    connection.close()
    return spent


async def ask(path: str) -> None:
    """How long `recent` takes for everything there is, and how much more memory is resident then."""
    async with await Store.open(f"sqlite:///{path}") as store:
        await store.recent(list, seconds=0, count=1)
        before = resident()
        started = perf_counter()
        rows = await store.recent(list, seconds=10**9, count=YEAR)
        seconds = perf_counter() - started
        assert len(rows) == YEAR
        print(seconds, (resident() - before) / 1e6)


def resident() -> int:
    """Bytes of this process that are in memory; its children inherit the peak, so that would tell nothing."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * getpagesize()


def batches(history: list[Judged]) -> Iterator[list[Judged]]:
    """Plan by plan."""
    return (history[at : at + BATCH] for at in range(0, len(history), BATCH))


def judged(blocks: int) -> Iterator[Judged]:
    """A chain of so many, each with who mined it."""
    chance = random.Random(21)  # noqa: S311
    coinbases = [decode_coinbase(each)[0] for each in golden()]
    verdicts = [verdict(f"pool{number}", None) for number in range(40)]
    unknown = Attribution(None, None, "", conflict=False, candidates=(), registry="0" * 16)
    below = START
    for _ in range(blocks):
        digest = sha256(below.hash.encode())
        header = Header(
            hash=BlockHash(digest.hexdigest()), version=0x20000000, parent=below.hash, merkle_root=digest.digest(),
            time=1_700_000_000 + 600 * below.height, bits=0x17034219, nonce=below.height,
        )  # fmt: skip
        block = Block(below.height + 1, header, 3000, chance.choice(coinbases))
        number = int(40 * chance.random() ** 2)
        named = chance.random() < 0.1
        yield Judged(
            block,
            unknown
            if chance.random() < 0.01
            else verdict(f"pool{number}", f"miner {block.height}")
            if named
            else verdicts[number],
        )
        below = block.ref


def verdict(pool: str, miner: str | None) -> Attribution:
    """As most are: an address and a tag that say the same."""
    slug = PoolSlug(pool)
    found = (Candidate(slug, Method.ADDRESS, f"bc1q{pool}" + "x" * 30), Candidate(slug, Method.TAG, f"/{pool}/"))
    return Attribution(
        slug, Method.ADDRESS, found[0].evidence, conflict=False, candidates=found, registry="0" * 16, miner=miner
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(ask(sys.argv[1])) if len(sys.argv) > 1 else main())
