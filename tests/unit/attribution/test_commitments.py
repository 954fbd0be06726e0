"""What is no signature."""

import pytest

from monitor.attribution import attribute
from monitor.attribution.commitments import commitments, signed_text
from monitor.model import Coinbase, Output, PoolSlug
from monitor.registry import Kind, Pool, PoolRegistry

TAG = b"/Red/"
REGISTRY = PoolRegistry.of([Pool(PoolSlug("red"), "Red", Kind.POOL, tags=("/Red/",))])
HASH = TAG.ljust(32, b"\x11")
"""A hash in which the tag occurs by chance."""


def named(script: bytes, *outputs: bytes) -> str | None:
    return attribute(Coinbase(script, tuple(Output(0, output) for output in outputs)), REGISTRY).pool


AUXPOW = b"\xfa\xbe\x6d\x6d" + HASH + b"\x10\0\0\0" + bytes(4)


@pytest.mark.parametrize(
    "commitment",
    [AUXPOW, b"\x2c" + AUXPOW, b"\x29RSKBLOCK:" + HASH, b"\x4c\x29RSKBLOCK:" + HASH, b"\x24Hath" + HASH],
)
def test_a_merge_mining_hash_in_the_script_is_no_tag(commitment: bytes) -> None:
    assert named(b"\x03abc" + commitment + b"after") is None
    assert named(b"\x03abc" + commitment + TAG) == "red"
    assert named(b"\x03abc\x05" + TAG + commitment) == "red"


@pytest.mark.parametrize(
    "text",
    [
        b"\x3cMined by Hathaway of the northern meadows " + TAG + b" and company",
        b"\x3c$Hathaway of the northern meadows and of the " + TAG + b" company",
        b"RSKBLOCK:" + b" is what a worker may be called; " + TAG,
        b"\x0c\0\0\0\0\xfa\xbe\x6d\x6dabcd\x0asoftware12" + b"\x05" + TAG + b"with more text behind it",
        b"Hath" + TAG,
    ],
)
def test_a_mark_alone_hides_nothing(text: bytes) -> None:
    assert named(b"\x03abc" + text.replace(b"Mined by ", b"")) == "red"
    assert not commitments(Coinbase(b"\x03abc" + text, ()))


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
        b"\x27sys" + HASH + bytes(4),
        b"\x14OCB1" + HASH[:16],
        b"\x34Hath" + HASH + bytes(16),
        b"\x2c" + AUXPOW,
        b"\x24Hath" + HASH + b"\x29RSKBLOCK:" + HASH,
    ],
)
def test_a_commitment_in_an_output_is_no_tag_and_no_payout(commitment: bytes) -> None:
    output = b"\x6a" + commitment
    assert TAG not in signed_text(Coinbase(b"", (Output(0, output),)))
    assert named(TAG, output) == "red"
    assert {each.output for each in commitments(Coinbase(b"", (Output(0, output),)))} == {0}


def test_text_beside_a_commitment_in_an_output_is_read() -> None:
    output = Output(0, b"\x6a\x24\xaa\x21\xa9\xed" + HASH + b"\x05" + TAG)
    assert signed_text(Coinbase(b"", (output,))).count(TAG) == 1


def test_a_commitment_cut_out_leaves_no_tag_behind() -> None:
    assert named(b"/R" + AUXPOW + b"ed/") is None


@pytest.mark.parametrize("start", [b"\xfa\xbe\x6d\x6d", b"\x29RSKBLOCK:", b"\x24Hath", b"\x4c", b"\x4c\x29"])
def test_a_commitment_cut_short_is_no_trouble(start: bytes) -> None:
    for script in (start, start + b"\x11" * 5, b"\x03abc" + start):
        assert named(script) is None
        assert named(b"", b"\x6a" + script) is None
