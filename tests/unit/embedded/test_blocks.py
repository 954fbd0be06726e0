"""Blocks of the embedded node are blocks by every rule but the proof of work."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.embedded.blocks import Signature, Template, genesis, seal, unsigned
from monitor.model import BlockHash, Output, PoolSlug
from monitor.wire import bip34_height, decode_block, double_sha256, encode_coinbase

PARENT = BlockHash("ab" * 32)
FOUNDRY = Signature(b"/Foundry USA Pool #dropgold/", b"\x00\x14" + b"\x07" * 20)
TEMPLATE = Template(
    height=921_341, parent=PARENT, time=1_761_753_343, bits=0x1701CDFB, signature=FOUNDRY, serial=7, transactions=24
)


def test_a_block_carries_tag_payout_height_time_and_target() -> None:
    sealed = seal(TEMPLATE)
    block = decode_block(sealed.raw, height=TEMPLATE.height)
    assert (block.hash, block.tx_count) == (sealed.hash, 25)
    assert (block.header.parent, block.header.time, block.header.bits) == (PARENT, TEMPLATE.time, TEMPLATE.bits)
    assert FOUNDRY.tag in block.coinbase.script
    assert len(block.coinbase.script) <= 100
    assert bip34_height(block.coinbase.script) == TEMPLATE.height
    paid = block.coinbase.outputs[0]
    assert paid.script == FOUNDRY.script
    assert 0 <= paid.value_sat - 312_500_000 < 4_000_000


def test_only_the_beginning_is_needed_and_the_whole_is_longer() -> None:
    sealed = seal(TEMPLATE)
    assert len(sealed.raw) > 2048 > len(sealed.head)
    assert decode_block(sealed.head, height=TEMPLATE.height).hash == sealed.hash


@pytest.mark.parametrize("transactions", [0, 1, 2, 3, 7, 24])
def test_merkle_root_and_witness_commitment_cover_all_transactions(transactions: int) -> None:
    sealed = seal(replace(TEMPLATE, transactions=transactions))
    coinbase = decode_block(sealed.raw, height=TEMPLATE.height).coinbase
    fillers = list(sealed.filling.ids)
    assert sealed.header.merkle_root == _merkle_root([double_sha256(encode_coinbase(coinbase)), *fillers])
    commitment = double_sha256(_merkle_root([bytes(32), *fillers]) + bytes(32))
    assert coinbase.outputs[-1] == Output(0, b"\x6a\x24\xaa\x21\xa9\xed" + commitment)
    assert len(set(fillers)) == transactions


def _merkle_root(ids: list[bytes]) -> bytes:
    """Satoshi's own way: row by row, the last of an odd row twice."""
    while len(ids) > 1:
        ids += ids[-1:] if len(ids) % 2 else []
        ids = [double_sha256(ids[at] + ids[at + 1]) for at in range(0, len(ids), 2)]
    return ids[0]


def test_an_empty_block_pays_the_subsidy_alone() -> None:
    block = decode_block(seal(replace(TEMPLATE, transactions=0)).raw, height=TEMPLATE.height)
    assert (block.tx_count, block.coinbase.value_sat) == (1, 312_500_000)


def test_the_serial_makes_blocks_differ_and_nothing_else_is_random() -> None:
    assert seal(TEMPLATE) == seal(TEMPLATE)
    assert seal(TEMPLATE).hash != seal(replace(TEMPLATE, serial=8)).hash


@pytest.mark.parametrize("height", [1, 16, 17, 127, 128, 255, 256, 32_767, 32_768, 8_388_607, 8_388_608])
def test_every_height_is_written_as_bip34_wants_it(height: int) -> None:
    script = decode_block(seal(replace(TEMPLATE, height=height)).raw, height=height).coinbase.script
    assert bip34_height(script) == height


def test_a_tag_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="90 bytes does not fit"):
        seal(replace(TEMPLATE, signature=Signature(b"x" * 90, b"\x51")))


def test_a_miner_nobody_knows_has_no_tag_and_a_script_of_its_own() -> None:
    some, other = unsigned(PoolSlug("some")), unsigned(PoolSlug("other"))
    assert some.tag == b""
    assert some.script != other.script
    assert some == unsigned(PoolSlug("some"))


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("main", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"),
        ("regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"),
    ],
)
def test_the_genesis_blocks_are_the_real_ones(network: str, expected: str) -> None:
    first = genesis(network)
    assert first.hash == expected
    assert decode_block(first.raw, height=0).coinbase.value_sat == 50_0000_0000
    assert len(first.raw) == 285
