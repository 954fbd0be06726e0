"""Bitcoin's serialisation: decodes bytes into the values of `model`, and encodes them. Pure.

Invalid bytes raise `WireError`; bytes that end too early raise `Truncated`, so that a reader can fetch more. Nothing
else is raised.

The format is that of the protocol documentation (https://developer.bitcoin.org/reference/block_chain.html); the
segregated-witness marker is BIP144's, the height in the coinbase BIP34's. Headers are those of Bitcoin (80 bytes) and
those of the chain that changed its proof of work to BLAKE2b (164 bytes): Bitcoin Knots 29.4.3, src/primitives/block.h
and block.cpp, with the vectors of src/test/data/block_header_v2.json.
"""

from __future__ import annotations

from hashlib import blake2b, sha256
from struct import Struct
from struct import error as _StructError  # noqa: N812 -- it is a class despite its name

from monitor.errors import Truncated, WireError
from monitor.model import Block, BlockHash, Coinbase, Header, Output

HEADER_BYTES = 80
EXTENDED_HEADER_BYTES = 164
"""An ordinary header and the extension of the BLAKE2b chain."""
MAX_BLOCK_BYTES = 4_000_000
"""Consensus allows 4,000,000 weight units, and no byte weighs less than one."""
MAX_MONEY_SAT = 21_000_000 * 100_000_000
MIN_TX_BYTES = 60
"""One input, one output, empty scripts."""
_MIN_OUTPUT_BYTES = 9

_HEADER = Struct("<i32s32sIII")
_INT32 = Struct("<i")
_UINT32 = Struct("<I")
_UINT64 = Struct("<Q")
_COMPACT = {0xFD: (Struct("<H"), 0xFD), 0xFE: (Struct("<I"), 1 << 16), 0xFF: (Struct("<Q"), 1 << 32)}
"""By first byte: the format of the number that follows, and the smallest number that may use it."""
_NULL_INPUT = bytes(32) + b"\xff\xff\xff\xff"

_VERSION_BITS = 0x7FFF_FFFF
"""The version without bit 31, which announces an extension: nodes of Bitcoin refuse negative versions, and none was
ever mined."""
_USES_OFFSET, _RESERVED_FLAGS = 0x04, 0xC0
_EXTENSION = Struct("<4s4s16sIHBB16si32s")
"""Nonce 2, nonce 3, extra nonce, time offset, number of transactions, flags, bits cleared in the mask, key of the mask,
height, merge-mining commitment."""


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
    tx_count, at = decode_compact(data, HEADER_BYTES + len(header.extension))
    if tx_count == 0:
        raise WireError("a block without a coinbase: the transaction count is 0")
    if tx_count > MAX_BLOCK_BYTES // MIN_TX_BYTES:
        raise WireError(f"{tx_count} transactions cannot fit into a block")
    coinbase, _ = decode_coinbase(data, at)
    return Block(height, header, tx_count, coinbase=coinbase)


def decode_header(data: bytes, at: int = 0) -> Header:
    """Decode the header that starts at `at`, and hash it. Its length tells where it ends: `header_bytes`.

    Raises:
        Truncated: `data` ends before the header does.
        WireError: the header has a format that is not known.
    """
    end = at + HEADER_BYTES
    if len(data) < end:
        raise Truncated(f"a header has {HEADER_BYTES} bytes, these are {len(data) - at}")
    version, parent, merkle_root, time, bits, nonce = _HEADER.unpack_from(data, at)
    if version >= 0:
        own = display_hash(double_sha256(data[at:end]))
        return Header(own, version, display_hash(parent), merkle_root=merkle_root, time=time, bits=bits, nonce=nonce)
    end = at + EXTENDED_HEADER_BYTES
    if len(data) < end:
        raise Truncated(f"an extended header has {EXTENDED_HEADER_BYTES} bytes, these are {len(data) - at}")
    extension = data[at + HEADER_BYTES : end]
    _, _, _, offset, _, flags, *_ = _EXTENSION.unpack(extension)
    if flags & _RESERVED_FLAGS:
        raise WireError(f"a block header of an unknown format: version {version & 0xFFFF_FFFF:#x}, flags {flags:#x}")
    return Header(
        BlockHash(_extended_hash(data[at:end]).hex()),
        version & _VERSION_BITS,
        display_hash(parent),
        merkle_root=merkle_root,
        time=(time + offset) & 0xFFFF_FFFF if flags & _USES_OFFSET else time,
        bits=bits,
        nonce=nonce,
        extension=extension,
    )


def decode_headers(data: bytes) -> list[Header]:
    """Decode headers that follow each other without a gap, as REST serves them.

    Raises:
        WireError: some header has an unknown format, or its parent is not the header before it.
    """
    headers: list[Header] = []
    at = 0
    while at < len(data):
        header = decode_header(data, at)
        if headers and header.parent != headers[-1].hash:
            raise WireError(f"block headers of an unknown format: number {len(headers)} does not follow the one before")
        headers.append(header)
        at += HEADER_BYTES + len(header.extension)
    return headers


