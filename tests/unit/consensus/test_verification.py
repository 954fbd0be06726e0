"""Which rules a block breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.blocks import BITS, Parent, build
from support.headers import KNOWN

from monitor.consensus.difficulty import RULES, DifficultyRules, Link, rules_of
from monitor.consensus.verification import broken_rules
from monitor.model import Block, BlockHash, Coinbase, Output
from monitor.wire import decode_block, decode_header

START = 1_700_000_000
REGTEST = RULES["regtest"]


def link(height: int, time: int = START) -> Link:
    return Link(height, BlockHash(f"{height + 1:064x}"), BlockHash(f"{height:064x}"), time, BITS)


def chain(length: int) -> list[Link]:
    return [link(height, START + 600 * height) for height in range(length)]


def block_on(parent: Link, time: int | None = None) -> Block:
    built = build(Parent(parent.hash, parent.height, parent.time))
    block = decode_block(built.raw, height=built.height)
    return block if time is None else replace(block, header=replace(block.header, time=time))


def broken(block: Block, links: list[Link], *, now: float = START + 10**6) -> list[str]:
    known = {each.hash: each for each in links}
    parent = known.get(block.header.parent)
    return broken_rules(block, parent, REGTEST, below=lambda each: known.get(each.parent), now=now)


def alone(block: Block, parent: Link, rules: DifficultyRules | None) -> str:
    """What it breaks, if no other ancestor than its parent is known."""
    assert rules
    return "; ".join(broken_rules(block, parent, rules, below=lambda _: None, now=2e9))


def test_a_block_that_breaks_no_rule_is_valid() -> None:
    links = chain(20)
    assert broken(block_on(links[-1]), links) == []


def test_without_its_parent_only_the_work_is_checked() -> None:
    assert broken(block_on(link(7)), [], now=0) == []


def test_a_target_far_from_the_last_one_is_refused_although_the_period_is_not_known() -> None:
    parent = link(2015)._replace(bits=0x1702353D)
    header = replace(decode_header(KNOWN[0].raw), parent=parent.hash)
    for bits, refused in ((0x1708D4F4, False), (0x1708D4F5, True)):
        block = Block(2016, replace(header, bits=bits), 1, Coinbase(b"", ()))
        assert ("more than 4 times the last one" in alone(block, parent, RULES["main"])) is refused


def test_the_time_must_be_after_the_median() -> None:
    links = chain(20)
    median = links[14].time
    assert broken(block_on(links[-1], time=median + 1), links) == []
    assert broken(early := block_on(links[-1], time=median), links) == [
        "its time is not after the median of 11 blocks before it"
    ]
    assert broken(early, links[10:]) == []  # one ancestor is not known


def test_at_the_beginning_of_the_chain_the_median_is_that_of_fewer() -> None:
    links = chain(3)
    assert broken(block_on(links[-1]), links) == []
    assert broken(block_on(links[-1], time=links[1].time), links) == [
        "its time is not after the median of 3 blocks before it"
    ]


def test_the_time_must_not_be_in_the_future() -> None:
    links = chain(20)
    block = block_on(links[-1])
    assert broken(block, links, now=block.header.time - 7200) == []
    assert broken(block, links, now=block.header.time - 7201) == ["its time is 7201 s in the future"]


def test_on_testnet4_time_may_not_run_back_between_periods() -> None:
    parent = link(2015)
    block = Block(
        2016, replace(decode_header(KNOWN[0].raw), parent=parent.hash, time=START - 601), 1, Coinbase(b"", ())
    )
    assert "601 s before that of its parent" in alone(block, parent, RULES["testnet4"])


@pytest.mark.parametrize("bits", [0, 0x1D800000, 0x01003456, 0x2100FFFF, 0xFF7FFFFF, 0x1D800001])
def test_a_target_that_is_none_is_refused(bits: int) -> None:
    block = block_on(link(3))
    wrong = replace(block, header=replace(block.header, bits=bits))
    assert broken(wrong, []) == [f"its target ({bits:08x}) is one that no block may have"]


def real(height: int) -> Block:
    """A block with a header of the chain that changed to BLAKE2b, and a coinbase that is not its own."""
    known = next(each for each in KNOWN if (each.network, each.height) == ("main", height))
    coinbase = Coinbase(b"\x03abc", (Output(1, b""),))
    return Block(height, decode_header(known.raw), 798 if height == 961_640 else 1, coinbase)


def link_of(height: int) -> Link:
    return Link.of(real(height).header, height)


def test_the_change_of_the_work_is_followed() -> None:
    parent, block = link_of(961_639), real(961_640)
    assert alone(block, parent, rules_of("main", extended_from=961_640)) == ""


def test_headers_of_the_other_format_are_refused_on_either_side_of_the_change() -> None:
    parent, block = link_of(961_639), real(961_640)
    assert "its header has 164 bytes, those of this chain have 80" in alone(block, parent, RULES["main"])
    late = alone(real(961_639), link_of(961_638), rules_of("main", extended_from=961_639))
    assert "its header has 80 bytes, those of this chain have 164" in late


def test_an_extended_header_commits_to_the_number_of_transactions() -> None:
    block = replace(real(961_640), tx_count=3)
    found = alone(block, link_of(961_639), rules_of("main", extended_from=961_640))
    assert "commits to height 961640 and" in found
