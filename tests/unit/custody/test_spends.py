"""Spends of rewards are found in whole blocks, whatever else is in them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.blockdir import GENESIS
from support.blocks import ANYONE, Recipe, build

from monitor.custody.spends import coinbase_txid, find_spends
from monitor.errors import WireError
from monitor.model import BlockHash, Coinbase, CoinbaseSpend, Output
from monitor.wire import decode_block, double_sha256, encode_compact, encode_outputs

VAULT = bytes.fromhex("0014" + "11" * 20)
REWARD = BlockHash("ab" * 32)
COINBASE = Coinbase(b"\x01\x65/pool/", (Output(0, b"\x6a"), Output(50_0000_0000, ANYONE)), sequence=7, locktime=9)


def transaction(*spends: tuple[bytes, int], outputs: tuple[Output, ...], witness: bool = False) -> tuple[bytes, bytes]:
    """A transaction as it is hashed, and as it is serialised."""
    inputs = b"".join(txid + at.to_bytes(4, "little") + b"\x00" + b"\xff" * 4 for txid, at in spends)
    body = encode_compact(len(spends)) + inputs + encode_outputs(outputs)
    marker, tail = (b"\x00\x01", b"\x02\x01\xaa\x00" * len(spends)) if witness else (b"", b"")
    return b"\x02\0\0\0" + body + bytes(4), b"\x02\0\0\0" + marker + body + tail + bytes(4)


def block_with(*transactions: tuple[bytes, bytes]) -> bytes:
    """A block of these."""
    segwit = tuple((double_sha256(stripped), raw) for stripped, raw in transactions)
    return build(GENESIS, Recipe(segwit=segwit)).raw


def test_the_identifier_of_a_coinbase_is_that_of_its_transaction() -> None:
    block = build(GENESIS, Recipe(tag=b"/x/", witness=True))
    coinbase = decode_block(block.raw, height=1).coinbase
    assert coinbase_txid(coinbase) == block.header.merkle_root  # the only transaction


@pytest.mark.parametrize("witness", [False, True])
def test_a_spend_is_found_with_where_most_of_it_goes(*, witness: bool) -> None:
    own, other = coinbase_txid(COINBASE), b"\x77" * 32
    stripped, raw = transaction(
        (other, 0), (own, 1), outputs=(Output(10, b"\x51"), Output(4_000, VAULT), Output(90, VAULT)), witness=witness
    )
    block = block_with(transaction((other, 3), outputs=(Output(1, ANYONE),)), (stripped, raw))

    found = find_spends(block, {own: REWARD})

    assert found == [CoinbaseSpend(REWARD, 1, double_sha256(stripped)[::-1].hex(), VAULT)]
    assert find_spends(block, {}) == []


def test_a_transaction_that_pays_many_is_swept_to_none() -> None:
    own = coinbase_txid(COINBASE)
    halves = (Output(50, VAULT), Output(50, ANYONE))
    (spend,) = find_spends(block_with(transaction((own, 1), outputs=halves)), {own: REWARD})
    assert spend.swept_to is None


@given(st.data())
def test_damaged_blocks_are_refused_or_read_but_nothing_else(data: st.DataObject) -> None:
    own = coinbase_txid(COINBASE)
    raw = bytearray(block_with(transaction((own, 1), outputs=(Output(5, VAULT),), witness=True)))
    at = data.draw(st.integers(80, len(raw) - 1))
    raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(80, len(raw)))
    with suppress(WireError):
        find_spends(bytes(raw[:cut]), {own: REWARD})


def test_a_block_that_spends_a_reward_twice_is_refused() -> None:
    pay = (Output(1, VAULT),)
    twice = [transaction((coinbase_txid(COINBASE), 1), outputs=pay) for _ in range(2)]
    with pytest.raises(WireError, match="a reward is spent twice"):
        find_spends(block_with(*twice), {coinbase_txid(COINBASE): REWARD})


def test_a_count_that_no_block_can_have_is_refused_at_once() -> None:
    many = b"\xfe\xff\xff\xff\xff"
    with pytest.raises(WireError, match="4294967295 transactions cannot fit"):
        find_spends(bytes(80) + many, {})
    with pytest.raises(WireError, match="4294967295 parts of a transaction cannot fit"):
        find_spends(bytes(80) + b"\x01" + bytes(4) + many, {})
