"""Which evidence decides."""

import pytest
from embit import base58

from monitor.attribution import Custodian, Kind, Pool, Registry, attribute
from monitor.attribution.address import script_of
from monitor.model import Attribution, Coinbase, Method, Output, PoolSlug


def address(number: int) -> str:
    return base58.encode_check(b"\0" + bytes([number]) * 20)


RED, BLUE, SHARED, STRANGER = map(address, (1, 2, 3, 9))


def pool(slug: str, **marks: tuple[str, ...]) -> Pool:
    return Pool(PoolSlug(slug), slug.title(), Kind.POOL, **marks)


REGISTRY = Registry.of(
    [
        pool("red", addresses=(RED,), tags=("/Red/", "Red Pool of Old")),
        pool("blue", addresses=(BLUE,), tags=("/Blue/", "/Red/Blue Annex/")),
        pool("plain", plain_tags=("meadow",)),
        pool("short", tags=("solo",)),
        pool("long", tags=("/solo.example/",)),
        pool("fish", tags=("🐟", "七彩")),
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


def test_the_largest_output_outranks_everything() -> None:
    found = judge(b"/Blue/", pay(BLUE, 1), pay(RED, 99))
    assert (found.pool, found.method, found.evidence) == ("red", Method.ADDRESS, RED)
    assert found.conflict
    assert [(c.pool, c.evidence) for c in found.candidates] == [("red", RED), ("blue", BLUE), ("blue", "/Blue/")]


def test_an_address_on_a_side_output_outranks_a_tag() -> None:
    found = judge(b"/Red/", pay(STRANGER, 99), pay(BLUE, 1))
    assert (found.pool, found.method, found.conflict) == ("blue", Method.ADDRESS, True)


def test_an_output_without_value_pays_nobody() -> None:
    assert judge(b"/Red/", pay(STRANGER, 99), pay(BLUE, 0)).pool == "red"


def test_where_no_output_has_a_value_each_counts_as_main() -> None:
    assert judge(b"/Red/", pay(BLUE, 0)).pool == "blue"


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
    assert judge(b"/Blue/ Red Pool of Old").pool == "red"


def test_a_tag_inside_a_longer_one_says_nothing_of_its_own() -> None:
    found = judge(b"..../Red/Blue Annex/")
    assert (found.pool, found.conflict, len(found.candidates)) == ("blue", False, 1)


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


def test_a_tag_in_an_op_return_output_counts() -> None:
    assert judge(b"", pay(STRANGER), Output(0, b"\x6a\x05/Red/")).pool == "red"


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


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.attribution.match._MAX_VERDICTS", 2)
    registry = Registry.of(REGISTRY.pools.values())
    for script in (b"/Red/", b"/Blue/", b"meadow", b"solo", b"/Red/ /Blue/"):
        attribute(Coinbase(script, ()), registry)
        assert 0 < len(registry.verdicts) <= 2
