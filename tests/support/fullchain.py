"""A chain as mainnet's is: real pools' coinbases, and now and then a full block of thousands of transactions.

Written as a file that a node reads at its start (`-loadblock`), which is a hundred times faster than to submit each.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from random import Random

from monitor.model import Output
from monitor.wire import decode_coinbase, double_sha256, encode_compact
from support.blockdir import GENESIS, record
from support.blocks import ANYONE, Built, Recipe, build, push_height
from support.services import CHECKOUT

GOLDEN = CHECKOUT / "tests" / "golden" / "coinbases.jsonl.gz"
MATURE = 101
"""From this height on, the first block's coinbase may be spent."""
_PADDING = 220
"""Bytes of data in each transaction, which makes it as long as the usual one."""


def full_chain(blocks: int, *, every: int, transactions: int = 3_000) -> Iterator[Built]:
    """So many blocks on the genesis block; from `MATURE` on every so many-th is full."""
    chance = Random(5)  # noqa: S311
    parent, spendable = GENESIS, b""
    for height in range(1, blocks + 1):
        filling: tuple[bytes, ...] = ()
        if height > MATURE and height % every == 0:
            filling = _filling(spendable, transactions)
            spendable = double_sha256(filling[0])
        script, outputs = chance.choice(_coinbases())
        tag = script[: 100 - len(push_height(height))]
        # Nobody but the first gets the money: the others pay all scripts that are paid on mainnet, but nothing.
        block = build(parent, Recipe(tag=tag, payout=ANYONE, extra=outputs if height > 1 else (), transactions=filling))
        if height == 1:
            spendable = _coinbase_id(block)
        yield block
        parent = block.parent


def write_chain(path: Path, blocks: int, *, every: int, transactions: int = 3_000) -> Built:
    """The same as a file for `-loadblock`; the last of them."""
    with path.open("wb") as file:
        for block in full_chain(blocks, every=every, transactions=transactions):
            file.write(record(block.raw))
    return block


@cache
def _coinbases() -> list[tuple[bytes, tuple[Output, ...]]]:
    """What real miners wrote after the height, and whom they paid."""
    found = []
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as lines:
        for entry in map(json.loads, lines):
            if raw := entry.get("raw_tx_hex"):
                coinbase, _ = decode_coinbase(bytes.fromhex(raw))
                outputs = tuple(Output(0, each.script) for each in coinbase.outputs if not _commits(each.script))
                found.append((coinbase.script[4:], outputs))
    return found


def _commits(script: bytes) -> bool:
    """Whether it is BIP141's commitment, which would have to be true."""
    return script.startswith(bytes.fromhex("6a24aa21a9ed"))


def _filling(spendable: bytes, count: int) -> tuple[bytes, ...]:
    """A transaction with many outputs, and those that spend them; the first output is for the next full block."""
    many = _transaction(spendable, 0, encode_compact(count) + (bytes(8) + b"\x01" + ANYONE) * count)
    own = double_sha256(many)
    data = b"\x6a\x4c" + bytes((_PADDING,)) + bytes(_PADDING)
    output = b"\x01" + bytes(8) + encode_compact(len(data)) + data
    return (many, *(_transaction(own, at, output) for at in range(1, count)))


def _transaction(spent: bytes, at: int, outputs: bytes) -> bytes:
    return b"\x02\0\0\0\x01" + spent + at.to_bytes(4, "little") + b"\0" + b"\xff" * 4 + outputs + bytes(4)


def _coinbase_id(block: Built) -> bytes:
    """Of a block of nothing else."""
    return block.header.merkle_root
