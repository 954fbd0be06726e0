"""The stored blocks from one height to another, on their way out: who mined them by the present registry's names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeAlias

from monitor.attribution.unknown_miners import MEMORY, UnknownMiners
from monitor.errors import InputError
from monitor.model import StoredBlock
from monitor.registry.loading import Knowledge
from monitor.store.reading import Reading

Progress: TypeAlias = Callable[[int, int], None]
"""Called now and then, on another thread, with how many blocks are done, of how many."""

_TOLD_EVERY = 5_000


@dataclass(frozen=True, slots=True)
class Span:
    """What was asked for: two heights, both included; None is as far as the store goes."""

    first: int | None = None
    last: int | None = None

    def within(self, reading: Reading) -> tuple[int, int]:
        """The heights that there are of it.

        Raises:
            InputError: none.
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
    """Walks through a store, and calls the unknown miners by their pseudonyms, as the daemon does."""

    def __init__(self, reading: Reading, knowledge: Knowledge, progress: Progress | None = None) -> None:
        self._reading = reading
        self._progress = progress
        self._strangers = UnknownMiners(knowledge.registry)
        self._strangers.learn(reading.unattributed(MEMORY))

    def blocks(self, first: int, last: int, *, stale: bool = False) -> Iterator[StoredBlock]:
        """The blocks between two heights, both included, lowest first."""
        total = last - first + 1
        for number, block in enumerate(self._reading.blocks(first, last, stale=stale)):
            if self._progress and number % _TOLD_EVERY == 0:
                self._progress(block.row.height - first, total)
            row = block.row
            if row.pool is None and not block.stale and (name := self._strangers.name(row.height)):
                yield block._replace(row=replace(row, cluster=name))
            else:
                yield block
        if self._progress:
            self._progress(total, total)


@contextmanager
def written(file: Path | None, *, binary: bool = False) -> Iterator[BinaryIO]:
    """Where to write: a file, which is there only once it is whole, or standard output.

    Args:
        file: None is standard output.
        binary: what comes is nothing for a terminal.

    Raises:
        InputError: it cannot be written.
    """
    if file is None:
        if binary and sys.stdout.isatty():
            raise InputError("this format is not for terminals: name a file with -o")
        with _explained("standard output"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    if file.exists() and not file.is_file():  # a pipe, a device: it is there already
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
    except BrokenPipeError:  # the reader has enough
        raise
    except OSError as error:
        raise InputError(f"{name} cannot be written: {error.strerror or error}") from None
