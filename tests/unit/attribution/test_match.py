"""Which evidence decides."""

import gc
from dataclasses import replace
from typing import Any
from weakref import WeakSet

import pytest
from embit import base58

from monitor.attribution import attribute
from monitor.model import Attribution, Coinbase, Confidence, Method, Output, PoolSlug
from monitor.registry import Custodian, Kind, Place, Pool, PoolRegistry
from monitor.registry.address import script_of


def address(number: int) -> str:
    return str(base58.encode_check(b"\0" + bytes([number]) * 20))


RED, RED_TOO, BLUE, TEAL, SHARED, STRANGER = map(address, (1, 4, 2, 5, 3, 9))


def pool(slug: str, **marks: Any) -> Pool:  # noqa: ANN401 -- passed on
    return Pool(PoolSlug(slug), slug.title(), Kind.POOL, **marks)


REGISTRY = PoolRegistry.of(
    [
        pool("red", addresses=(RED, RED_TOO), tags=("/Red/", "Red Pool of Old")),
        pool("blue", addresses=(BLUE,), tags=("/Blue/", "/Red/Blue Annex/")),
        pool("grey", tags=("/Grey/",)),
        pool("teal", addresses=(TEAL,), tags=("/Teal/",)),
        pool("plain", plain_tags=("meadow",)),
        pool("short", tags=("solo",)),
        pool("long", tags=("/solo.example/",)),
        pool("fish", tags=("🐟", "七彩")),
        replace(pool("signer", tags=("Signer",)), place=Place.START),
    ],
    [Custodian("Bank", (SHARED,))],
)


def pay(to: str, value: int = 100) -> Output:
    return Output(value, script_of(to, "main"))


def judge(script: bytes = b"", *outputs: Output) -> Attribution:
    return attribute(Coinbase(script, outputs), REGISTRY)


def test_nothing_known_is_unknown() -> None:
    found = judge(b"\x03abc hello", pay(STRANGER))
    assert (found.pool, found.method, found.evidence, found.conflict, found.candidates) == (None, None, "", False, ())
    assert found.registry == REGISTRY.hash


def test_the_pool_that_is_paid_most_of_the_reward_outranks_a_tag() -> None:
    found = judge(b"/Blue/", pay(BLUE, 1), pay(RED, 99))
    assert (found.pool, found.method, found.evidence) == ("red", Method.ADDRESS, RED)
    assert found.conflict
    assert [(c.pool, c.evidence) for c in found.candidates] == [("red", RED), ("blue", "/Blue/"), ("blue", BLUE)]


def test_all_scripts_of_a_pool_are_added_up() -> None:
    assert judge(b"/Blue/", pay(STRANGER, 50), pay(RED, 25), pay(RED_TOO, 25)).pool == "red"
    assert judge(b"/Blue/", pay(STRANGER, 51), pay(RED, 25), pay(RED_TOO, 24)).pool == "blue"


def test_a_tag_outranks_a_payout_of_less_than_half() -> None:
    found = judge(b"/Red/", pay(STRANGER, 60), pay(BLUE, 40))
    assert (found.pool, found.method, found.conflict) == ("red", Method.TAG, True)


def test_a_substantial_payout_outranks_a_generic_tag() -> None:
    assert judge(b"meadow", pay(STRANGER, 95), pay(BLUE, 5)).pool == "blue"


@pytest.mark.parametrize("value", [1, 546, 4_999_999])
def test_a_smaller_payout_decides_and_contradicts_nothing(value: int) -> None:
    alone = judge(b"..", pay(STRANGER, 100_000_000 - value), pay(BLUE, value))
    assert (alone.pool, alone.conflict) == (None, False)
    assert [candidate.pool for candidate in alone.candidates] == ["blue"]
    beside = judge(b"meadow", pay(STRANGER, 100_000_000 - value), pay(BLUE, value))
    assert (beside.pool, beside.conflict) == ("plain", False)