def committed_by_extension(header: Header) -> tuple[int, int]:
    """Height and number of transactions that an extended header commits to."""
    _, _, _, _, tx_count, _, _, _, height, _ = _EXTENSION.unpack(header.extension)
    return height, tx_count


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
            items, at = decode_compact(data, at)
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
    count, at = decode_compact(data, at)
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


def decode_compact(data: bytes, at: int) -> tuple[int, int]:
    """Decode the length or count at `at`; also return where it ends."""
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


def encode_header(header: Header) -> bytes:
    """Encode a block header: 80 bytes, or 164 with an extension."""
    version, time = header.version, header.time
    if header.extension:
        version -= 1 << 31
        _, _, _, offset, _, flags, *_ = _EXTENSION.unpack(header.extension)
        time = (time - offset) & 0xFFFF_FFFF if flags & _USES_OFFSET else time
    parent = bytes.fromhex(header.parent)[::-1]
    return _HEADER.pack(version, parent, header.merkle_root, time, header.bits, header.nonce) + header.extension


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


def target(bits: int) -> int:
    """The largest hash that a compact target allows; 0 if it is invalid (negative, zero or over 256 bits)."""
    exponent, mantissa = bits >> 24, bits & 0x007F_FFFF
    if bits & 0x0080_0000:
        return 0
    number = mantissa << 8 * (exponent - 3) if exponent >= 3 else mantissa >> 8 * (3 - exponent)
    return number if number < 1 << 256 else 0


def work(bits: int) -> int:
    """Expected number of hashes for a block with this compact target: 2**256 / (target + 1); 0 if it is invalid."""
    largest = target(bits)
    return (1 << 256) // (largest + 1) if largest else 0


def difficulty(bits: int) -> float:
    """The target of block 0 divided by this one."""
    exponent, mantissa = bits >> 24, bits & 0x007F_FFFF
    return 0xFFFF / mantissa * 256.0 ** (0x1D - exponent) if mantissa else 0.0


def _extended_hash(header: bytes) -> bytes:
    """Hash of a 164-byte header, in display order.

    Tagged SHA-256 hashes commit to what the miner's machine need not see, two rounds of BLAKE2b are the proof of work,
    and a mask that only the pool knows hides from the machine which of its results is a block.
    """
    fields = _EXTENSION.unpack_from(header, HEADER_BYTES)
    nonce2, nonce3, extra_nonce, offset, tx_count, flags, clear_bits, key, height, merge_mining = fields
    parent, nonce, offset_bytes = header[35:3:-1], header[76:80], _UINT32.pack(offset)
    inner = _tagged(
        b"Bitcoin block header 1",
        header[:4] + parent + _INT32.pack(height) + header[36:72] + b"\0" + header[72:76] + _UINT32.pack(tx_count)
        + bytes((flags, clear_bits)) + _tagged(b"Bitcoin block hash PoW XOR key", key),
    )  # fmt: skip
    outer = _tagged(b"Merge-mining hook", inner + bytes(32) + merge_mining)
    first = blake2b(bytes(4) + outer + extra_nonce, digest_size=32).digest()
    nonces = nonce + nonce2 + offset_bytes + nonce3
    match flags & 3:  # what the machine hashes, for four families of machines
        case 0:
            visible = bytes(6) + _tagged(b"Bitcoin prevblock header, hashed", parent)[6:] + nonces + first
        case 1:
            visible = nonce + nonce2 + nonce3 + offset_bytes + first + outer
        case 2:
            visible = bytes(48) + outer + nonces + first
        case _:
            visible = bytes(80) + outer + nonces + first
    digest = blake2b(visible, digest_size=32).digest()
    if not any(key):
        return digest
    mask = int.from_bytes(_tagged(b"Bitcoin block hash PoW XOR mask", key)) & ((1 << 256 - clear_bits) - 1)
    masked: int = int.from_bytes(digest) ^ mask
    return masked.to_bytes(32)


def _tagged(tag: bytes, data: bytes) -> bytes:
    """The tagged hash of BIP340."""
    prefix = sha256(tag).digest()
    return sha256(prefix + prefix + data).digest()


def _counted(data: bytes) -> bytes:
    return encode_compact(len(data)) + data


def _bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """A counted string at `at`, and where it ends."""
    length, at = decode_compact(data, at)
    if length > MAX_BLOCK_BYTES:
        raise WireError(f"{length} bytes at byte {at} cannot fit into a block")
    end = at + length
    if end > len(data):
        raise Truncated(f"{length} bytes are announced at byte {at}, {len(data) - at} are there")
    return data[at:end], end
