"""Which chain a node is on, by whatever it says."""

from __future__ import annotations

from typing import Any

import pytest
from support.headers import KNOWN

from monitor.consensus.identity import FORKS, Statement, chain_of, fork_heights, identify
from monitor.model import BlockHash, BlockRef, ChainIdentity
from monitor.wire import decode_header

CASH, RDTS, TESTNET4 = FORKS
EXTENDED = next(each for each in KNOWN if each.height == 962_400)
ORDINARY = next(each for each in KNOWN if each.height == 961_639)
ELSEWHERE = BlockHash("ab" * 32)
KNOTS = {
    "deployments": {"reduced_data": {"type": "flagday", "height": 100, "active": True}},
    "blake2b": {"height": 100},
}


def said(network: str = "main", tip: int = 970_000, **more: Any) -> ChainIdentity:  # noqa: ANN401 -- passed on
    return identify(Statement(network, BlockRef(tip, more.pop("tip_hash", ELSEWHERE)), **more))


def bitcoin_hashes() -> dict[int, BlockHash]:
    return {each.height: each.bitcoin for each in FORKS if each.bitcoin}


def test_a_node_that_says_nothing_is_on_bitcoin() -> None:
    assert said() == ChainIdentity("bitcoin")
    assert str(said()) == "on Bitcoin"


def test_the_blocks_of_bitcoin_at_the_forks_are_bitcoin() -> None:
    assert said(hashes=bitcoin_hashes(), deployments=KNOTS) == ChainIdentity("bitcoin")


@pytest.mark.parametrize("fork", [CASH, RDTS])
def test_the_first_block_of_a_chain_names_it(fork: Any) -> None:  # noqa: ANN401 -- a fork
    found = said(hashes=bitcoin_hashes() | {fork.height: fork.hash})
    assert (found.name, found.since) == (fork.chain, fork.height)
    assert f"on another chain since block {fork.height}" in str(found)


def test_the_blake2b_chain_has_longer_headers_from_a_later_block_on() -> None:
    assert said(hashes={RDTS.height: RDTS.hash}).extended_from == 961_640
    assert said(hashes={CASH.height: CASH.hash}).extended_from is None


def test_another_block_at_a_fork_is_an_unknown_chain() -> None:
    found = said(hashes=bitcoin_hashes() | {RDTS.height: ELSEWHERE})
    assert (found.name, found.since) == ("unknown", RDTS.height)
    assert str(found) == f"on an unknown chain since block 961632: block 961632 is {ELSEWHERE}"


def test_an_extended_header_is_the_blake2b_chain() -> None:
    found = said(tip_header=EXTENDED.raw, tip_hash=EXTENDED.hash)
    assert found == ChainIdentity("rdts", since=961_640, extended_from=961_640)
    regtest = said("regtest", tip_header=EXTENDED.raw, tip_hash=EXTENDED.hash, deployments=KNOTS)
    assert (regtest.since, regtest.extended_from) == (100, 100)
    unsaid = said("regtest", tip_header=EXTENDED.raw, tip_hash=EXTENDED.hash)
    assert str(unsaid) == "on another chain: RDTS (BIP110), with proof of work by BLAKE2b"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (ORDINARY.raw, "the 80 bytes of its newest header do not have the hash"),
        (ORDINARY.raw[:79], "cannot be read"),
        (EXTENDED.raw[:110] + b"\xff" + EXTENDED.raw[111:], "unknown format"),
    ],
)
def test_a_header_of_an_unknown_format_is_an_unknown_chain(header: bytes, reason: str) -> None:
    found = said(tip_header=header)
    assert found.name == "unknown"
    assert reason in str(found)


def test_rules_that_will_leave_bitcoin_are_announced() -> None:
    found = said("regtest", 99, deployments=KNOTS)
    assert found == ChainIdentity("bitcoin", parts_at=100)
    assert str(found) == "on Bitcoin, with rules that leave it at block 100"


@pytest.mark.parametrize("deployments", [{}, {"deployments": None}, {"blake2b": 7}, {"blake2b": {"height": "soon"}}])
def test_answers_of_another_form_say_nothing(deployments: dict[str, Any]) -> None:
    assert said("regtest", 5, deployments=deployments) == ChainIdentity("bitcoin")


def test_only_forks_that_the_node_has_passed_are_asked_for() -> None:
    assert fork_heights("main", 500_000) == [478_559]
    assert fork_heights("main", 961_632) == [478_559, 961_632]
    assert fork_heights("regtest", 10**9) == []


def test_a_block_may_show_its_chain() -> None:
    assert chain_of(decode_header(EXTENDED.raw)) == "rdts"
    assert chain_of(decode_header(ORDINARY.raw)) is None
    first = next(each for each in KNOWN if each.hash == RDTS.hash)
    assert chain_of(decode_header(first.raw)) == "rdts"


def test_the_table_agrees_with_the_headers() -> None:
    hashes = {(each.network, each.height): each.hash for each in KNOWN}
    assert [hashes[each.network, each.height] for each in (RDTS, TESTNET4)] == [RDTS.hash, TESTNET4.hash]
