"""Proofs that a block contains its coinbase: right, wrong, and made to break the decoder."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.consensus.merkle import MerkleBlock, coinbase_id, contradiction, decode_merkle_block, prove
from monitor.errors import WireError
from monitor.model import NO_BLOCK, Block, Coinbase, Header, Output
from monitor.wire import decode_header, double_sha256, encode_compact, encode_header

COINBASE = Coinbase(b"\x03abc/tag/", (Output(50, b"\x51"),))


def leaves(count: int, coinbase: Coinbase = COINBASE) -> list[bytes]:
    own = coinbase_id(Block(0, Header(NO_BLOCK, 1, NO_BLOCK, bytes(32), 0, 0, 0), 1, coinbase))
    return [own, *(double_sha256(bytes([each & 0xFF, each >> 8])) for each in range(1, count))]


def root_of(level: list[bytes]) -> bytes:
    while len(level) > 1:
        level = [*level, level[-1]] if len(level) % 2 else level
        level = [double_sha256(left + right) for left, right in zip(level[::2], level[1::2], strict=True)]
    return level[0]


def part(hashes: list[bytes], proved: set[int]) -> MerkleBlock:
    """The partial tree of some transactions, as a node builds it."""
    bits: list[bool] = []
    sent: list[bytes] = []

    def width(level: int) -> int:
        return (len(hashes) + (1 << level) - 1) >> level

    def visit(level: int, position: int) -> None:
        covered = range(position << level, min((position + 1) << level, len(hashes)))
        bits.append(not proved.isdisjoint(covered))
        if level == 0 or not bits[-1]:
            padded = hashes[covered.start : covered.stop]
            sent.append(subtree(padded, level))
            return
        visit(level - 1, 2 * position)
        if 2 * position + 1 < width(level - 1):
            visit(level - 1, 2 * position + 1)

    def subtree(below: list[bytes], level: int) -> bytes:
        for _ in range(level):
            below = [*below, below[-1]] if len(below) % 2 else below
            below = [double_sha256(a + b) for a, b in zip(below[::2], below[1::2], strict=True)]
        return below[0]

    visit((len(hashes) - 1).bit_length(), 0)
    flags = sum(bit << at for at, bit in enumerate(bits)).to_bytes((len(bits) + 7) // 8, "little")
    return MerkleBlock(Header(NO_BLOCK, 1, NO_BLOCK, root_of(hashes), 0, 0, 0), len(hashes), tuple(sent), flags)


def written(merkle: MerkleBlock) -> bytes:
    return b"".join((
        encode_header(merkle.header), merkle.tx_count.to_bytes(4, "little"),
        encode_compact(len(merkle.hashes)), *merkle.hashes, encode_compact(len(merkle.flags)), merkle.flags,
    ))  # fmt: skip


def block(count: int, coinbase: Coinbase = COINBASE) -> Block:
    header = decode_header(written(part(leaves(count), {0})))
    return Block(7, header, count, coinbase)


@given(st.integers(1, 70), st.data())
def test_a_part_of_a_tree_proves_what_it_was_made_for(count: int, data: st.DataObject) -> None:
    hashes = leaves(count)
    proved = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    result = prove(part(hashes, proved))
    assert result.root == root_of(hashes)
    assert result.transactions == {at: hashes[at] for at in proved}


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 3000])
def test_a_coinbase_is_proved(count: int) -> None:
    assert contradiction(written(part(leaves(count), {0})), block(count)) is None


def test_another_coinbase_is_not() -> None:
    other = replace(COINBASE, script=b"\x03abc/other/")
    proof = written(part(leaves(5), {0}))
    assert "begins with another transaction" in str(contradiction(proof, block(5, other)))


def test_a_tree_with_another_root_is_not() -> None:
    other = replace(COINBASE, script=b"\x03abc/other/")
    forged = part(leaves(5, other), {0})
    proof = written(forged._replace(header=block(5).header))
    assert "another root" in str(contradiction(proof, block(5, other)))


def test_a_proof_of_another_transaction_is_not() -> None:
    assert "begins with another" in str(contradiction(written(part(leaves(5), {1})), block(5)))


def test_a_proof_for_another_block_is_not() -> None:
    assert "for block" in str(contradiction(written(part(leaves(5), {0})), block(6)))


def test_the_number_of_transactions_must_be_that_of_the_block() -> None:
    claimed = replace(block(5), tx_count=6)
    assert "5 transactions, not 6" in str(contradiction(written(part(leaves(5), {0})), claimed))


def test_equal_branches_are_refused() -> None:
    """CVE-2012-2459: a list whose end is repeated has the same root."""
    hashes = leaves(6)
    longer = [*hashes, *hashes[4:]]
    assert root_of(longer) == root_of(hashes)
    with pytest.raises(WireError, match="equal"):
        prove(part(longer, {4}))


GOOD = part(leaves(5), {0})


@pytest.mark.parametrize(
    "wrong",
    [
        GOOD._replace(tx_count=0),
        GOOD._replace(tx_count=2**32 - 1),
        GOOD._replace(tx_count=2),
        GOOD._replace(tx_count=66_666),
        GOOD._replace(hashes=GOOD.hashes[:-1]),
        GOOD._replace(hashes=(*GOOD.hashes, bytes(32))),
        GOOD._replace(hashes=()),
        GOOD._replace(flags=b""),
        GOOD._replace(flags=GOOD.flags + b"\0"),
        GOOD._replace(flags=bytes((GOOD.flags[0] | 0x80,))),
        GOOD._replace(flags=b"\xff"),
        GOOD._replace(flags=b"\0"),
    ],
)
def test_a_broken_tree_is_refused(wrong: MerkleBlock) -> None:
    with pytest.raises(WireError):
        prove(wrong)
    assert contradiction(written(wrong), block(5))


@given(st.binary(max_size=300))
def test_any_bytes_at_all(data: bytes) -> None:
    assert contradiction(data, block(5))


@given(st.data())
def test_a_damaged_proof_is_refused_or_proves_the_same(data: st.DataObject) -> None:
    whole = written(GOOD)
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:at] + data.draw(st.binary(max_size=9)) + whole[at + data.draw(st.integers(0, 9)) :]
    if contradiction(damaged, block(5)) is None:
        assert damaged == whole


def test_nothing_may_follow_a_merkle_block() -> None:
    with pytest.raises(WireError, match="bytes in"):
        decode_merkle_block(written(GOOD) + b"\0")


def test_more_hashes_than_a_block_has_transactions_are_refused_at_once() -> None:
    with pytest.raises(WireError, match="4294967295 hashes are more"):
        decode_merkle_block(bytes(84) + b"\xfe\xff\xff\xff\xff")
