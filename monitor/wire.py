"""Bitcoin's serialisation: decodes bytes into the values of `model`, and encodes them. Pure.

Invalid bytes raise `WireError`; bytes that end too early raise `Truncated`, so that a reader can fetch more. Nothing
else is raised.

The format is that of the protocol documentation (https://developer.bitcoin.org/reference/block_chain.html); the
segregated-witness marker is BIP144's, the height in the coinbase BIP34's.
"""

from __future__ import annotations

from hashlib import sha256
from struct import Struct
from struct import error as _StructError  # noqa: N812 -- it is a class despite its name

from monitor.errors import Truncated, WireError
from monitor.model import Block, BlockHash, Coinbase, Header, Output

HEADER_BYTES = 80
MAX_BLOCK_BYTES = 4_000_000
"""Consensus allows 4,000,000 weight units, and no byte weighs less than one."""
MAX_MONEY_SAT = 21_000_000 * 100_000_000
_MIN_TX_BYTES = 60
"""One input, one output, empty scripts."""
_MIN_OUTPUT_BYTES = 9

_HEADER = Struct("<i32s32sIII")
_INT32 = Struct("<i")
_UINT32 = Struct("<I")
_UINT64 = Struct("<Q")
_COMPACT = {0xFD: (Struct("<H"), 0xFD), 0xFE: (Struct("<I"), 1 << 16), 0xFF: (Struct("<Q"), 1 << 32)}
"""By first byte: the format of the number that follows, and the smallest number that may use it."""
_NULL_INPUT = bytes(32) + b"\xff\xff\xff\xff"


def decode_block(data: bytes, *, height: int) -> Block:
    """Decode header, transaction count and coinbase from the first bytes of a block.

    Args:
        data: the block, or its beginning; bytes after the coinbase are ignored.
        height: height of the block, which old blocks do not state.

    Raises:
        Truncated: `data` ends before the coinbase does.
        WireError: `data` is not a block.
    """
    header = decode_header(data)
    tx_count, at = _compact(data, HEADER_BYTES)
    if tx_count == 0:
        raise WireError("a block without a coinbase: the transaction count is 0")
    if tx_count > MAX_BLOCK_BYTES // _MIN_TX_BYTES:
        raise WireError(f"{tx_count} transactions cannot fit into a block")
    coinbase, _ = decode_coinbase(data, at)
    return Block(height, header, tx_count, coinbase=coinbase)


def decode_header(data: bytes) -> Header:
    """Decode the 80-byte block header, and hash it."""
    if len(data) < HEADER_BYTES:
        raise Truncated(f"a header has {HEADER_BYTES} bytes, these are {len(data)}")
    version, parent, merkle_root, time, bits, nonce = _HEADER.unpack_from(data)
    own = display_hash(double_sha256(data[:HEADER_BYTES]))
    return Header(own, version, display_hash(parent), merkle_root=merkle_root, time=time, bits=bits, nonce=nonce)


def decode_coinbase(data: bytes, at: int = 0) -> tuple[Coinbase, int]:
    """Decode the coinbase transaction that starts at `at`; also return where it ends.

    Raises:
        Truncated: `data` ends before the transaction does.
        WireError: there is no coinbase at `at`.
    """
    start = at
    try:
        (version,) = _INT32.unpack_from(data, at)
        at += 4
        has_witness = data[at] == 0  # BIP144: zero inputs mark that a flag and, later, a witness follow
        if has_witness:
            if data[at + 1] != 1:
                raise WireError(f"unknown transaction flag {data[at + 1]} at byte {at + 1}")
            at += 2
        if data[at] != 1:
            raise WireError(f"no coinbase at byte {start}: it has {data[at]} inputs instead of one")
        at += 1
        if data[at : at + 36] != _NULL_INPUT:
            if len(data) < at + 36:
                raise Truncated("the bytes end inside the coinbase's input")
            raise WireError(f"no coinbase at byte {start}: its input spends another transaction's output")
        script, at = _bytes(data, at + 36)
        (sequence,) = _UINT32.unpack_from(data, at)
        outputs, at = decode_outputs(data, at + 4)
        if has_witness:
            items, at = _compact(data, at)
            if items > MAX_BLOCK_BYTES:
                raise WireError(f"a witness of {items} items cannot fit into a block")
            for _ in range(items):
                _, at = _bytes(data, at)
        (locktime,) = _UINT32.unpack_from(data, at)
    except (IndexError, _StructError):
        raise Truncated(f"the bytes end inside the coinbase, after {len(data) - start} of it") from None
    return Coinbase(script, outputs, version, sequence=sequence, locktime=locktime), at + 4


