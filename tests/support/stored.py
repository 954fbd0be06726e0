"""A store with blocks of mainnet's history, without a node and without proof of work."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from monitor.embedded.history import Found, mainnet, onward
from monitor.model import (
    Attribution,
    Block,
    BlockHash,
    BlockRef,
    Coinbase,
    Confidence,
    Header,
    Judged,
    Method,
    Output,
    Plan,
)
from monitor.store.store import Store

FIRST = mainnet()[0].height
BELOW = BlockRef(FIRST - 1, BlockHash("11" * 32))
_BATCH = 5000


_filled: dict[int, tuple[bytes, list[Judged]]] = {}
"""Databases by their number of blocks: filling one takes a second, copying it milliseconds."""


async def store_mainnet(url: str, blocks: int) -> list[Judged]:
    """Make a store with so many blocks of the embedded history, and return them."""
    path = Path(url.removeprefix("sqlite:///"))
    if blocks in _filled:
        database, stored = _filled[blocks]
        path.write_bytes(database)
    else:
        stored = list(islice(judged(), blocks))
        async with await Store.open(url) as store:
            await fill(store, iter(stored))
        _filled[blocks] = path.read_bytes(), stored
    return [*stored]


async def fill(store: Store, blocks: Iterator[Judged]) -> None:
    """Store a chain that begins at `FIRST`."""
    await store.note_network("main")
    onto = BELOW
    while batch := list(islice(blocks, _BATCH)):
        await store.apply(Plan(onto, batch[-1].block.hash, connects=tuple(each.block for each in batch)), batch)
        onto = batch[-1].block.ref


def judged() -> Iterator[Judged]:
    """The embedded history, again and again, as if somebody had judged it."""
    below = BELOW
    for found in onward(mainnet(), 0):
        made = _made(found, below)
        below = made.block.ref
        yield made


def _made(found: Found, below: BlockRef) -> Judged:
    digest = sha256(str(found.height).encode()).digest()
    header = Header(
        BlockHash(digest.hex()), 0x2000_0000, below.hash, digest[::-1], found.time, found.bits, found.height % 2**32
    )
    coinbase = Coinbase(digest[:8], (Output(3_1250_0000, b"\x00\x14" + digest[:20]),))
    pool = None if found.pool == "unknown" else found.pool
    attribution = Attribution(
        pool,
        Method.TAG if pool else None,
        f"/{pool}/" if pool else "",
        conflict=False,
        candidates=(),
        registry="test",
        confidence=None if pool is None else Confidence.LOW if found.height % 8 == 0 else Confidence.HIGH,
    )
    return Judged(Block(found.height, header, 2000 + found.height % 1000, coinbase), attribution)
