"""The format of a node's block files: finding the records of a file and undoing its obfuscation. Pure.

A file is a sequence of records: four magic bytes of the network, the block's length in four bytes (little-endian), the
block. Since version 28 Bitcoin Core combines every byte by exclusive or with a byte of an eight-byte key, chosen by the
offset in the file. Preallocated space that is not used yet is zero, without the key.
Source: `FlatFilePos`, `BlockManager::WriteBlock` and `Obfuscation` in Bitcoin Core (src/node/blockstorage.cpp,
src/util/obfuscation.h); the magic bytes are those of src/kernel/chainparams.cpp.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from monitor.errors import WireError
from monitor.wire import EXTENDED_HEADER_BYTES, HEADER_BYTES, MAX_BLOCK_BYTES, decode_header, double_sha256, work

MAGIC = {
    "main": bytes.fromhex("f9beb4d9"),
    "test": bytes.fromhex("0b110907"),
    "testnet4": bytes.fromhex("1c163f28"),
    "signet": bytes.fromhex("0a03cf40"),
    "regtest": bytes.fromhex("fabfb5da"),
}
"""The bytes that begin each record, by the network's name in `getblockchaininfo`. A custom signet has its own."""

RECORD = np.dtype([("hash", "V32"), ("parent", "V32"), ("offset", "<i8"), ("length", "<u4"), ("file", "<u4")])
"""One block on disk: its hash and its parent's in internal byte order, the offset of the block, its length in bytes,
and the number of the file. 80 bytes: a million blocks take 80 MB."""

PREFIX_BYTES = 8
MIN_BLOCK_BYTES = HEADER_BYTES + 1
KEY_BYTES = 8

Records = NDArray[np.void]
"""Rows of `RECORD`."""
Read = Callable[[int, int], bytes]
"""Reads so many bytes at an offset of a file; fewer at its end."""

_LEAD_BYTES = PREFIX_BYTES + HEADER_BYTES
_MOST_LEAD_BYTES = PREFIX_BYTES + EXTENDED_HEADER_BYTES
_UINT64 = Struct("<Q")
_LEAST_SEARCH, _MOST_SEARCH = 1 << 12, 1 << 20
"""Bytes searched at once: few at first, because the next record is near where only a few bytes are damaged."""


