"""What of a coinbase tells its miner from others."""

import pytest

from monitor.attribution.fingerprint import Fingerprint, fingerprint
from monitor.model import Coinbase, Output

PAYEE = b"\x00\x14" + bytes(range(20))
OTHER = b"\x76\xa9\x14" + bytes(20) + b"\x88\xac"


def payout(*outputs: Output) -> bytes | None:
    return fingerprint(Coinbase(b"", outputs)).payout


def test_the_payout_is_the_script_that_takes_most_of_the_reward() -> None:
    assert payout(Output(2, OTHER), Output(98, PAYEE), Output(0, b"\x6a\x04note")) == PAYEE


def test_without_a_majority_the_largest_payee_is_one_customer_among_many() -> None:
    assert payout(Output(50, PAYEE), Output(30, OTHER), Output(20, OTHER)) is None


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"\x51",
        b"\x6a\x04note",
        b"\x51\x02\x4e\x73",
        bytes.fromhex("a914da1745e9b549bd0bfa1a569971c77eba30cd5a4b87"),
        bytes.fromhex("00204ae81572f06e1b88fd5ced7a1a000945432e83e1551e6f721ee9c00b8cc33260"),
        PAYEE + b"\x75",
    ],
    ids=["empty", "OP_TRUE", "OP_RETURN", "anchor", "P2SH of OP_TRUE", "P2WSH of OP_TRUE", "no standard form"],
)
def test_a_script_that_needs_no_key_is_nobodys(script: bytes) -> None:
    assert payout(Output(100, script)) is None


@pytest.mark.parametrize(
    "script",
    [
        OTHER,
        b"\xa9\x14" + bytes(20) + b"\x87",
        PAYEE,
        b"\x00\x20" + bytes(32),
        b"\x51\x20" + bytes(32),
        b"\x21\x02" + bytes(32) + b"\xac",
        b"\x41\x04" + bytes(64) + b"\xac",
    ],
    ids=["p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr", "p2pk", "p2pk of old"],
)
def test_standard_forms_are_somebodys(script: bytes) -> None:
    assert payout(Output(100, script)) == script


def test_a_commitment_to_another_chain_is_no_text() -> None:
    assert (
        fingerprint(Coinbase(b"\x03abc\xfa\xbemm" + b"x" * 32 + b"\1\0\0\0xxxx" + b"/meadow/", ())).text == "/meadow/"
    )


def test_the_structure_tells_how_it_is_built() -> None:
    script = b"\x03\x80\x86\x0d\x00\x04\x36\x12\xc8\x67\x04\xd7\x59\x13\x1e\nckpool\x03xmi"
    found = fingerprint(Coinbase(script, (Output(100, PAYEE), Output(0, b"\x6a\x24\xaa\x21\xa9\xed" + bytes(32)))))
    assert found.structure == "pushes 0 4 4; 1 paid, most to p2wpkh; 1 notes; not merge-mined"
    assert found.text == "xmi"


def test_a_short_text_counts_only_together_with_the_structure() -> None:
    one, other = (Fingerprint(None, "xmi", structure) for structure in ("a", "b"))
    assert one.shape != other.shape
    one, other = (Fingerprint(None, "/meadow/", structure) for structure in ("a", "b"))
    assert one.shape == other.shape