def test_of_two_substantial_payouts_the_larger_decides() -> None:
    found = judge(b"", pay(STRANGER, 60), pay(BLUE, 15), pay(RED, 25))
    assert (found.pool, found.conflict) == ("red", True)


def test_equal_payouts_are_broken_by_the_tag_and_never_by_the_alphabet() -> None:
    assert judge(b"/Red/", pay(RED, 50), pay(BLUE, 50)).pool == "red"
    assert judge(b"/Blue/", pay(RED, 50), pay(BLUE, 50)).pool == "blue"
    found = judge(b"", pay(RED, 50), pay(BLUE, 50))
    assert (found.pool, found.method, found.evidence, found.conflict) == (None, None, "", True)
    assert {candidate.pool for candidate in found.candidates} == {"red", "blue"}


def test_equal_tags_are_broken_by_a_payout_and_never_by_the_alphabet() -> None:
    found = judge(b"xx /Teal//Grey/")
    assert (found.pool, found.conflict) == (None, True)
    assert judge(b"xx /Teal//Grey/", pay(STRANGER, 90), pay(TEAL, 10)).pool == "teal"


def test_an_output_without_value_pays_nobody() -> None:
    assert judge(b"/Red/", pay(STRANGER, 99), pay(BLUE, 0)).candidates == judge(b"/Red/").candidates


def test_where_no_output_has_a_value_each_that_can_be_spent_counts_alike() -> None:
    assert judge(b"/Red/", pay(BLUE, 0), Output(0, b"\x6a\x01\x00")).pool == "blue"
    assert judge(b"/Red/", pay(BLUE, 0), pay(STRANGER, 0), pay(SHARED, 0)).pool == "red"


def test_address_and_tag_of_one_pool_are_no_conflict() -> None:
    found = judge(b"/Red/", pay(RED))
    assert (found.pool, found.conflict, len(found.candidates)) == ("red", False, 2)


def test_a_custodians_address_never_names_a_pool() -> None:
    assert judge(b"", pay(SHARED)).pool is None
    found = judge(b"/Blue/", pay(SHARED))
    assert (found.pool, found.method, found.conflict) == ("blue", Method.TAG, False)


def test_a_specific_tag_outranks_a_longer_plain_word() -> None:
    found = judge(b"meadow /Red/")
    assert (found.pool, found.conflict) == ("red", True)
    assert judge(b"meadow").pool == "plain"


def test_the_longest_tag_wins_among_equals() -> None:
    assert judge(b"xx /Blue/ Red Pool of Old").pool == "red"


def test_the_tag_where_the_text_starts_wins_over_a_longer_one() -> None:
    found = judge(b"\x03abc\x16/Blue/ Red Pool of Old")
    assert (found.pool, found.conflict) == ("blue", True)


def test_a_tag_inside_a_longer_one_says_nothing_of_its_own() -> None:
    found = judge(b"..../Red/Blue Annex/")
    assert (found.pool, found.conflict, len(found.candidates)) == ("blue", False, 1)
    assert judge(b"/Red/ and /Red/Blue Annex/").conflict, "here the shorter one stands alone, too"


def test_a_tag_inside_another_pools_is_generic() -> None:
    assert judge(b"/solo.example/").pool == "long"
    assert not judge(b"/solo.example/").conflict
    assert judge(b"solo /Red/").pool == "red"
    assert judge(b"solo").pool == "short"


def test_a_complete_signature_is_specific_though_a_longer_one_holds_it() -> None:
    assert judge(b"/Red/Mined by meadow/").pool == "red"


@pytest.mark.parametrize("tag", ["🐟", "七彩"])
def test_tags_are_bytes_of_utf8(tag: str) -> None:
    found = judge(b"\x03\xff\xfe" + tag.encode() + b"\xff")
    assert (found.pool, found.evidence) == ("fish", tag)
    assert judge(tag.encode()[:-1]).pool is None


