"""What is no signature."""

import pytest

from monitor.attribution import attribute
from monitor.model import Coinbase, Output, PoolSlug
from monitor.registry import Kind, Pool, PoolRegistry

TAG = b"/Red/"
REGISTRY = PoolRegistry.of([Pool(PoolSlug("red"), "Red", Kind.POOL, tags=("/Red/",))])
HASH = TAG.ljust(32, b"\x11")
"""A hash in which the tag occurs by chance."""


def named(script: bytes, *outputs: bytes) -> str | None:
    return attribute(Coinbase(script, tuple(Output(0, output) for output in outputs)), REGISTRY).pool


@pytest.mark.parametrize(
    "commitment",
    [b"\xfa\xbe\x6d\x6d" + HASH + bytes(8), b"RSKBLOCK:" + HASH, b"Hath" + HASH],
    ids=["auxpow", "rootstock", "hathor"],
)
def test_a_merge_mining_hash_in_the_script_is_no_tag(commitment: bytes) -> None:
    assert named(b"\x03abc" + commitment + b"after") is None
    assert named(b"\x03abc" + commitment + TAG) == "red"
    assert named(b"\x03abc" + TAG + commitment) == "red"


@pytest.mark.parametrize(
    "commitment",
    [
        b"\x24\xaa\x21\xa9\xed" + HASH,
        b"\x29RSKBLOCK:" + HASH,
        b"\x4c\x29RSKBLOCK:" + HASH,
        b"\x24\xb9\xe1\x1b\x6d" + HASH,
        b"\x24Hath" + HASH,
        b"\x2dCORE\x01" + HASH + bytes(8),
        b"\x12EXSAT\x01" + TAG.ljust(12, b"\0"),
    ],
)
def test_a_commitment_in_an_output_is_no_tag_and_no_payout(commitment: bytes) -> None:
    assert named(b"", b"\x6a" + commitment) is None
    assert named(TAG, b"\x6a" + commitment) == "red"


def test_a_commitment_cut_out_leaves_no_tag_behind() -> None:
    assert named(b"/R" + b"Hath" + bytes(32) + b"ed/") is None


@pytest.mark.parametrize("start", [b"\xfa\xbe\x6d\x6d", b"RSKBLOCK:", b"Hath"])
def test_a_commitment_cut_short_is_no_trouble(start: bytes) -> None:
    assert named(start) is None
    assert named(start + b"\x11" * 5) is None
