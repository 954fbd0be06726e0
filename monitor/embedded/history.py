"""A section of mainnet's real history, and its repetition without end.

The section is data/mainnet.csv.gz; the README in that folder has its source.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from monitor.model import PoolSlug

SPACING_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Found:
    """What is known about a found block, enough to make a similar one."""

    height: int
    time: int
    """Header time; sometimes earlier than that of the parent."""
    pool: PoolSlug
    """The slug `unknown` for unattributed blocks."""
    bits: int


def mainnet() -> tuple[Found, ...]:
    """Mainnet's blocks 921,341 to 930,340: the end of October to the end of December 2025."""
    packed = (files(__package__) / "data" / "mainnet.csv.gz").read_bytes()
    rows = csv.reader(io.StringIO(gzip.decompress(packed).decode()))
    next(rows)
    found, height, time, bits = [], 0, 0, 0
    for height_change, time_change, pool, new_bits in rows:
        height += int(height_change)
        time += int(time_change)
        bits = int(new_bits, 16) if new_bits else bits
        found.append(Found(height, time, PoolSlug(pool), bits=bits))
    return tuple(found)


def onward(history: Sequence[Found], start: int) -> Iterator[Found]:
    """The blocks from index `start` on, without end: after the last real one the sequence is repeated.

    Repeated blocks have the same pools, intervals and targets, with later times and greater heights.
    """
    yield from history[start:]
    blocks = len(history)
    seconds = history[-1].time - history[0].time + SPACING_SECONDS
    round_ = 0
    while True:
        round_ += 1
        for found in history:
            yield replace(found, height=found.height + round_ * blocks, time=found.time + round_ * seconds)