def decode_outputs(data: bytes, at: int = 0) -> tuple[tuple[Output, ...], int]:
    """Decode a counted list of outputs that starts at `at`; also return where it ends."""
    count, at = _compact(data, at)
    if count > MAX_BLOCK_BYTES // _MIN_OUTPUT_BYTES:
        raise WireError(f"{count} outputs cannot fit into a block")
    outputs, total = [], 0
    try:
        for _ in range(count):
            (value,) = _UINT64.unpack_from(data, at)
            total += value
            if total > MAX_MONEY_SAT:
                raise WireError(f"outputs of {total} satoshi are more money than there is")
            at += 8
            # `_bytes` inlined for the lengths of nearly all scripts: this loop dominates reattribution.
            if (length := data[at]) < 0xFD and (end := at + 1 + length) <= len(data):
                script, at = data[at + 1 : end], end
            else:
                script, at = _bytes(data, at)
            outputs.append(Output(value, script))
    except (_StructError, IndexError):
        raise Truncated(f"the bytes end inside output {len(outputs)} of {count}") from None
    return tuple(outputs), at


def encode_header(header: Header) -> bytes:
    """Encode the 80-byte block header."""
    parent = bytes.fromhex(header.parent)[::-1]
    return _HEADER.pack(header.version, parent, header.merkle_root, header.time, header.bits, header.nonce)


def encode_coinbase(coinbase: Coinbase, *, witness: bytes | None = None) -> bytes:
    """Encode a coinbase transaction; without `witness`, in the form that is hashed to its txid."""
    marker, tail = (b"", b"") if witness is None else (b"\x00\x01", b"\x01" + _counted(witness))
    return b"".join((
        _INT32.pack(coinbase.version), marker,
        b"\x01", _NULL_INPUT, _counted(coinbase.script), _UINT32.pack(coinbase.sequence),
        encode_outputs(coinbase.outputs), tail,
        _UINT32.pack(coinbase.locktime),
    ))  # fmt: skip


def encode_outputs(outputs: tuple[Output, ...]) -> bytes:
    """Encode a counted list of outputs."""
    written = [encode_compact(len(outputs))]
    for output in outputs:
        written += (_UINT64.pack(output.value_sat), _counted(output.script))
    return b"".join(written)


def encode_compact(number: int) -> bytes:
    """Encode a length or count in as few bytes as the protocol allows."""
    if number < 0xFD:
        return bytes((number,))
    for mark, (form, _) in _COMPACT.items():
        if number < 1 << 8 * form.size:
            return bytes((mark,)) + form.pack(number)
    raise ValueError(f"{number} does not fit into eight bytes")


def bip34_height(script: bytes) -> int | None:
    """The height that a coinbase script states by BIP34; None if it does not start with a small positive number.

    Consensus requires the height from block 227,931 on. Older scripts start with arbitrary bytes, so the result is only
    a hint there.
    """
    if not script:
        return None
    length = script[0]
    if 0x51 <= length <= 0x60:  # OP_1 .. OP_16
        return length - 0x50
    if not 1 <= length <= 5 or len(script) <= length:
        return None
    number = int.from_bytes(script[1 : 1 + length], "little", signed=True)
    return number if number > 0 else None


def after_height(script: bytes) -> int:
    """Where a coinbase script goes on after the height that BIP34 demands; 0 when it starts with no number."""
    if not script:
        return 0
    if 0x51 <= script[0] <= 0x60:  # OP_1 .. OP_16
        return 1
    return 1 + script[0] if 1 <= script[0] <= 5 else 0


def double_sha256(data: bytes) -> bytes:
    """SHA-256 applied twice."""
    return sha256(sha256(data).digest()).digest()


def display_hash(digest: bytes) -> BlockHash:
    """A hash in display order: hex, last byte first."""
    return BlockHash(digest[::-1].hex())


def work(bits: int) -> int:
    """Expected number of hashes for a block with this compact target: 2**256 / (target + 1).

    Zero for an invalid target (negative, zero or over 256 bits).
    """
    exponent, mantissa = bits >> 24, bits & 0x007F_FFFF
    if bits & 0x0080_0000:
        return 0
    target = mantissa << 8 * (exponent - 3) if exponent >= 3 else mantissa >> 8 * (3 - exponent)
    return (1 << 256) // (target + 1) if target else 0


def difficulty(bits: int) -> float:
    """The target of block 0 divided by this one."""
    exponent, mantissa = bits >> 24, bits & 0x007F_FFFF
    return 0xFFFF / mantissa * 256.0 ** (0x1D - exponent) if mantissa else 0.0


def _counted(data: bytes) -> bytes:
    return encode_compact(len(data)) + data


def _compact(data: bytes, at: int) -> tuple[int, int]:
    """A length or count at `at`, and where it ends."""
    try:
        first = data[at]
        if first < 0xFD:
            return first, at + 1
        form, least = _COMPACT[first]
        number: int = form.unpack_from(data, at + 1)[0]
    except (IndexError, _StructError):
        raise Truncated(f"the bytes end inside the number at byte {at}") from None
    if number < least:  # nodes reject it as well: only the shortest encoding is valid
        raise WireError(f"the number at byte {at} is not in its shortest encoding")
    return number, at + 1 + form.size


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """A counted string at `at`, and where it ends."""
    length, at = _compact(data, at)
    if length > MAX_BLOCK_BYTES:
        raise WireError(f"{length} bytes at byte {at} cannot fit into a block")
    end = at + length
    if end > len(data):
        raise Truncated(f"{length} bytes are announced at byte {at}, {len(data) - at} are there")
    return data[at:end], end
