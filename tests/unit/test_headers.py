"""Block headers of both formats, against real ones and hostile ones."""

import pytest
from support.headers import KNOWN, Known

from monitor.errors import Truncated, WireError
from monitor.model import Coinbase, Output
from monitor.wire import (
    EXTENDED_HEADER_BYTES,
    HEADER_BYTES,
    committed_by_extension,
    decode_block,
    decode_header,
    decode_headers,
    encode_coinbase,
    encode_header,
)

EXTENDED = [each for each in KNOWN if len(each.raw) == EXTENDED_HEADER_BYTES]
FIRST = next(each for each in EXTENDED if each.height == 961_640)
ACROSS = [each for each in KNOWN if each.network == "main" and each.height <= 961_640]


@pytest.mark.parametrize("header", KNOWN, ids=lambda each: f"{each.network}-{each.height}")
def test_a_real_header_has_its_hash_and_is_written_as_it_was(header: Known) -> None:
    decoded = decode_header(header.raw)
    assert decoded.hash == header.hash
    assert encode_header(decoded) == header.raw
    assert decoded.version >= 0, "the bit that announces the extension is no signal"


@pytest.mark.parametrize("header", EXTENDED, ids=lambda each: f"{each.network}-{each.height}")
def test_an_extended_header_commits_to_its_height(header: Known) -> None:
    assert committed_by_extension(decode_header(header.raw))[0] == header.height


def test_headers_of_both_formats_are_cut_where_they_end() -> None:
    raw = b"".join(each.raw for each in ACROSS)
    assert [each.hash for each in decode_headers(raw)] == [each.hash for each in ACROSS]


def test_headers_that_do_not_follow_each_other_are_an_error() -> None:
    with pytest.raises(WireError, match="number 1 does not follow"):
        decode_headers(ACROSS[0].raw + ACROSS[2].raw)


def test_headers_of_another_length_are_an_error() -> None:
    longer = b"".join(each.raw + bytes(4) for each in ACROSS[:3])
    with pytest.raises(WireError):
        decode_headers(longer)


@pytest.mark.parametrize("length", [0, 79, 80, 163])
def test_the_beginning_of_an_extended_header_is_truncated(length: int) -> None:
    with pytest.raises(Truncated):
        decode_header(FIRST.raw[:length])


@pytest.mark.parametrize("flag", [0x40, 0x80])
def test_reserved_flags_are_an_unknown_format(flag: int) -> None:
    raw = bytearray(FIRST.raw)
    raw[110] |= flag
    with pytest.raises(WireError, match="unknown format"):
        decode_header(bytes(raw))


def test_every_byte_of_an_extended_header_changes_its_hash() -> None:
    masked = next(each for each in EXTENDED if any(each.raw[112:128]))
    hashes = set()
    for at in range(EXTENDED_HEADER_BYTES):
        changed = bytearray(masked.raw)
        changed[at] ^= 0x20 if at == 110 else 0x01
        hashes.add(decode_header(bytes(changed)).hash)
    assert len(hashes) == EXTENDED_HEADER_BYTES
    assert masked.hash not in hashes


def test_a_block_with_an_extended_header_is_read() -> None:
    coinbase = Coinbase(b"\x03\x68\xac\x0e/tag/", (Output(5, b"\x51"),))
    block = decode_block(FIRST.raw + b"\x03" + encode_coinbase(coinbase, witness=bytes(32)), height=961_640)
    assert (block.hash, block.tx_count, block.coinbase) == (FIRST.hash, 3, coinbase)
    assert block.header.version == 0x20000000
    assert len(block.header.extension) == EXTENDED_HEADER_BYTES - HEADER_BYTES
