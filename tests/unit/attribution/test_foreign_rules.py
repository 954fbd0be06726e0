"""How two other systems decide, to be compared with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.attribution.foreign_rules import CrateRules, ForeignRules, MempoolRules, as_pattern
from monitor.model import Coinbase, Method, Output
from monitor.registry.address import script_of
from monitor.registry.upstream import Listed, PoolList

A, B = "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY", "1Bf9sZvBHPFGVPX71WX2njhd1NXKv5y7v5"
RED = Listed("Red", (A,), ("/Red/",))
BLUE = Listed("Blue", (B,), ("/Blue/",))


def known(*pools: Listed) -> PoolList:
    return PoolList("test", pools)


def named(rules: ForeignRules, script: bytes, *paid: tuple[str, int]) -> tuple[str, Method, str] | None:
    outputs = tuple(Output(value, script_of(address, "main")) for address, value in paid)
    verdict = rules.judge(Coinbase(script, outputs))
    return (verdict.pool.name, verdict.method, verdict.mark) if verdict else None


def test_mempool_asks_each_pool_for_address_and_tag_before_the_next() -> None:
    assert named(MempoolRules(known(RED, BLUE)), b"/Red/", (B, 5)) == ("Red", Method.TAG, "/Red/")
    assert named(MempoolRules(known(BLUE, RED)), b"/Red/", (B, 5)) == ("Blue", Method.ADDRESS, B)
    assert named(MempoolRules(known(RED)), b"/Red/", (A, 5)) == ("Red", Method.ADDRESS, A)


def test_mempool_passes_over_outputs_without_value() -> None:
    assert named(MempoolRules(known(RED)), b"", (A, 0)) is None


def test_mempool_knows_no_addresses_off_mainnet() -> None:
    assert named(MempoolRules(known(RED), "signet"), b"", (A, 5)) is None
    assert named(MempoolRules(known(RED), "signet"), b"/Red/") == ("Red", Method.TAG, "/Red/")


@pytest.mark.parametrize(
    ("tag", "text", "found"),
    [
        ("/Red/", b"xx/rED/xx", True),
        ("a.c", b"abc", True),
        ("a.c", b"a\nc", False),
        ("a.c", b"a\rc", False),
        ("red$", b"red\n", False),
        ("red$", b"red", True),
        ("/$Mined", b"/$Mined", False),
        ("七彩神仙鱼", "七彩神仙鱼".encode(), False),
        ("é", b"\xc9", True),
        ("k", "\u212a".encode(), False),  # the Kelvin sign, which Python takes for a k
        ("(red)", b"red", False),  # not translated, so never found
        ("*red", b"*red", False),  # no regular expression
        ("re++d", b"red", False),
    ],
)
def test_mempool_reads_tags_as_javascript_does(tag: str, text: bytes, found: bool) -> None:  # noqa: FBT001
    verdict = MempoolRules(known(Listed("Red", (), (tag,)))).judge(Coinbase(text, ()))
    assert (verdict is not None) is found


@given(st.text(max_size=20), st.binary(max_size=100))
def test_no_tag_and_no_script_is_too_strange(tag: str, script: bytes) -> None:
    pattern = as_pattern(tag)
    if pattern:
        pattern.search(script.decode("latin-1"))


def test_the_crate_asks_for_addresses_of_all_pools_before_any_tag() -> None:
    assert named(CrateRules(known(RED, BLUE)), b"/Red/", (B, 5)) == ("Blue", Method.ADDRESS, B)


def test_the_crate_takes_the_smallest_output_first() -> None:
    assert named(CrateRules(known(RED, BLUE)), b"", (A, 5), (B, 1)) == ("Blue", Method.ADDRESS, B)
    assert named(CrateRules(known(RED)), b"", (A, 0)) == ("Red", Method.ADDRESS, A)


def test_the_crate_takes_the_first_pool_of_the_list_that_claims_an_address_or_tag() -> None:
    other = Listed("Other", (A,), ("/R",))
    assert named(CrateRules(known(other, RED)), b"", (A, 1)) == ("Other", Method.ADDRESS, A)
    assert named(CrateRules(known(other, RED)), b"/Red/") == ("Other", Method.TAG, "/R")


@pytest.mark.parametrize(
    ("tag", "text", "found"),
    [
        ("/Red/", b"/red/", False),
        ("/Red/", b"/R\ned/", True),
        ("七彩神仙鱼", "七彩神仙鱼".encode(), True),
        ("/Red/", b"\xff/Red/", True),
        ("a.c", b"abc", False),
    ],
)
def test_the_crate_compares_letter_by_letter_without_line_feeds(
    tag: str, text: bytes, found: bool  # noqa: FBT001
) -> None:  # fmt: skip
    verdict = CrateRules(known(Listed("Red", (), (tag,)))).judge(Coinbase(text, ()))
    assert (verdict is not None) is found
