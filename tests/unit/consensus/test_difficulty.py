"""The retarget rules, against real chains and the edges of each rule."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.headers import KNOWN, rows

from monitor.consensus.difficulty import (
    PERIOD_BLOCKS,
    RULES,
    Below,
    DifficultyRules,
    Link,
    compact,
    required_bits,
    rules_of,
)
from monitor.model import BlockHash
from monitor.wire import decode_header, target

EASY, HARD = 0x1D00FFFF, 0x1C00FFFF
MAIN, TEST, TESTNET4 = RULES["main"], RULES["test"], RULES["testnet4"]


def name(height: int) -> BlockHash:
    return BlockHash(f"{height + 1:064x}")


def link(height: int, time: int, bits: int) -> Link:
    return Link(height, name(height), name(height - 1), time, bits)


def below(*links: Link) -> Below:
    known = {each.hash: each for each in links}
    return lambda each: known.get(each.parent)


def required(rules: DifficultyRules, links: Sequence[Link], time: int) -> int | None:
    return required_bits(rules, links[-1], time, below=below(*links))


def period(first: tuple[int, int], last: tuple[int, int], height: int = 0) -> list[Link]:
    """A whole period from `height` on; time and bits of its first block and of the others."""
    time, bits = last
    return [link(height, *first), *(link(height + above, time, bits) for above in range(1, PERIOD_BLOCKS))]


@pytest.mark.parametrize("row", rows("retargets.csv"), ids=lambda row: row["height"])
def test_bitcoin_changed_its_difficulty_by_the_rule(row: dict[str, str]) -> None:
    before = int(row["bits_before"], 16)
    links = period(
        (int(row["first_time"]), before), (int(row["last_time"]), before), int(row["height"]) - PERIOD_BLOCKS
    )
    assert required(MAIN, links, 0) == int(row["bits_after"], 16)


@pytest.mark.parametrize(
    ("first", "last", "before", "after"),
    [
        (1261130161, 1262152739, 0x1D00FFFF, 0x1D00D86A),
        (1231006505, 1233061996, 0x1D00FFFF, 0x1D00FFFF),  # the limit
        (1279008237, 1279297671, 0x1C05A3F4, 0x1C0168FD),  # a quarter of it at the least
        (1263163443, 1269211443, 0x1C387F6F, 0x1D00E1FD),  # four times it at the most
    ],
)
def test_the_vectors_of_bitcoin_core(first: int, last: int, before: int, after: int) -> None:
    assert required(MAIN, period((first, before), (last, before)), 0) == after


def test_nothing_changes_inside_a_period() -> None:
    assert required(MAIN, [link(5, 0, HARD)], 10**9) == HARD


def test_a_period_of_which_the_first_block_is_not_known_says_nothing() -> None:
    assert required(MAIN, period((0, HARD), (0, HARD))[1:], 0) is None


def test_the_blake2b_chain_shifted_its_target_once() -> None:
    rules = rules_of("main", extended_from=961_640)
    assert rules
    headers = [(each.height, decode_header(each.raw)) for each in KNOWN if each.network == "main"]
    links = [Link(height, each.hash, each.parent, each.time, each.bits) for height, each in headers]
    for parent, child in pairwise(links[:9]):
        assert required_bits(rules, parent, child.time, below=below(*links)) == child.bits
    assert links[8].bits == 0x1A008D4F
    assert {each.bits for each in links[8:]} == {required(rules, [links[8]], 0)}


def test_a_shifted_target_is_at_most_the_limit() -> None:
    rules = rules_of("testnet4", extended_from=150_308)
    assert rules
    assert required(rules, [link(150_307, 0, HARD)], 0) == EASY
    assert required(rules, [link(150_307, 0, 0x1A0082A5)], 0) == 0x1C082A50


def test_a_late_block_of_a_test_network_may_be_easy() -> None:
    links = [link(6, 0, HARD)]
    assert required(TEST, links, 1201) == EASY
    assert required(TEST, links, 1200) == HARD


def test_after_a_late_block_the_usual_difficulty_returns() -> None:
    links = [link(6, 0, HARD), link(7, 0, EASY), link(8, 0, EASY)]
    assert required(TEST, links, 600) == HARD
    assert required(TEST, links[1:], 600) is None


def test_a_period_that_began_easy_stays_easy() -> None:
    links = [link(PERIOD_BLOCKS - 1, 0, HARD), link(PERIOD_BLOCKS, 0, EASY), link(PERIOD_BLOCKS + 1, 0, EASY)]
    assert required(TEST, links, 600) == EASY


def test_testnet4_keeps_the_difficulty_of_the_first_block_of_a_period() -> None:
    links = period((0, HARD), (14 * 24 * 3600, EASY))
    assert required(TESTNET4, links, 0) == HARD
    assert required(TEST, links, 0) == EASY


def test_regtest_never_changes() -> None:
    limit = 0x207FFFFF
    rules = RULES["regtest"]
    assert required(rules, period((0, limit), (1, limit)), 2) == limit
    assert required(rules, [link(0, 0, limit)], 10**9) == limit
    assert compact(rules.limit) == limit


@pytest.mark.parametrize(("network", "bits"), [("main", EASY), ("signet", 0x1E0377AE), ("testnet4", EASY)])
def test_limits_are_those_of_the_genesis_blocks(network: str, bits: int) -> None:
    assert compact(RULES[network].limit) == bits


def test_an_unknown_network_has_no_rules() -> None:
    assert rules_of("elsewhere") is None


@given(st.integers(1, 2**256 - 1))
def test_compact_targets_round_down(number: int) -> None:
    read = target(compact(number))
    assert read <= number
    assert number - read < number >> 15 or number < 1 << 24
    assert compact(read) == compact(number)
