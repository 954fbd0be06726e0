"""How fast is a stored history judged anew by another registry? From the database, and back into it.

Prints blocks a second end to end, and how many times as long that takes as a bare loop that only reads the same rows.
The old registry lacks every other pool, so that much of the history moves.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import Iterator
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from attribution import coinbases

from monitor.attribution import attribute
from monitor.model import NO_BLOCK, Block, BlockHash, BlockRef, Coinbase, Header, Judged, Output, Plan
from monitor.registry import PoolRegistry
from monitor.registry.loading import load_pools
from monitor.store.store import Store

FLOOR = 50_000
BLOCKS = 200_000
BATCH = 5_000
COMMITMENT = b"\x6a\x24\xaa\x21\xa9\xed" + bytes(32)


def usual(coinbase: Coinbase) -> Coinbase:
    """With the outputs that most blocks have: a payout, the witness commitment, a merge-mining commitment."""
    payout = Output(312_500_000, b"\x00\x14" + sha256(coinbase.script[-8:]).digest()[:20])
    return Coinbase(coinbase.script, (payout, Output(0, COMMITMENT), Output(0, b"\x6a\x29RSKBLOCK:" + bytes(32))))


def chain(real: list[Coinbase]) -> Iterator[Block]:
    """Blocks with real coinbases, whose headers nobody worked for."""
    parent = NO_BLOCK
    for height, coinbase in enumerate(islice(cycle(map(usual, real)), BLOCKS)):
        own = BlockHash(sha256(f"{height}".encode()).hexdigest())
        header = Header(own, 0x20000000, parent, bytes(32), 1_600_000_000 + 600 * height, 0x17053894, 0)
        yield Block(height, header, 2000, coinbase)
        parent = own


async def fill(store: Store, registry: PoolRegistry) -> None:
    """Store the chain as that registry judges it."""
    blocks = chain(coinbases())
    onto = BlockRef(-1, NO_BLOCK)
    while batch := tuple(islice(blocks, BATCH)):
        judged = [Judged(block, attribute(block.coinbase, registry)) for block in batch]
        await store.apply(Plan(onto, batch[-1].hash, connects=batch), judged)
        onto = batch[-1].ref


async def measure(folder: Path) -> int:
    """Fill a store, judge it anew, and compare."""
    new = load_pools()
    old = PoolRegistry.of(pool for number, pool in enumerate(new.by_slug.values()) if number % 2)
    path = folder / "blocks.sqlite"
    async with await Store.open(f"sqlite:///{path}") as store:
        start = perf_counter()
        await fill(store, old)
        filled = perf_counter() - start
        start = perf_counter()
        moved = await store.reattribute(lambda coinbase: attribute(coinbase, new), new.hash)
        took = perf_counter() - start
    with sqlite3.connect(path) as bare:
        start = perf_counter()
        for _ in bare.execute("SELECT id, coinbase_script, coinbase_outputs, attribution, miner FROM blocks"):
            pass
        read = perf_counter() - start
    rate = BLOCKS / took
    print(f"stored      {BLOCKS / filled:10,.0f} blocks/s, {path.stat().st_size / BLOCKS:.0f} bytes a block")
    print(f"judged anew {rate:10,.0f} blocks/s, {sum(each.blocks for each in moved):,} of {BLOCKS:,} moved")
    print(f"            {took / read:10.1f} times a bare read of the same rows")
    return rate < FLOOR


if __name__ == "__main__":
    with TemporaryDirectory() as scratch:
        sys.exit(asyncio.run(measure(Path(scratch))))
