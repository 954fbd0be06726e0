"""What reading a node's block files costs, beside a bare reader that only moves the same bytes.

    python benchmarks/blockfiles.py

Decoding is what most of the time goes to, so the bare reader runs a second time with nothing but `decode_block` added.
20,000 blocks of 1.5 MB, 85 in a file as on mainnet: real coinbases behind headers that are linked but not mined, each
before a hole in the place of the other transactions, so that the files take little disk and are in memory throughout.
The disk is therefore not measured; a body is passed over in any case. Then a million records in memory are linked, in
a process of its own.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from struct import Struct
from time import perf_counter

import numpy as np
from wire import golden

from monitor.model import Block, BlockRef
from monitor.node.blockfiles import BlockFiles, FileScan, gathered
from monitor.node.blocklinks import linked
from monitor.node.blockrecords import MAGIC, NO_KEY, RECORD, Key
from monitor.wire import decode_block, display_hash, double_sha256, encode_compact

BLOCKS, IN_A_FILE, BLOCK_BYTES = 20_000, 85, 1_500_000
FIRST_BYTES = 8 + 1024
MILLION = 1_000_000
REPEAT = 5
LEAST_PER_SECOND = 40_000
LEAST_SHARE_OF_DECODED = 0.5
MOST_LINK_SECONDS = 10
MOST_MB = 250
BARE, DECODED, ALL = "bare: one read for each block", "bare, decoded", "scan, link, read"
_LENGTH = Struct("<I")


def main() -> int:
    """Measure, print, and tell by the exit code whether it is quick and small enough."""
    good = True
    for name, key in (("plain", NO_KEY), ("obfuscated", Key(bytes.fromhex("a1b2c3d4e5f60718")))):
        with tempfile.TemporaryDirectory(prefix="pool-monitor-bench-") as folder:
            tip = write(Path(folder), key)
            good = measure(Path(folder), key, tip, name) and good
    seconds, megabytes = map(
        float, subprocess.run([sys.executable, __file__, "link"], check=True, capture_output=True).stdout.split()
    )
    print(f"a million records: linked in {seconds:.1f} s, {megabytes:.0f} MB resident at most")
    return 0 if good and seconds < MOST_LINK_SECONDS and megabytes < MOST_MB else 1


def measure(folder: Path, key: Key, tip: BlockRef, name: str) -> bool:
    """One folder: the two passes alone and together, in chain order and in file order."""
    with BlockFiles(folder) as files:
        table = gathered(files.scan())
        links = linked(table, tip)
        in_order = table[links.chain]
        assert len(in_order) == BLOCKS
        assert links.first_height == 1

        def scan() -> None:
            gathered(files.scan())

        def read_chain() -> None:
            assert all(isinstance(block, Block) for block in files.read(in_order, 1))

        def read_files() -> None:
            assert all(isinstance(block, Block) for block in files.read(table, 1))

        def whole() -> None:
            found = gathered(files.scan())
            chain = linked(found, tip)
            for block in files.read(found[chain.chain], chain.first_height):
                assert isinstance(block, Block)

        works = {
            BARE: lambda: bare(folder, key),
            DECODED: lambda: bare(folder, key, each=decode_block),
            "scan": scan,
            "read, in the order of the chain": read_chain,
            "read, in the order of the files": read_files,
            ALL: whole,
        }
        rates = per_second(works)
    for work, rate in rates.items():
        print(
            f"{name:10}  {work:36} {rate:10,.0f} blocks a second   {rate / rates[BARE]:5.2f} of bare"
            f"   {rate / rates[DECODED]:5.2f} of bare, decoded"
        )
    return rates[ALL] > max(LEAST_PER_SECOND, LEAST_SHARE_OF_DECODED * rates[DECODED])


def bare(folder: Path, key: Key, each: Callable[..., object] | None = None) -> int:
    """Walk the files by the lengths alone and take the first bytes: no search, no check, no link."""
    moved = 0
    for path in sorted(folder.glob("blk*.dat")):
        descriptor = os.open(path, os.O_RDONLY)
        size, at = os.fstat(descriptor).st_size, 0
        while at + 88 <= size:
            raw = key.undo(os.pread(descriptor, FIRST_BYTES, at), at)
            moved += len(raw)
            if each:
                each(raw[8:], height=1)
            at += 8 + _LENGTH.unpack_from(raw, 4)[0]
        os.close(descriptor)
    return moved


def per_second(works: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Blocks a second: the median of some rounds, in each of which all take their turn."""
    spent: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(REPEAT):
        for name, work in works.items():
            start = perf_counter()
            work()
            spent[name].append(perf_counter() - start)
    return {name: BLOCKS / median(each) for name, each in spent.items()}


def write(folder: Path, key: Key) -> BlockRef:
    """The files, with neighbours out of order as after a download from many peers; the tip."""
    chance = random.Random(5)  # noqa: S311
    raw = golden()
    if not key.is_null:
        (folder / "xor.dat").write_bytes(key.undo(bytes(8), 0))
    parent, starts = bytes(32), []
    for height in range(1, BLOCKS + 1):
        header = b"\0\0\0\x20" + parent + double_sha256(_LENGTH.pack(height)) + bytes(12)
        starts.append(header + encode_compact(3000) + chance.choice(raw))
        parent = double_sha256(header)
    order = sorted(range(BLOCKS), key=lambda at: at + chance.random() * 100)
    for number, first in enumerate(range(0, BLOCKS, IN_A_FILE)):
        with (folder / f"blk{number:05}.dat").open("wb") as file:
            for place, at in enumerate(order[first : first + IN_A_FILE]):
                offset = place * (BLOCK_BYTES + 8)
                file.seek(offset)
                file.write(key.undo(MAGIC["main"] + _LENGTH.pack(BLOCK_BYTES) + starts[at], offset))
                file.truncate(offset + BLOCK_BYTES + 8)
    return BlockRef(BLOCKS, display_hash(parent))


def link_a_million() -> None:
    """Seconds to link, and the most memory that gathering and linking took."""
    hashes = np.random.default_rng(5).bytes(32 * MILLION)
    order = np.random.default_rng(6).permutation(MILLION)

    def part(rows: np.ndarray) -> FileScan:
        table = np.zeros(len(rows), RECORD)
        table["hash"] = np.frombuffer(b"".join(hashes[32 * row : 32 * row + 32] for row in rows), "V32")
        parents = b"".join(hashes[32 * row - 32 : 32 * row] if row else bytes(32) for row in rows)
        table["parent"] = np.frombuffer(parents, "V32")
        return FileScan(0, table, ())

    tip = BlockRef(MILLION, display_hash(hashes[-32:]))
    table = gathered(part(order[at : at + IN_A_FILE]) for at in range(0, MILLION, IN_A_FILE))
    started = perf_counter()
    links = linked(table, tip)
    seconds = perf_counter() - started
    assert len(links.chain) == MILLION
    ours = len(hashes) + order.nbytes  # the benchmark's own
    print(seconds, (getrusage(RUSAGE_SELF).ru_maxrss * 1024 - ours) / 1e6)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        link_a_million()
    else:
        sys.exit(main())
