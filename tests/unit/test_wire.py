"""The serialisation, against real bytes and wrong ones."""

import gzip
import json
import tracemalloc
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from support.blocks import Parent, Recipe, build, push_height

from monitor.errors import Truncated, WireError
from monitor.model import NO_BLOCK, Coinbase, Output
from monitor.wire import (
    HEADER_BYTES,
    MAX_BLOCK_BYTES,
    MAX_MONEY_SAT,
    bip34_height,
    decode_block,
    decode_coinbase,
    decode_header,
    decode_outputs,
    difficulty,
    display_hash,
    double_sha256,
    encode_coinbase,
    encode_compact,
    encode_header,
    encode_outputs,
    target,
    work,
)

GENESIS = bytes.fromhex(
    "01000000" + "00" * 32 + "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
    "29ab5f49ffff001d1dac2b7c"
    "01"
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff"
    "4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f6620"
    "7365636f6e64206261696c6f757420666f722062616e6b73"
    "ffffffff0100f2052a01000000"
    "434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba"
    "0b8d578a4c702b6bf11d5fac"
    "00000000"
)
GOLDEN = Path(__file__).parents[1] / "golden" / "coinbases.jsonl.gz"
COINBASE = Coinbase(b"\x03abc/tag/", (Output(50, b"\x51"), Output(0, b"\x6a\x01x")), version=2, sequence=7, locktime=9)
NULL_INPUT = bytes(32) + b"\xff" * 4


def golden() -> list[dict[str, Any]]:
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def whole(*, count: bytes = b"\x01", witness: bytes | None = None) -> bytes:
    return GENESIS[:HEADER_BYTES] + count + encode_coinbase(COINBASE, witness=witness)


# -- real ones ---------------------------------------------------------------------------------------------------------


def test_block_0() -> None:
    block = decode_block(GENESIS, height=0)
    assert block.hash == "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
    assert (block.header.parent, block.header.time, block.header.nonce) == (NO_BLOCK, 1231006505, 2083236893)
    assert (block.header.version, block.header.bits, block.tx_count) == (1, 0x1D00FFFF, 1)
    assert block.coinbase.script[8:] == b"The Times 03/Jan/2009 Chancellor on brink of second bailout for banks"
    assert block.coinbase.value_sat == 50_0000_0000
    assert double_sha256(encode_coinbase(block.coinbase)) == block.header.merkle_root
    assert encode_header(block.header) + b"\x01" + encode_coinbase(block.coinbase) == GENESIS


def test_real_coinbases() -> None:
    found = [line for line in golden() if line.get("raw_tx_hex")]
    assert len(found) > 20
    with_witness = 0
    for line in found:
        data = bytes.fromhex(line["raw_tx_hex"])
        coinbase, end = decode_coinbase(data)
        assert end == len(data)
        assert coinbase.script.hex() == line["script_hex"]
        assert bip34_height(coinbase.script) == line["height"]
        assert 6_2500_0000 / 2 < coinbase.value_sat < 50_0000_0000
        for output, told in zip(coinbase.outputs, line.get("outputs") or (), strict=False):
            assert output.script.hex() == told["script_hex"]
        has_witness = data[4] == 0
        with_witness += has_witness
        assert encode_coinbase(coinbase, witness=bytes(32) if has_witness else None) == data
    assert with_witness > 10


def test_real_heights() -> None:
    """BIP34 is consensus from block 227,931 on: since then every script states its height."""
    found = [line for line in golden() if line["height"] >= 227_931]
    assert len(found) > 1000
    wrong = [line["height"] for line in found if bip34_height(bytes.fromhex(line["script_hex"])) != line["height"]]
    assert wrong == []


@pytest.mark.parametrize("witness", [True, False])
def test_a_whole_block_with_more_behind_its_coinbase(witness: bool) -> None:  # noqa: FBT001
    built = build(Parent(NO_BLOCK, 99, 1_700_000_000), Recipe(tag=b"/x/", witness=witness))
    block = decode_block(built.raw + b"other transactions", height=100)
    assert block.hash == built.hash
    assert bip34_height(block.coinbase.script) == 100
    assert double_sha256(encode_coinbase(block.coinbase)) == block.header.merkle_root


