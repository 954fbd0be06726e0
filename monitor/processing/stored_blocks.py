"""The stored blocks from one height to another, as they are counted, and where exports are written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from monitor.attribution.unknown_miners import MEMORY, UnknownMiners
from monitor.errors import InputError
from monitor.model import Reach, StoredBlock
from monitor.processing.judging import with_pseudonym
from monitor.registry.loading import Registry
from monitor.store.reading import Reading

Progress: TypeAlias = Callable[[int, int], None]
"""Called on any thread with the number of blocks done and their total."""

_PROGRESS_BLOCKS = 5_000


@dataclass(frozen=True, slots=True)
class Span:
    """A range of heights, both ends included; None is the end of the stored blocks."""

    first: int | None = None
    last: int | None = None

    def within(self, reading: Reading) -> tuple[int, int]:
        """The stored part of it.

        Raises:
            InputError: none of it is stored.
        """
        ends = reading.ends()
        if ends is None:
            raise InputError("the store has no blocks yet: let the daemon run first")
        first = ends[0] if self.first is None else max(self.first, ends[0])
        last = ends[1] if self.last is None else min(self.last, ends[1])
        if first > last:
            raise InputError(f"none of these blocks is stored: the store has {ends[0]} to {ends[1]}")
        return first, last


class StoredBlocks:
    """Reads stored blocks; those of the best chain with the pseudonyms of unknown miners."""

    def __init__(self, reading: Reading, registry: Registry, progress: Progress | None = None) -> None:
        self._reading = reading
        self._progress = progress
        self._unknown_miners = UnknownMiners(registry.pools)
        self._unknown_miners.learn(reading.unattributed(MEMORY))

    def blocks(self, first: int, last: int, *, stale: bool = False) -> Iterator[StoredBlock]:
        """The blocks between two heights, both included, lowest first."""
        total = last - first + 1
        for number, block in enumerate(self._reading.blocks(first, last, stale=stale)):
            if self._progress and number % _PROGRESS_BLOCKS == 0:
                self._progress(block.row.height - first, total)
            yield block if block.stale else block._replace(row=with_pseudonym(block.row, self._unknown_miners.name))
        if self._progress:
            self._progress(total, total)

    def covering(self, first: int, last: int, reach: Reach) -> Iterator[StoredBlock]:
        """The same with the blocks below `first` that windows at its height cover, as far as they are stored."""
        lowest, _ = Span().within(self._reading)
        start = next(self._reading.blocks(first, first)).row
        begin = self._reading.reach(start, seconds=reach.seconds, count=reach.blocks)
        return self.blocks(max(begin, lowest), last)


@contextmanager
def written(file: Path | None, *, binary: bool = False) -> Iterator[BinaryIO]:
    """Open a file, which appears only once it is complete, or standard output.

    Args:
        file: None is standard output.
        binary: refuse to write to a terminal.

    Raises:
        InputError: it cannot be written.
    """
    if file is None:
        if binary and sys.stdout.isatty():
            raise InputError("this format is binary: name a file with -o")
        with _explained("standard output"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    if file.exists() and not file.is_file():  # a pipe or a device
        with _explained(str(file)), file.open("wb") as sink:
            yield sink
        return
    part = file.with_name(file.name + ".part")
    with _explained(str(file)):
        try:
            with part.open("wb") as sink:
                yield sink
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # the reader has closed it
        raise
    except OSError as error:
        raise InputError(f"{name} cannot be written: {error.strerror or error}") from None
