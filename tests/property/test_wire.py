"""Whatever the bytes are: a block, a wish for more of them, or one typed error."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.hostile import check_block, check_coinbase, check_outputs

from monitor.errors import Truncated
from monitor.model import Block, BlockHash, Coinbase, Header, Output
from monitor.wire import (
    MAX_MONEY_SAT,
    decode_block,
    decode_header,
    difficulty,
    encode_coinbase,
    encode_compact,
    encode_header,
    work,
)

UINT32 = st.integers(0, 2**32 - 1)
INT32 = st.integers(-(2**31), 2**31 - 1)
HASHES = st.binary(min_size=32, max_size=32)
OUTPUTS = st.builds(Output, st.integers(0, MAX_MONEY_SAT // 5), st.binary(max_size=300))
COINBASES = st.builds(
    Coinbase, st.binary(max_size=300), st.lists(OUTPUTS, max_size=5).map(tuple),
    version=INT32, sequence=UINT32, locktime=UINT32,
)  # fmt: skip
EXTENSIONS = st.binary(min_size=84, max_size=84).map(lambda each: each[:30] + bytes((each[30] & 0x3F,)) + each[31:])
"""Without the flags that are reserved."""
HEADERS = st.builds(
    Header, hash=st.just(BlockHash("")), version=st.integers(0, 2**31 - 1),
    parent=HASHES.map(lambda each: BlockHash(each.hex())), merkle_root=HASHES, time=UINT32, bits=UINT32, nonce=UINT32,
    extension=st.just(b"") | EXTENSIONS,
)  # fmt: skip
WITNESSES = st.none() | st.binary(max_size=300)
COUNTS = st.integers(1, 66_666)


@st.composite
def written(draw: st.DrawFn) -> tuple[Block, bytes]:
    """A block and its bytes as far as the coinbase."""
    header, coinbase, count = draw(HEADERS), draw(COINBASES), draw(COUNTS)
    data = encode_header(header) + encode_compact(count) + encode_coinbase(coinbase, witness=draw(WITNESSES))
    return Block(7, decode_header(data), count, coinbase), data


@given(written(), st.binary(max_size=50))
def test_what_was_written_is_read(block: tuple[Block, bytes], behind: bytes) -> None:
    expected, data = block
    assert decode_block(data + behind, height=7) == expected


@given(written(), st.data())
def test_a_reader_that_fetches_more_whenever_asked_gets_there(block: tuple[Block, bytes], data: st.DataObject) -> None:
    expected, whole = block
    have = data.draw(st.integers(0, len(whole)))
    while have < len(whole):
        with pytest.raises(Truncated):
            decode_block(whole[:have], height=7)
        have += data.draw(st.integers(1, 100))
    assert decode_block(whole[:have], height=7) == expected


@given(st.binary(max_size=500))
@example(bytes(80) + b"\xff" * 9)
def test_any_bytes_at_all(data: bytes) -> None:
    check_block(data)
    check_coinbase(data)
    check_outputs(data)


@given(written(), st.data())
def test_a_block_with_damage(block: tuple[Block, bytes], data: st.DataObject) -> None:
    _, whole = block
    at = data.draw(st.integers(0, len(whole)))
    damaged = whole[:at] + data.draw(st.binary(max_size=9)) + whole[at + data.draw(st.integers(0, 9)) :]
    check_block(damaged)
    check_coinbase(damaged[81:])


@given(st.integers(6, 32), st.integers(0x8000, 0x7FFFFF))
def test_work_and_difficulty_agree(exponent: int, mantissa: int) -> None:
    bits = exponent << 24 | mantissa
    assert difficulty(bits) * 2**48 / 0xFFFF == pytest.approx(work(bits), rel=1e-9, abs=1.001)


@given(UINT32)
def test_work_of_any_target_is_a_whole_number_of_hashes(bits: int) -> None:
    assert 0 <= work(bits) <= 2**255
