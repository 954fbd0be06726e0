"""What decoding a block costs, beside a bare loop that only hashes the header and slices the same bytes.

    python benchmarks/wire.py

Real coinbases, each behind a header.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import perf_counter

from monitor.wire import HEADER_BYTES, decode_block, decode_coinbase

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "coinbases.jsonl.gz"
REPEAT = 100
LEAST_PER_SECOND = 30_000
MOST_TIMES_BARE = 6


def main() -> int:
    """Measure, print, and tell by the exit code whether it is quick enough."""
    starts = blocks()
    cuts = [[(at, at + 20) for at in range(0, len(start) - 20, 40)] for start in starts]

    def decode() -> None:
        for start in starts:
            decode_block(start, height=800_000)

    def coinbases() -> None:
        for start in starts:
            decode_coinbase(start, HEADER_BYTES + 1)

    def bare() -> None:
        for start, where in zip(starts, cuts, strict=True):
            sha256(sha256(start[:HEADER_BYTES]).digest()).digest()[::-1].hex()
            for begin, end in where:
                start[begin:end]

    floor, whole, alone = (per_second(work, len(starts)) for work in (bare, decode, coinbases))
    print(f"slice and hash, bare      {floor:12,.0f} blocks a second")
    print(f"decode_coinbase           {alone:12,.0f} blocks a second")
    print(f"decode_block              {whole:12,.0f} blocks a second   {floor / whole:5.1f} x bare")
    return 0 if whole > LEAST_PER_SECOND and floor / whole < MOST_TIMES_BARE else 1


def blocks() -> list[bytes]:
    """The first bytes of blocks, with what follows the coinbase as a reader would have it."""
    return [bytes(HEADER_BYTES) + b"\x01" + each + bytes(1000) for each in golden()]


def golden() -> list[bytes]:
    """Real coinbases, as serialised."""
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as lines:
        return [bytes.fromhex(entry["raw_tx_hex"]) for entry in map(json.loads, lines) if entry.get("raw_tx_hex")]


def per_second(work: Callable[[], None], blocks: int) -> float:
    """Blocks a second: the median of some repetitions."""
    spent = []
    for _ in range(15):
        start = perf_counter()
        for _ in range(REPEAT):
            work()
        spent.append(perf_counter() - start)
    return blocks * REPEAT / median(spent)


if __name__ == "__main__":
    sys.exit(main())