class Key:
    """The key of the obfuscation; eight zero bytes change nothing."""

    def __init__(self, key: bytes) -> None:
        turned = [key[turn:] + key[:turn] for turn in range(KEY_BYTES)]
        self.words = [_UINT64.unpack(each)[0] for each in turned]
        """The key as it applies at an offset, by the offset modulo eight."""
        self.is_null = not any(key)
        self._streams = [np.frombuffer(each * (_LEAST_SEARCH // KEY_BYTES), np.uint8) for each in turned]
        self._turned = turned

    def undo(self, raw: bytes, offset: int) -> bytes:
        """Undo (or apply) the obfuscation of bytes at `offset`."""
        if self.is_null:
            return raw
        turn, size = offset % KEY_BYTES, len(raw)
        stream = self._streams[turn]
        if size > stream.size:
            stream = np.frombuffer(self._turned[turn] * (size // KEY_BYTES + 1), np.uint8)
        return (np.frombuffer(raw, np.uint8) ^ stream[:size]).tobytes()


NO_KEY = Key(bytes(KEY_BYTES))


@dataclass(frozen=True, slots=True)
class Lost:
    """A place where no block could be read, and why."""

    file: int
    offset: int
    reason: str


def find_records(read: Read, size: int, number: int, *, magic: bytes, key: Key) -> tuple[Records, list[Lost]]:
    """Every complete record of one file, and the places where other data was found.

    One short read per record: the body is skipped. A last record that extends beyond the end is not complete yet. Other
    data is skipped up to the next magic bytes that are followed by a length and a mined header, as the node itself does
    when it rebuilds its index. It is reported unless it is all zero.

    No content of the file raises an error. The records carry its `number`.
    """
    mark = int.from_bytes(magic, "little")
    words, unpack = key.words, _UINT64.unpack_from
    offsets: list[int] = []
    lengths: list[int] = []
    headers: list[bytes] = []
    lost: list[Lost] = []
    at = 0
    while at + _LEAD_BYTES <= size:
        raw = read(_MOST_LEAD_BYTES, at)
        if len(raw) < _LEAD_BYTES:
            break  # the node has cut off unused space
        lead = unpack(raw)[0] ^ words[at & 7]
        length = lead >> 32
        end = at + PREFIX_BYTES + length
        is_begun = lead & 0xFFFF_FFFF == mark and MIN_BLOCK_BYTES <= length <= MAX_BLOCK_BYTES
        if not is_begun or end > size:
            found, is_blank = _next_record(read, size, at, magic=magic, key=key)
            if not is_blank and not (is_begun and found == size):
                lost.append(Lost(number, at, f"{found - at} bytes are no record"))
            at = found
            continue
        offsets.append(at + PREFIX_BYTES)
        lengths.append(length)
        headers.append(raw[PREFIX_BYTES:])
        at = end
    table = np.zeros(len(headers), RECORD)
    table["offset"], table["length"], table["file"] = offsets, lengths, number
    _decode(table, headers, key)
    return table, lost


def _decode(table: Records, headers: list[bytes], key: Key) -> None:
    """Fill in the hashes of the blocks and of their parents."""
    turns = np.array(key.words, "<u8")[table["offset"] % KEY_BYTES]
    ordinary = b"".join([header[:HEADER_BYTES] for header in headers])
    plain = (np.frombuffer(ordinary, "<u8").reshape(-1, HEADER_BYTES // 8) ^ turns[:, None]).tobytes()
    digests = [double_sha256(plain[at : at + HEADER_BYTES]) for at in range(0, len(plain), HEADER_BYTES)]
    fields = np.frombuffer(plain, [("version", "<i4"), ("parent", "V32"), ("", "V44")])
    for row in np.flatnonzero(fields["version"] < 0).tolist():
        with suppress(WireError):  # such a block cannot be read either: it is reported where it is requested
            header = decode_header(key.undo(headers[row], table["offset"][row]))
            digests[row] = bytes.fromhex(header.hash)[::-1]
    table["hash"] = np.frombuffer(b"".join(digests), "V32")
    table["parent"] = fields["parent"]


def _next_record(read: Read, size: int, at: int, *, magic: bytes, key: Key) -> tuple[int, bool]:
    """Where the next record begins after `at`, or the file's size; and whether only zeros are before it."""
    start, step, is_blank = at, _LEAST_SEARCH, True
    while at < size:
        raw = read(step, at)
        plain = key.undo(raw, at)
        hit = plain.find(magic, 1 if at == start else 0)
        while hit >= 0 and not _begins_record(key.undo(read(_MOST_LEAD_BYTES, at + hit), at + hit)):
            hit = plain.find(magic, hit + 1)
        end = hit if hit >= 0 else len(raw)
        is_blank = is_blank and (_is_zero(raw[:end]) or _is_zero(plain[:end]))
        if hit >= 0:
            return at + hit, is_blank
        if len(raw) < step:
            break
        at += len(raw) - len(magic) + 1  # the magic bytes may lie across the boundary
        step = min(2 * step, _MOST_SEARCH)
    return size, is_blank


def _begins_record(lead: bytes) -> bool:
    """Whether magic bytes found by searching begin a record: a mined header does not occur by chance."""
    try:
        header = decode_header(lead, PREFIX_BYTES)
    except WireError:
        return False
    is_mined = 0 < work(header.bits) * (int(header.hash, 16) + 1) <= 1 << 256
    return is_mined and MIN_BLOCK_BYTES <= int.from_bytes(lead[4:PREFIX_BYTES], "little") <= MAX_BLOCK_BYTES


def _is_zero(data: bytes) -> bool:
    return not np.frombuffer(data, np.uint8).any()
