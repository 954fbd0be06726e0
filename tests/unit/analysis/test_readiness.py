"""What a block says about rules to come."""

from dataclasses import replace
from typing import Any

import pytest

from monitor.analysis.counting.rows import BIP323, is_bip54_ready, version_bits
from monitor.model import BlockRow

ROW = BlockRow(900_000, 1_700_000_000, 0x1D00FFFF, None, sequence=0xFFFF_FFFE, locktime=899_999)


@pytest.mark.parametrize(
    ("version", "bits"),
    [
        (0x2000_0000, 0),
        (0x2000_0010, 1 << 4),
        (0x27D6_0010, 1 << 4),  # a block that signalled for BIP110, and rolled bits of BIP320
        (0x2000_6000, 0),  # rolls bits 13 and 14 only
        (0x3FFF_E000, 0),  # all of BIP320's bits
        (0x2000_1FFF, 0x1FFF),
        (0x3FFF_FFFF, 0x1FFF),
        (0x0000_0004, 0),  # BIP65's version 4, from before version bits
        (0x6000_0010, 0),  # top bits 011
        (-1, 0),
        (-0x8000_0000 | 0x10, 0),
    ],
)
def test_bits_count_under_the_right_top_bits_and_outside_bip320(version: int, bits: int) -> None:
    assert version_bits(version, BIP323 - 1) == bits


@pytest.mark.parametrize(
    ("version", "bits"),
    [
        (0x2000_0000, 0),
        (0x2000_0010, 1 << 4),
        (0x2000_1FF0, 1 << 4),  # rolls bits 5 to 12 too
        (0x3FFF_FFE0, 0),  # all of BIP323's bits
        (0x3FFF_FFFF, 0x1F),
        (0x6000_0010, 0),
    ],
)
def test_from_bip323_on_only_the_lowest_five_bits_count(version: int, bits: int) -> None:
    assert version_bits(version, BIP323) == bits


def test_a_coinbase_locked_to_its_height_is_ready_for_bip54() -> None:
    assert is_bip54_ready(ROW)


@pytest.mark.parametrize(
    "wrong", [{"locktime": 900_000}, {"locktime": 899_998}, {"locktime": 0}, {"sequence": 0xFFFF_FFFF}]
)
def test_a_coinbase_with_another_lock_is_not(wrong: dict[str, Any]) -> None:
    assert not is_bip54_ready(replace(ROW, **wrong))
