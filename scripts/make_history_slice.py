"""Cut the embedded node's history out of a table of mainnet blocks: who mined when, and at what difficulty.

    python scripts/make_history_slice.py BLOCKS.parquet [--blocks 9000]

The table has the columns height, time (of the header, unix seconds) and pool (a slug), one row a block without gaps.
It does not carry the difficulty target; that follows from the times by consensus's own rule, starting at a block whose
target is known. Written to monitor/embedded/data/mainnet.csv.gz, the same bytes for the same table.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
from pathlib import Path

import pyarrow.parquet as pq

INTO = Path(__file__).parent.parent / "monitor" / "embedded" / "data" / "mainnet.csv.gz"

EPOCH_BLOCKS = 2016
EPOCH_SECONDS = 14 * 24 * 3600
KNOWN_HEIGHT, KNOWN_BITS = 665_280, 0x170DA8A1  # difficulty 20,607,418,304,385, January 2021


def target(bits: int) -> int:
    """The number that a hash must not exceed, from its compact form (exponents of three and more)."""
    return (bits & 0x007F_FFFF) << 8 * ((bits >> 24) - 3)


def compact(number: int) -> int:
    """The compact form of a target, cut to its 23 highest bits as consensus does."""
    size = (number.bit_length() + 7) // 8
    mantissa = number >> 8 * (size - 3)
    if mantissa & 0x0080_0000:  # this bit means "negative"
        mantissa, size = mantissa >> 8, size + 1
    return size << 24 | mantissa


def bits_by_epoch(times: dict[int, int]) -> dict[int, int]:
    """The target of every epoch that `times` covers from the known one on, by the height of its first block."""
    bits = {KNOWN_HEIGHT: KNOWN_BITS}
    for first in range(KNOWN_HEIGHT + EPOCH_BLOCKS, max(times) + 1, EPOCH_BLOCKS):
        previous = first - EPOCH_BLOCKS
        took = times[first - 1] - times[previous]
        took = min(max(took, EPOCH_SECONDS // 4), EPOCH_SECONDS * 4)
        bits[first] = compact(target(bits[previous]) * took // EPOCH_SECONDS)
    return bits


def main() -> None:
    """Read, cut, write."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("table", type=Path)
    arguments.add_argument("--blocks", type=int, default=9000, help="how many of the most recent blocks to keep")
    given = arguments.parse_args()

    columns = pq.read_table(given.table, columns=["height", "time", "pool"]).to_pydict()
    rows = sorted(zip(columns["height"], columns["time"], columns["pool"], strict=True))
    if [row[0] for row in rows] != list(range(rows[0][0], rows[-1][0] + 1)):
        raise SystemExit(f"{given.table} has gaps or repeated heights")
    bits = bits_by_epoch({height: time for height, time, _ in rows})

    kept = rows[-given.blocks :]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("height", "time", "pool", "bits"))  # the first row absolute, the others as changes: half the size
    before, shown = (0, 0), ""
    for height, time, pool in kept:
        target_bits = f"{bits[height - height % EPOCH_BLOCKS]:08x}"
        changed = target_bits if target_bits != shown else ""
        writer.writerow((height - before[0], time - before[1], pool, changed))
        before, shown = (height, time), target_bits
    INTO.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    print(f"{INTO}: blocks {kept[0][0]} to {kept[-1][0]}, {INTO.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