# -- cut short ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("witness", [None, b"", bytes(32), bytes(300)])
def test_every_beginning_of_a_block_asks_for_more(witness: bytes | None) -> None:
    data = whole(witness=witness)
    for length in range(len(data)):
        with pytest.raises(Truncated):
            decode_block(data[:length], height=0)
    assert decode_block(data, height=0).coinbase == COINBASE


def test_every_beginning_of_long_numbers_asks_for_more() -> None:
    long = Coinbase(bytes(253), tuple(Output(n, bytes(n)) for n in range(300)))
    data = encode_coinbase(long)
    for length in [*range(1000), *range(len(data) - 1000, len(data))]:
        with pytest.raises(Truncated):
            decode_coinbase(data[:length])
    assert decode_coinbase(data) == (long, len(data))


def test_a_wrong_beginning_is_wrong_before_it_is_whole() -> None:
    with pytest.raises(WireError, match="unknown transaction flag 2"):
        decode_coinbase(b"\x01\0\0\0" + b"\x00\x02")


# -- wrong -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (whole(count=b"\x00"), "the transaction count is 0"),
        (whole(count=encode_compact(66_667)), "66667 transactions cannot fit into a block"),
        (whole(count=encode_compact(2**63)), f"{2**63} transactions cannot fit"),
        (whole(count=b"\xfd\x01\x00"), "the number at byte 80 is not in its shortest encoding"),
        (whole()[:81] + b"\1\0\0\0" + b"\x02", "it has 2 inputs instead of one"),
        (whole()[:81] + b"\1\0\0\0" + b"\x00\x00", "unknown transaction flag 0"),
        (whole()[:81] + b"\1\0\0\0" + b"\x00\x01\x00", "it has 0 inputs"),
        (whole()[:81] + b"\1\0\0\0\x01" + b"\x01" * 36, "its input spends another transaction's output"),
        (whole()[:81] + b"\1\0\0\0\x01" + bytes(36), "its input spends another transaction's output"),
    ],
)
def test_what_is_no_block_is_said(data: bytes, sentence: str) -> None:
    with pytest.raises(WireError, match=sentence) as caught:
        decode_block(data, height=0)
    assert not isinstance(caught.value, Truncated)


@pytest.mark.parametrize("length", [MAX_BLOCK_BYTES + 1, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_hostile_length_takes_neither_memory_nor_time(length: int) -> None:
    number = encode_compact(length)
    begin = b"\1\0\0\0\x01" + NULL_INPUT
    behind = begin + b"\x00" + bytes(4)
    output = b"\x01" + bytes(8)
    witness = b"\1\0\0\0\0\1\1" + NULL_INPUT + b"\x00" + bytes(4) + b"\x00"
    tracemalloc.start()
    started = perf_counter()
    try:
        for hostile in (begin, behind, behind + output, witness, witness + b"\x01"):
            with pytest.raises(WireError, match="cannot fit into a block"):
                decode_coinbase(hostile + number + bytes(100))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 100_000
    assert perf_counter() - started < 20


def test_the_longest_length_allowed_asks_for_more() -> None:
    with pytest.raises(Truncated, match=f"{MAX_BLOCK_BYTES} bytes are announced"):
        decode_coinbase(b"\1\0\0\0\x01" + NULL_INPUT + encode_compact(MAX_BLOCK_BYTES) + bytes(1000))


def test_more_money_than_there_is() -> None:
    most = (Output(MAX_MONEY_SAT, b""),)
    assert decode_outputs(encode_outputs(most))[0] == most
    for too_much in [(Output(MAX_MONEY_SAT + 1, b""),), (*most, Output(1, b""))]:
        with pytest.raises(WireError, match="outputs of 2100000000000001 satoshi are more money than there is"):
            decode_outputs(encode_outputs(too_much))


# -- numbers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "00"), (252, "fc"), (253, "fdfd00"), (0xFFFF, "fdffff"), (0x1_0000, "fe00000100"),
        (0xFFFF_FFFF, "feffffffff"), (0x1_0000_0000, "ff0000000001000000"), (2**64 - 1, "ff" * 9),
    ],
)  # fmt: skip
def test_compact_sizes(number: int, written: str) -> None:
    assert encode_compact(number).hex() == written


