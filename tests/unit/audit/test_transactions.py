"""Whole transactions are decoded: identifiers, weights, traits, and the scripts that they touch."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.blocks import Parent, Recipe, build

from monitor.audit.transactions import decode_spent, decode_transaction, decode_transactions, with_spent
from monitor.errors import WireError
from monitor.model import Output, Trait
from monitor.wire import double_sha256, encode_compact, encode_outputs

ANYONE = b"\x00\x14" + bytes(20)
KEY = b"\x20" + bytes(32) + b"\xac"
COIN = bytes(range(32)) + b"\x01\0\0\0"
MANY = b"\xfe\xff\xff\xff\xff"
"""A count of four thousand millions."""


def serialised(
    outputs: tuple[Output, ...] = (Output(1000, ANYONE),),
    *,
    script: bytes = b"",
    witness: tuple[bytes, ...] | None = None,
    version: int = 2,
) -> tuple[bytes, bytes]:
    """A transaction with one input, and what is hashed of it."""
    inputs = b"\x01" + COIN + encode_compact(len(script)) + script + b"\xff\xff\xff\xff"
    head, tail = version.to_bytes(4, "little"), bytes(4)
    stripped = head + inputs + encode_outputs(outputs) + tail
    if witness is None:
        return stripped, stripped
    items = encode_compact(len(witness)) + b"".join(encode_compact(len(each)) + each for each in witness)
    return head + b"\0\x01" + inputs + encode_outputs(outputs) + items + tail, stripped


@pytest.mark.parametrize("witness", [None, (b"s" * 71, b"k" * 33)])
def test_identifier_and_weight(witness: tuple[bytes, ...] | None) -> None:
    raw, stripped = serialised(witness=witness)

    found = decode_transaction(raw)

    assert found.txid == double_sha256(stripped)[::-1].hex()
    assert found.weight == 3 * len(stripped) + len(raw)
    assert found.spends == (COIN,)
    assert [*found.parents] == [bytes(range(32))[::-1].hex()]
    assert found.value_sat == 1000


@pytest.mark.parametrize(
    ("outputs", "traits"),
    [
        ((Output(0, b"\x6a\x04data"),), {Trait.OP_RETURN}),
        ((Output(0, b"\x6a\x4c\x60" + bytes(96)),), {Trait.OP_RETURN, Trait.LARGE_OP_RETURN}),
        ((Output(0, b"\x6a\x01a"), Output(0, b"\x6a\x01b")), {Trait.OP_RETURN, Trait.SEVERAL_OP_RETURN}),
        ((Output(0, b"\x6a\x5d\x01a"),), {Trait.OP_RETURN, Trait.RUNESTONE}),
        ((Output(1000, b"\x51\x21" + bytes(33) + b"\x51\xae"),), {Trait.BARE_MULTISIG}),
        ((Output(239, ANYONE),), {Trait.DUST}),
        ((Output(240, ANYONE),), set()),
    ],
)
def test_traits_of_outputs(outputs: tuple[Output, ...], traits: set[Trait]) -> None:
    assert decode_transaction(serialised(outputs)[0]).traits == traits


@pytest.mark.parametrize(
    ("witness", "traits"),
    [
        ((b"s" * 64,), set()),
        ((b"s" * 64, KEY + b"\x00\x63\x03ord\x01\x01\x01a\x68", b"\xc0" + bytes(32)), {Trait.INSCRIPTION}),
        ((b"s" * 64, b"\x00\x63\x4c\x80" + bytes(128) + b"\x68\x51", b"\xc1" + bytes(32)), {Trait.OTHER_DATA}),
    ],
)  # fmt: skip
def test_traits_of_witnesses(witness: tuple[bytes, ...], traits: set[Trait]) -> None:
    assert decode_transaction(serialised(witness=witness)[0]).traits == traits


def test_other_versions_are_a_trait() -> None:
    assert decode_transaction(serialised(version=3)[0]).traits == {Trait.VERSION}


def test_scripts_that_are_paid_or_shown_to_be_spent() -> None:
    script = b"s" * 40
    spent = b"\x00\x20" + sha256(script).digest()
    raw, _ = serialised(witness=(b"sig", script))

    found = decode_transaction(raw, frozenset({ANYONE, spent}))

    assert found.touches == {ANYONE, spent}
    assert found.spends_from == {spent}


def test_scripts_that_the_node_says_are_spent() -> None:
    taproot = b"\x51\x20" + bytes(32)
    found = decode_transaction(serialised(witness=(b"s" * 64,))[0], frozenset({taproot}))
    assert not found.touches

    assert with_spent(found, (Output(5, taproot),), frozenset({taproot})).spends_from == {taproot}


def test_the_transactions_of_a_block_without_its_coinbase() -> None:
    raw, _ = serialised()
    block = build(Parent("00" * 32, 5, 1_700_000_000), Recipe(transactions=(raw, raw)))

    assert [each.txid for each in decode_transactions(block.raw)] == 2 * [decode_transaction(raw).txid]


def test_what_a_block_spends() -> None:
    outputs = (Output(7, ANYONE), Output(8, b""))

    assert decode_spent(b"\x02\x00" + encode_outputs(outputs)) == [(), outputs]


@given(st.binary(max_size=400))
def test_other_bytes_are_refused(raw: bytes) -> None:
    for decode in (decode_transaction, decode_transactions, decode_spent):
        try:
            decode(raw)
        except WireError:
            continue


@given(st.integers(0, 150))
def test_a_transaction_that_ends_early_is_refused(length: int) -> None:
    raw, _ = serialised(witness=(b"s" * 71, b"k" * 33))
    if length < len(raw):
        with pytest.raises(WireError):
            decode_transaction(raw[:length])


@pytest.mark.parametrize(
    ("decode", "raw", "reason"),
    [
        (decode_transactions, bytes(80) + MANY, "4294967295 transactions cannot fit"),
        (decode_spent, MANY, "4294967295 transactions cannot fit"),
        (decode_transaction, bytes(4) + MANY, "4294967295 inputs cannot fit"),
        (decode_transaction, serialised(witness=())[0][:-5] + MANY, "a witness of so many items cannot fit"),
    ],
)
def test_a_count_that_no_block_can_have_is_refused_at_once(
    decode: Callable[[bytes], object], raw: bytes, reason: str
) -> None:
    """Nothing is reserved for what a stranger announces."""
    with pytest.raises(WireError, match=reason):
        decode(raw)


def test_nothing_may_follow() -> None:
    raw, _ = serialised()
    for decode, more in ((decode_transaction, raw + b"\0"), (decode_spent, b"\x01\x00\0")):
        with pytest.raises(WireError, match=r"more bytes|bytes follow"):
            decode(more)
