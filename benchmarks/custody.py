"""What does it cost to follow rewards, and to compare how pools build?

    python benchmarks/custody.py [transactions]

Measured: processor time of the search of a full block, memory of a year of coinbases, by how much a search on a thread
holds up the event loop, and processor time of the comparison of a year of blocks.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.fullchain import full_chain
from support.stored import store_mainnet

from monitor.analysis.groups.custody import custody_evidence, payout_styles
from monitor.analysis.groups.rewards import TracedRewards
from monitor.analysis.groups.structure import Structures, structure_evidence
from monitor.attribution.structure import structure
from monitor.custody.spends import find_spends
from monitor.model import BlockHash
from monitor.store.reading import Reading
from monitor.store.store import Store

YEAR = 52_560
REPEAT = 20
TICKS = 400


def main(arguments: list[str]) -> None:
    """Measure and print."""
    transactions = int(arguments[0]) if arguments else 4_000
    tracemalloc.start()
    known = {at.to_bytes(32, "big"): BlockHash(f"{at:064x}") for at in range(YEAR)}
    print(f"a year of coinbases: {tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB")
    tracemalloc.stop()
    *_, block = full_chain(104, every=104, transactions=transactions)
    began = time.process_time()
    for _ in range(REPEAT):
        find_spends(block.raw, known)
    milliseconds = 1000 * (time.process_time() - began) / REPEAT
    print(f"search of a block of {len(block.raw):,} bytes: {milliseconds:.1f} ms")
    for name, busy in (("alone", False), ("beside a search", True)):
        late = asyncio.run(_lateness(block.raw, known, busy=busy))
        print(f"event loop {name}: late by {1000 * median(late):.2f} ms (median), {1000 * max(late):.1f} ms (most)")
    asyncio.run(_compared())


async def _lateness(raw: bytes, known: dict[bytes, BlockHash], *, busy: bool) -> list[float]:
    """How much later than asked for the event loop goes on."""

    async def search() -> None:
        while True:
            await asyncio.to_thread(find_spends, raw, known)

    beside = asyncio.create_task(search()) if busy else None
    late = []
    for _ in range(TICKS):
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        late.append(time.perf_counter() - began - 0.002)
    if beside:
        beside.cancel()
    return late


async def _compared() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/blocks.sqlite"
        await store_mainnet(url, YEAR)

        def work(reading: Reading) -> float:
            began = time.process_time()
            rewards, structures = TracedRewards({}), Structures()
            for record in reading.records(0):
                rewards.add(record)
                if pool := record.judged.attribution.pool:
                    structures.add(pool, record.judged.block.header.time, structure(record.judged.block))
            found = rewards.all()
            custody_evidence(found)
            payout_styles(found)
            structure_evidence(structures)
            return time.process_time() - began

        async with await Store.open(url) as store:
            print(f"comparison of a year of blocks: {await store.reading(work):.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
