"""A node's block files: the position of every block by one fast scan, then header and coinbase of those requested.

    with BlockFiles(folder) as files:
        records = gathered(files.scan())
        chain = linked(records, tip)
        for block in files.read(records[chain.chain[:500]], chain.first_height): ...

The functions block; call them on a thread. Ask for the tip before the scan: the node writes a block before it makes it
its tip, so the files hold the whole chain. The node may write and prune meanwhile: blocks that are not there yet, or no
longer, are reported as lost.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from monitor.errors import NodeError, NodeRefused, Truncated, WireError
from monitor.model import Block
from monitor.node.blockrecords import (
    KEY_BYTES,
    MIN_BLOCK_BYTES,
    NO_KEY,
    PREFIX_BYTES,
    RECORD,
    Key,
    Lost,
    Records,
    find_records,
)
from monitor.wire import MAX_BLOCK_BYTES, decode_block, display_hash

_FIRST_BYTES = 1024
"""Enough for header and coinbase of nearly every block. Of the few that pay many miners, more is read."""
_OPEN_AT_ONCE = 8
"""Files hold blocks in the order of arrival: neighbours in the chain are in the same file or one nearby."""
_NAME = re.compile(r"blk(\d{5,9})\.dat")


@dataclass(frozen=True, slots=True, eq=False)
class FileScan:
    """What one block file holds."""

    number: int
    records: Records
    lost: tuple[Lost, ...]
    """Places with data that is not a block, or the file itself if it has gone."""


class Place(NamedTuple):
    """Where a block is."""

    number: int
    """Of the file."""
    offset: int
    length: int


class BlockFiles:
    """The `blocks` folder of one node. Keeps a few files open until it is closed. For one thread at a time."""

    def __init__(self, folder: Path, magic: bytes | None = None) -> None:
        """Read the obfuscation key and the magic bytes.

        Args:
            folder: the one with `blk00000.dat`, or the files that pruning has left.
            magic: the bytes that begin each record of the network; by default those of the first record.

        Raises:
            NodeRefused: there are no block files, or they cannot be read.
        """
        self.folder = folder
        self._open: dict[int, int] = {}
        try:
            self._key = _key(folder)
            numbers = self.numbers()
            self.magic = self._first_magic(numbers) if magic is None else magic
        except OSError as error:
            raise _unreadable(folder, error) from None
        finally:
            self.close()

    def numbers(self) -> list[int]:
        """The numbers of the files that exist now, lowest first.

        Raises:
            NodeRefused: the folder has gone or cannot be read.
        """
        try:
            names = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()]
        except OSError as error:
            raise _unreadable(self.folder, error) from None
        return sorted(int(name[1]) for name in names if name)

    def scan(self, numbers: Iterable[int] | None = None) -> Iterator[FileScan]:
        """Find the position of every block, file by file.

        Args:
            numbers: which files; by default all that exist now.

        Raises:
            NodeError: a file exists but cannot be read.
        """
        for number in self.numbers() if numbers is None else numbers:
            try:
                descriptor = self._file(number)
                read, size = partial(os.pread, descriptor), os.fstat(descriptor).st_size
                records, lost = find_records(read, size, number, magic=self.magic, key=self._key)
            except FileNotFoundError:
                records, lost = np.zeros(0, RECORD), [_gone(number, 0)]
            except OSError as error:
                raise NodeError(f"{self._path(number)} cannot be read: {error}") from None
            yield FileScan(number, records, tuple(lost))

    def read(self, records: Records, first_height: int) -> Iterator[Block | Lost]:
        """Read consecutive blocks, or a single stale one, each as far as its coinbase.

        Yields one item for each record, in the given order: the block, or `Lost` if its file was pruned or the bytes
        there are not the block (any more).

        Args:
            records: each the parent of the next; a few thousand at a time to limit memory.
            first_height: of the first record.

        Raises:
            NodeError: a file exists but cannot be read.
        """
        columns = (records[name].tolist() for name in ("hash", "file", "offset", "length"))
        for height, (own, number, offset, length) in enumerate(zip(*columns, strict=True), start=first_height):
            try:
                block = self._block(self._file(number), height, offset=offset, length=length)
            except FileNotFoundError:
                yield _gone(number, offset)
            except WireError as error:
                yield Lost(number, offset, f"the block at height {height} is damaged: {error}")
            except OSError as error:
                raise NodeError(f"{self._path(number)} cannot be read at byte {offset}: {error}") from None
            else:
                yield block if block.hash == display_hash(own) else Lost(number, offset, "another block is there now")

    def whole(self, record: Place) -> bytes:
        """A block with all of its transactions, as serialised.

        Raises:
            NodeError: the file has gone, or cannot be read.
        """
        number, offset, length = record
        try:
            return self._key.undo(os.pread(self._file(number), length, offset), offset)
        except OSError as error:
            raise NodeError(f"{self._path(number)} cannot be read at byte {offset}: {error}") from None

    def close(self) -> None:
        """Close the files."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _block(self, descriptor: int, height: int, *, offset: int, length: int) -> Block:
        size = _FIRST_BYTES
        while True:
            size = min(size, length)
            try:
                return decode_block(self._key.undo(os.pread(descriptor, size, offset), offset), height=height)
            except Truncated:
                if size == length:
                    raise
            size *= 8

    def _first_magic(self, numbers: list[int]) -> bytes:
        """The first four bytes of the first record, in the first file that begins with one."""
        for number in numbers:
            try:
                raw = os.pread(self._file(number), PREFIX_BYTES, 0)
            except FileNotFoundError:  # pruned since it was listed
                continue
            start = self._key.undo(raw, 0)
            if any(raw) and MIN_BLOCK_BYTES <= int.from_bytes(start[4:], "little") <= MAX_BLOCK_BYTES:
                return start[:4]
        raise NodeRefused(f"there are no block files in {self.folder}: see node.blocks_dir")

    def _file(self, number: int) -> int:
        """The file's descriptor; it stays open until eight others were used."""
        descriptor = self._open.pop(number, None)
        if descriptor is None:
            descriptor = os.open(self._path(number), os.O_RDONLY | os.O_CLOEXEC)
            if len(self._open) >= _OPEN_AT_ONCE:
                os.close(self._open.pop(next(iter(self._open))))
        self._open[number] = descriptor  # most recently used last
        return descriptor

    def _path(self, number: int) -> Path:
        return self.folder / f"blk{number:05}.dat"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def gathered(scans: Iterable[FileScan]) -> Records:
    """The records of all scans in one table: 80 bytes per block, also while it grows."""
    table = bytearray()
    for scan in scans:
        table += scan.records.tobytes()
    return np.frombuffer(table, RECORD)


def _key(folder: Path) -> Key:
    try:
        key = (folder / "xor.dat").read_bytes()
    except FileNotFoundError:
        return NO_KEY
    if len(key) != KEY_BYTES:
        raise NodeRefused(f"{folder / 'xor.dat'} has {len(key)} bytes instead of {KEY_BYTES}: is it the node's?")
    return Key(key)


def _unreadable(folder: Path, error: OSError) -> NodeRefused:
    return NodeRefused(f"the block files in {folder} cannot be read ({error}): see node.blocks_dir")


def _gone(number: int, offset: int) -> Lost:
    return Lost(number, offset, "the file has gone, as by pruning")
