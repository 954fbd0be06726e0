"""A node's block files on disk: every block's place from one fast pass, then header and coinbase of those asked for.

    with BlockFiles(folder) as files:
        records = gathered(files.scan())
        chain = linked(records, tip)
        for block in files.read(records[chain.chain[:500]], chain.first_height): ...

Plain blocking functions, for a thread of the caller's. The tip is best asked before the scan: the node writes a block
before it makes it its tip, so that the whole chain is there. A node that writes, tidies up or prunes meanwhile does no
harm: what is not there yet or not any more is left out, and told.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

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
"""Holds header and coinbase of nearly every block; the few that pay many miners at once are read further."""
_OPEN_AT_ONCE = 8
"""Blocks lie in the order in which they came: neighbours in the chain are in the same file or in one nearby."""
_NAME = re.compile(r"blk(\d{5,9})\.dat")


@dataclass(frozen=True, slots=True, eq=False)
class FileScan:
    """What one block file holds."""

    number: int
    records: Records
    lost: tuple[Lost, ...]
    """Where there is something but no block; or that the file has gone."""


class BlockFiles:
    """The `blocks` folder of one node; keeps a few files open until it is closed. For one thread at a time."""

    def __init__(self, folder: Path, magic: bytes | None = None) -> None:
        """Look what there is.

        Args:
            folder: the one with `blk00000.dat` in it, or with what pruning has left.
            magic: what the network's records begin with; by default what the first of them does.

        Raises:
            NodeRefused: these are no block files, or not to be read by us.
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
        """The files that are there now, lowest first.

        Raises:
            NodeRefused: the folder has gone, or is not to be read by us.
        """
        try:
            names = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()]
        except OSError as error:
            raise _unreadable(self.folder, error) from None
        return sorted(int(name[1]) for name in names if name)

    def scan(self, numbers: Iterable[int] | None = None) -> Iterator[FileScan]:
        """Where every block is, file by file, without its body.

        Args:
            numbers: which files; without it, all that are there now.

        Raises:
            NodeError: a file is there but cannot be read.
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
        """The blocks of a stretch of the chain, or of a single stale block, each as far as its coinbase.

        One for each record, in the given order; in its stead what became of it, if its file was pruned or the bytes
        there are not the block (any more).

        Args:
            records: each the parent of the next; a few thousand at a time, for the memory's sake.
            first_height: where the first one stands.

        Raises:
            NodeError: a file is there but cannot be read.
        """
        columns = (records[name].tolist() for name in ("hash", "file", "offset", "length"))
        for height, (own, number, offset, length) in enumerate(zip(*columns, strict=True), start=first_height):
            try:
                block = self._block(self._file(number), offset, length, height)
            except FileNotFoundError:
                yield _gone(number, offset)
            except WireError as error:
                yield Lost(number, offset, f"the block at height {height} is damaged: {error}")
            except OSError as error:
                raise NodeError(f"{self._path(number)} cannot be read at byte {offset}: {error}") from None
            else:
                yield block if block.hash == display_hash(own) else Lost(number, offset, "another block is there now")

    def close(self) -> None:
        """Let go of the files."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _block(self, descriptor: int, offset: int, length: int, height: int) -> Block:
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
        """What the first record begins with, in the first file that begins with one."""
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
        """The file's descriptor, good until eight others were asked for."""
        descriptor = self._open.pop(number, None)
        if descriptor is None:
            descriptor = os.open(self._path(number), os.O_RDONLY | os.O_CLOEXEC)
            if len(self._open) >= _OPEN_AT_ONCE:
                os.close(self._open.pop(next(iter(self._open))))
        self._open[number] = descriptor  # the last one used is the last to go
        return descriptor

    def _path(self, number: int) -> Path:
        return self.folder / f"blk{number:05}.dat"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def gathered(scans: Iterable[FileScan]) -> Records:
    """One table of all files, in the order in which they were read; 80 bytes a block while it grows, too."""
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
