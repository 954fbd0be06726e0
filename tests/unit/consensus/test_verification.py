"""What is checked of a block, and what is said about the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.blocks import BITS, Parent, build
from support.headers import KNOWN

from monitor.consensus.difficulty import RULES, Link, rules_of
from monitor.consensus.verification import Check, Outcome, Verdict, verify_block, verify_coinbase
from monitor.errors import InvalidBlock
from monitor.model import NO_BLOCK, Block, BlockHash, Coinbase, Header, Output
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


def verdict(block: Block, links: list[Link], *, now: float = START + 10**6) -> Verdict:
    known = {each.hash: each for each in links}
    parent = known.get(block.header.parent)
    return verify_block(block, parent, REGTEST, below=lambda each: known.get(each.parent), now=now)


def outcome(found: Verdict, check: Check) -> Outcome:
    return next(each.outcome for each in found.findings if each.check is check)


def test_a_block_that_breaks_no_rule_is_valid() -> None:
    links = chain(20)
    found = verdict(block_on(links[-1]), links)
    assert {each.outcome for each in found.findings} == {Outcome.PASSED}
    found.require()


def test_without_its_parent_only_the_work_is_checked() -> None:
    found = verdict(block_on(link(7)), [])
    assert {each.check for each in found.unchecked} == {Check.FORMAT, Check.DIFFICULTY, Check.TIME}
    assert {each.reason for each in found.unchecked} == {"its parent is not known"}
    found.require()


def test_a_target_far_from_the_last_one_is_refused_although_the_period_is_not_known() -> None:
    parent = link(2015)._replace(bits=0x1702353D)
    header = replace(decode_header(KNOWN[0].raw), parent=parent.hash)
    for bits, expected in ((0x1708D4F4, Outcome.UNCHECKED), (0x1708D4F5, Outcome.FAILED)):
        block = Block(2016, replace(header, bits=bits), 1, Coinbase(b"", ()))
        assert (
            outcome(verify_block(block, parent, RULES["main"], below=lambda _: None, now=2e9), Check.DIFFICULTY)
            is expected
        )


def test_with_too_few_ancestors_the_time_is_not_checked() -> None:
    links = chain(20)[10:]
    found = verdict(block_on(links[-1]), links)
    assert [each.reason for each in found.unchecked] == ["only 10 of its ancestors are known"]


def test_at_the_beginning_of_the_chain_there_are_no_more() -> None:
    links = chain(3)
    assert outcome(verdict(block_on(links[-1]), links), Check.TIME) is Outcome.PASSED


def test_the_time_must_be_after_the_median() -> None:
    links = chain(20)
    median = links[14].time
    assert outcome(verdict(block_on(links[-1], time=median + 1), links), Check.TIME) is Outcome.PASSED
    with pytest.raises(InvalidBlock, match="not after the median of 11 blocks"):
        verdict(block_on(links[-1], time=median), links).require()


def test_the_time_must_not_be_in_the_future() -> None:
    links = chain(20)
    block = block_on(links[-1])
    assert outcome(verdict(block, links, now=block.header.time - 7200), Check.TIME) is Outcome.PASSED
    with pytest.raises(InvalidBlock, match="7201 s in the future"):
        verdict(block, links, now=block.header.time - 7201).require()


def test_on_testnet4_time_may_not_run_back_between_periods() -> None:
    parent = link(2015)
    block = Block(
        2016, replace(decode_header(KNOWN[0].raw), parent=parent.hash, time=START - 601), 1, Coinbase(b"", ())
    )
    found = verify_block(block, parent, RULES["testnet4"], below=lambda _: None, now=START)
    assert "601 s before that of its parent" in str(found.failed)


@pytest.mark.parametrize("bits", [0, 0x1D800000, 0x01003456, 0x2100FFFF, 0xFF7FFFFF, 0x1D800001])
def test_a_target_that_is_none_is_refused(bits: int) -> None:
    block = block_on(link(3))
    wrong = replace(block, header=replace(block.header, bits=bits))
    assert outcome(verdict(wrong, []), Check.PROOF_OF_WORK) is Outcome.FAILED


def test_signatures_of_signet_are_not_checked_and_that_is_said() -> None:
    found = verify_block(block_on(link(3)), None, RULES["signet"], below=lambda _: None, now=START)
    assert outcome(found, Check.SIGNATURE) is Outcome.UNCHECKED


def real(height: int) -> Block:
    """A block with a header of the chain that changed to BLAKE2b, and a coinbase that is not its own."""
    known = next(each for each in KNOWN if (each.network, each.height) == ("main", height))
    coinbase = Coinbase(b"\x03abc", (Output(1, b""),))
    return Block(height, decode_header(known.raw), 798 if height == 961_640 else 1, coinbase)


def link_of(height: int) -> Link:
    return Link.of(real(height).header, height)


def test_the_change_of_the_work_is_followed() -> None:
    rules = rules_of("main", extended_from=961_640)
    assert rules
    parent, block = link_of(961_639), real(961_640)
    found = verify_block(block, parent, rules, below=lambda _: None, now=2e9)
    assert outcome(found, Check.PROOF_OF_WORK) is Outcome.PASSED
    assert outcome(found, Check.DIFFICULTY) is Outcome.PASSED
    assert outcome(found, Check.FORMAT) is Outcome.PASSED


def test_headers_of_the_other_format_are_refused_on_either_side_of_the_change() -> None:
    parent, block = link_of(961_639), real(961_640)
    bitcoin = verify_block(block, parent, RULES["main"], below=lambda _: None, now=2e9)
    assert "its header has 164 bytes, those of this chain have 80" in str(bitcoin.failed)
    rules = rules_of("main", extended_from=961_639)
    assert rules
    late = verify_block(real(961_639), link_of(961_638), rules, below=lambda _: None, now=2e9)
    assert "its header has 80 bytes, those of this chain have 164" in str(late.failed)


def test_an_extended_header_commits_to_the_number_of_transactions() -> None:
    rules = rules_of("main", extended_from=961_640)
    assert rules
    block = replace(real(961_640), tx_count=3)
    found = verify_block(block, link_of(961_639), rules, below=lambda _: None, now=2e9)
    assert "commits to height 961640 and" in str(found.failed)


def test_a_missing_proof_is_no_failure_and_a_wrong_one_is() -> None:
    block = Block(1, Header(NO_BLOCK, 1, NO_BLOCK, bytes(32), 0, BITS, 0), 1, Coinbase(b"\x51\x00", ()))
    assert verify_coinbase(block, None).outcome is Outcome.UNCHECKED
    assert verify_coinbase(block, b"").outcome is Outcome.FAILED
