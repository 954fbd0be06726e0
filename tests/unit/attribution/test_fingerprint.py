"""What of a coinbase tells its miner from others."""

import pytest

from monitor.attribution.fingerprint import Fingerprint, Structure, fingerprint
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
    assert found.structure == Structure((0, 4, 4), payouts=1, main="p2wpkh", data_outputs=1)
    assert str(found.structure) == (
        "extra pushes of 0, 4 and 4 bytes, one payout (P2WPKH), one data output, no merge mining"
    )
    assert found.text == "xmi"


@pytest.mark.parametrize(
    ("structure", "text"),
    [
        (Structure(), "no extra pushes, no payouts, no data outputs, no merge mining"),
        (
            Structure((4,), payouts=4, main="p2pkh", data_outputs=2, merge_mined=True),
            "an extra push of 4 bytes, four or more payouts, most to P2PKH, two data outputs, merge mining",
        ),
        (
            Structure((4, 8), payouts=2, data_outputs=4),
            "extra pushes of 4 and 8 bytes, two payouts, four or more data outputs, no merge mining",
        ),
    ],
)
def test_a_structure_is_said_in_plain_words(structure: Structure, text: str) -> None:
    assert str(structure) == text


def test_what_pseudonyms_depend_on_stays() -> None:
    built = Structure((0, 4, 4), payouts=4, main="p2wpkh", data_outputs=1)
    assert built.key == "pushes 0 4 4; 4+ paid, most to p2wpkh; 1 notes; not merge-mined"
    assert Structure(merge_mined=True).key == "pushes none; 0 paid, most to none; 0 notes; merge-mined"
    assert Fingerprint(None, "xmi", built).digest[:8] == "a47ede90"


def test_a_short_text_counts_only_together_with_the_structure() -> None:
    one, other = (Fingerprint(None, "xmi", structure) for structure in (Structure(), Structure((4,))))
    assert one.shape != other.shape
    one, other = (Fingerprint(None, "/meadow/", structure) for structure in (Structure(), Structure((4,))))
    assert one.shape == other.shape