def test_a_number_of_more_than_eight_bytes() -> None:
    with pytest.raises(ValueError, match="does not fit into eight bytes"):
        encode_compact(2**64)


@pytest.mark.parametrize(
    "written", ["fd0000", "fdfc00", "fe00000000", "feffff0000", "ff" + "00" * 8, "ffffffffff" + "00" * 4]
)
def test_a_number_has_one_spelling(written: str) -> None:
    """Nodes refuse the others too ("non-canonical ReadCompactSize"), so no block holds one."""
    with pytest.raises(WireError, match="the number at byte 0 is not in its shortest encoding"):
        decode_outputs(bytes.fromhex(written) + bytes(100))


@pytest.mark.parametrize("height", [1, 2, 15, 16, 17, 127, 128, 255, 256, 32_767, 32_768, 227_931, 8_388_608, 2**31])
def test_heights_as_consensus_writes_them(height: int) -> None:
    assert bip34_height(push_height(height)) == height
    assert bip34_height(push_height(height) + b"/tag/") == height


@pytest.mark.parametrize(
    "script",
    [
        "",
        "00",
        "4f",
        "50",
        "61",
        "0181",
        "0180",
        "0100",
        "03ffff80",
        "020000",
        "01",
        "03a1b2",
        "06010203040506",
        "4c0101",
        "ff",
    ],
)
def test_scripts_that_state_no_height(script: str) -> None:
    assert bip34_height(bytes.fromhex(script)) is None


@pytest.mark.parametrize(
    ("bits", "hashes", "times_block_0"),
    [
        (0x1D00FFFF, 4_295_032_833, 1.0),  # block 0
        (0x1B0404CB, None, 16_307.420938523983),  # block 100,000's neighbours: the example in Bitcoin's wiki
        (0x17034219, None, 86_388_558_925_171.02),  # block 840,000
        (0x207FFFFF, 2, 4.6565423739069247e-10),  # regtest
    ],
)
def test_difficulty_and_work(bits: int, hashes: int | None, times_block_0: float) -> None:
    assert difficulty(bits) == pytest.approx(times_block_0, rel=1e-12)
    assert work(bits) == pytest.approx(times_block_0 * 2**32, rel=1e-4)
    assert hashes in (None, work(bits))


@pytest.mark.parametrize(
    "bits", [0, 0x1D000000, 0x1D800000, 0x1D80FFFF, 0x01000001, 0x00FFFFFF, 0x02000012, 0x23000100, 0xFF7FFFFF]
)
def test_a_target_that_is_none_takes_no_work(bits: int) -> None:
    assert work(bits) == 0


@pytest.mark.parametrize("bits", [0, 0x00FFFFFF, 0x1D800000, 0xFFFFFFFF])
def test_difficulty_of_anything_is_a_number(bits: int) -> None:
    assert difficulty(bits) >= 0


def test_hashes_are_shown_last_byte_first() -> None:
    assert display_hash(bytes(range(32))) == bytes(reversed(range(32))).hex()
    header = decode_header(GENESIS)
    assert encode_header(header) == GENESIS[:HEADER_BYTES]


def test_targets() -> None:
    assert target(0x1D00FFFF) == 0xFFFF << 208
    assert target(0x04923456) == 0
    assert target(0xFF123456) == 0
    assert target(0x01123456) == 0x12
    assert difficulty(0x1B0404CB) == pytest.approx((0xFFFF << 208) / target(0x1B0404CB))
