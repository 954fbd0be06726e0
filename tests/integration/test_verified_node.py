"""Nodes that lie, and nodes of another chain: what the follower is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs
from support.bitcoind import Bitcoind
from support.blocks import Built, Recipe, build, parent_of
from support.lying import LyingNode, with_bits, without_work

from monitor.config import NodeSection
from monitor.errors import InvalidBlock, OnAnotherChain
from monitor.model import Block, BlockHash, BlockRef, ChainIdentity
from monitor.node.client import NodeClient
from monitor.node.verified import VerifiedNode
from monitor.vitals import Vitals

pytestmark = pytest.mark.service("bitcoind")
ANYONE = "raw(51)"
FORK = 5


@asynccontextmanager
async def verified(node: Bitcoind, url: str | None = None, **more: object) -> AsyncIterator[VerifiedNode]:
    """A client that does not trust this node."""
    section = NodeSection.model_validate(
        {"url": url or node.url, "cookie_file": node.cookie_file, "zmq": "off", "trusted": False} | more
    )
    async with VerifiedNode(section, Vitals()) as client:
        await client.ready()
        yield client


async def follow(source: VerifiedNode, node: Bitcoind) -> None:
    """Fetch and check the node's whole chain."""
    genesis = BlockRef(0, await source.ready())
    best = await asyncio.to_thread(node.call, "getblockcount")
    hashes = [await asyncio.to_thread(node.call, "getblockhash", height) for height in range(1, best + 1)]
    refs = [BlockRef(height, BlockHash(each)) for height, each in enumerate(hashes, start=1)]
    await source.check(genesis, await asyncio.gather(*map(source.block, refs)))


async def take(source: VerifiedNode, ref: BlockRef) -> Block:
    """Fetch and check a block."""
    block = await source.block(ref)
    await source.check(BlockRef(ref.height - 1, block.header.parent), (block,))
    return block


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_a_chain_that_breaks_no_rule_is_followed(bitcoind: Bitcoind, rest: str) -> None:
    bitcoind.call("generatetodescriptor", 30, ANYONE)
    async with verified(bitcoind, rest=rest) as source:
        await follow(source, bitcoind)


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_the_blake2b_chain_is_followed_by_its_rules(start_bitcoind: Callable[..., Bitcoind], rest: str) -> None:
    node = start_bitcoind(f"-testactivationheight=blake2b@{FORK}")
    node.call("generatetodescriptor", 20, ANYONE)
    async with verified(node, chain="rdts", rest=rest) as source:
        await follow(source, node)
        successors = await source.successors(BlockRef(0, await source.ready()), 100)
        assert successors[-1] == node.call("getbestblockhash")
        assert len(successors) == 20


async def test_a_node_of_another_chain_says_so_before_and_after_the_fork(
    start_bitcoind: Callable[..., Bitcoind],
) -> None:
    node = start_bitcoind(f"-testactivationheight=blake2b@{FORK}")
    section = NodeSection(url=node.url, cookie_file=node.cookie_file)
    async with NodeClient(section, Vitals()) as client:
        await client.ready()
        assert client.facts
        assert client.facts.chain == ChainIdentity("bitcoin", parts_at=FORK)
        assert str(client.facts.chain) == f"on Bitcoin, with rules that leave it at block {FORK}"
        node.call("generatetodescriptor", FORK - 1, ANYONE)
        await client.block(BlockRef(FORK - 1, await client.tip()))
        node.call("generatetodescriptor", 1, ANYONE)
        with pytest.raises(OnAnotherChain, match="on another chain: RDTS"):
            await client.block(BlockRef(FORK, await client.tip()))
        with pytest.raises(OnAnotherChain, match=f"on another chain since block {FORK}: RDTS"):
            await client.ready()


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (without_work, "does not have the work that its target"),
        (lambda node: with_bits(node, 0x207FFFFE), "the chain demands 207fffff"),
        (lambda node: with_bits(node, 0x2100FFFF), "is one that no block may have"),
    ],
)
async def test_a_longer_chain_of_wrong_work_is_not_believed(
    bitcoind: Bitcoind, forge: Callable[[Bitcoind], Built], reason: str
) -> None:
    bitcoind.call("generatetodescriptor", 12, ANYONE)
    forged = forge(bitcoind)
    with LyingNode(bitcoind) as liar:
        liar.serve_on_top(forged)
        async with verified(bitcoind, liar.url) as source:
            await follow(source, bitcoind)
            assert await source.tip() == forged.hash
            with pytest.raises(InvalidBlock, match=reason):
                await take(source, BlockRef(13, forged.hash))


async def test_a_coinbase_that_is_not_committed_is_not_believed(bitcoind: Bitcoind) -> None:
    tip = bitcoind.call("generatetodescriptor", 3, ANYONE)[-1]
    with LyingNode(bitcoind) as liar:
        liar.serve_other_coinbase(tip)
        async with verified(bitcoind, liar.url) as source:
            with pytest.raises(InvalidBlock, match="does not contain the coinbase"):
                await take(source, BlockRef(3, tip))
            honest = bitcoind.call("gettxoutproof", bitcoind.call("getblock", tip)["tx"], tip)
            liar.lies["gettxoutproof"] = lambda *_: honest
            with pytest.raises(InvalidBlock, match="begins with another transaction"):
                await take(source, BlockRef(3, tip))
            liar.lies["gettxoutproof"] = lambda *_: "no hex"
            with pytest.raises(InvalidBlock, match="the proof of its coinbase is invalid"):
                await take(source, BlockRef(3, tip))


async def test_without_a_proof_of_the_coinbase_a_block_is_used_nevertheless_and_that_is_logged_once(
    bitcoind: Bitcoind,
) -> None:
    first, second = bitcoind.call("generatetodescriptor", 2, ANYONE)
    with LyingNode(bitcoind) as liar, capture_logs() as logged:
        liar.lies["gettxoutproof"] = refuse
        async with verified(bitcoind, liar.url) as source:
            await take(source, BlockRef(1, first))
            await take(source, BlockRef(2, second))
    assert [each["event"] for each in logged if each["log_level"] == "warning"] == [
        "the node gives no proof of coinbases"
    ]


async def test_a_node_with_headers_of_an_unknown_format_is_on_an_unknown_chain(bitcoind: Bitcoind) -> None:
    with LyingNode(bitcoind) as liar:
        liar.lies["getblockheader"] = lambda *_: "00" * 100
        liar.lies["getblock"] = lambda *_: "00" * 200
        section = NodeSection(url=liar.url, cookie_file=bitcoind.cookie_file)
        async with NodeClient(section, Vitals()) as client:
            with pytest.raises(OnAnotherChain, match="on an unknown chain: the 100 bytes of its newest header"):
                await client.ready()


async def test_a_node_that_says_little_is_on_bitcoin(bitcoind: Bitcoind) -> None:
    with LyingNode(bitcoind) as liar:
        liar.lies["getdeploymentinfo"] = refuse
        async with verified(bitcoind, liar.url) as source:
            assert await source.tip()


def refuse(*_: object) -> None:
    """As a whitelist does."""
    raise PermissionError


async def test_ancestors_are_learned_from_the_node_itself(bitcoind: Bitcoind) -> None:
    tip = bitcoind.call("generatetodescriptor", 30, ANYONE)[-1]
    early = build(parent_of(bitcoind, tip), Recipe(time=1_300_000_000))
    with LyingNode(bitcoind) as liar:
        liar.serve_on_top(early)
        async with verified(bitcoind, liar.url) as source:
            with pytest.raises(InvalidBlock, match="not after the median of 11 blocks before it"):
                await take(source, BlockRef(31, early.hash))