def test_text_where_a_worker_or_customer_can_write_is_a_remark() -> None:
    for written in (
        judge(b"x", pay(STRANGER), Output(0, b"\x6a\x05/Red/")),
        judge(b"\x03abc\x0c/My/Mined by /Red/"),
        judge(b"\x03abc\x0bMine\x0f/Red/\0"),
        judge(b"\x03abcSv2/mine/Red Pool of Old/"),
    ):
        assert (written.pool, written.conflict, [each.pool for each in written.candidates]) == (None, False, ["red"])


@pytest.mark.parametrize(
    "script",
    [
        b"\x03abc\x09/Signer/Mined by Red Pool of Old/",
        b"\x03abc\x1b< Signer >\x0fRed Pool of Old\0",
        b"\x03abc\x04time/Signer/Red Pool of Old",
        b"\x03abc\x0fMined by Signer Red Pool of Old",
        b"\x00Signer Red Pool of Old",
    ],
)
def test_a_signature_in_its_place_outranks_every_other_tag(script: bytes) -> None:
    assert judge(script).pool == "signer"


def test_a_tag_outside_of_its_pools_place_names_it_only_where_nothing_better_does() -> None:
    alone = judge(b"\x03abc\x0cnoise ... Signer")
    assert (alone.pool, alone.confidence) == ("signer", Confidence.LOW)
    beside = judge(b"\x03abc\x0b/Red/Signer")
    assert (beside.pool, beside.conflict) == ("red", True)


def test_confidence_says_what_a_forger_would_have_paid() -> None:
    def confidence(script: bytes, *outputs: Output) -> Confidence | None:
        return judge(script, *outputs).confidence

    assert confidence(b"", pay(RED)) == confidence(b"/Red/", pay(RED)) == Confidence.HIGH
    assert confidence(b"/Red/", pay(RED, 50), pay(STRANGER, 45), pay(BLUE, 5)) is Confidence.HIGH
    assert confidence(b"/Blue/", pay(RED)) is Confidence.MEDIUM, "another pool signs"
    assert confidence(b"/Red/", pay(RED, 5), pay(STRANGER, 95)) is Confidence.MEDIUM
    assert confidence(b"/Red/", pay(RED, 5), pay(BLUE, 5), pay(STRANGER, 90)) is Confidence.LOW
    assert confidence(b"/Red/", pay(RED, 4), pay(STRANGER, 96)) is Confidence.LOW, "a remark buys nothing"
    assert confidence(b"/Red/") == confidence(b"/Red/", pay(STRANGER)) == confidence(b"meadow") == Confidence.LOW
    assert confidence(b"", pay(RED, 5), pay(STRANGER, 95)) is Confidence.LOW
    assert confidence(b"", pay(STRANGER)) is None


def test_a_tag_is_not_found_across_the_seam_of_two_outputs() -> None:
    assert judge(b"/Re", Output(0, b"d/")).pool is None
    assert judge(b"x/Re", Output(0, b"\x6ad/")).pool is None


def test_other_letter_case_names_a_pool_only_where_nothing_else_does() -> None:
    found = judge(b"red pool OF OLD")
    assert (found.pool, found.evidence) == ("red", "Red Pool of Old")
    assert judge(b"red pool OF OLD /Blue/").conflict is False
    assert judge(b"/red/").pool is None, "five bytes in any case are found by chance"


@pytest.mark.parametrize("outputs", [(), (pay(STRANGER),)])
def test_verdicts_remembered_are_the_same(outputs: tuple[Output, ...]) -> None:
    assert judge(b"/Red/", *outputs) == judge(b"other /Red/", *outputs)


def test_a_registry_that_was_replaced_is_not_kept_for_what_it_decided() -> None:
    kept = WeakSet[PoolRegistry]()
    for number in range(6):
        registry = PoolRegistry.of([pool(f"red{number}", tags=("/Red/",))], [])
        kept.add(registry)
        assert attribute(Coinbase(b"/Red/", (pay(STRANGER),)), registry).pool == f"red{number}"
    del registry
    gc.collect()
    assert len(kept) <= 2
