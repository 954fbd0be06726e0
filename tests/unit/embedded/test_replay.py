"""A replay keeps the history's best chain, and shows races on the way."""

from __future__ import annotations

from itertools import islice

from monitor.embedded import EmbeddedNode, Found, Signature, mainnet, onward, replay
from monitor.model import PoolSlug
from monitor.wire import decode_block

POOLS = [PoolSlug(name) for name in ("one", "two", "two", "three", "one", "one", "two", "three")]
SIGNATURES = {pool: Signature(f"/{pool}/".encode(), b"\x51") for pool in POOLS}
PAST = [
    Found(height, 1_700_000_000 + 10 * height, pool, 0x207FFFFF)
    for height, pool in enumerate(POOLS, start=1)
]  # fmt: skip


async def test_the_best_chain_is_the_history() -> None:
    async with EmbeddedNode(signatures=SIGNATURES) as node:
        await replay(node, iter(PAST), seconds=0, race_every=2)
        headers = [entry for height in range(1, 9) if (entry := node.chain.at(height))]
        blocks = [decode_block(entry.block.raw, height=entry.height) for entry in headers]
        stale = [tip for tip in node.chain.tips() if tip.status == "valid-fork"]
    assert [block.header.time for block in blocks] == [found.time for found in PAST]
    assert [f"/{found.pool}/".encode() in block.coinbase.script for found, block in zip(PAST, blocks, strict=True)] == [
        True
    ] * 8
    assert {tip.branch_length for tip in stale} == {1}
    assert [tip.entry.height for tip in stale] == [7, 4, 2]


async def test_a_rival_is_another_pool() -> None:
    async with EmbeddedNode(signatures=SIGNATURES) as node:
        await replay(node, iter(PAST), seconds=0, race_every=2)
        for tip in node.chain.tips():
            if tip.status == "valid-fork":
                rival = decode_block(tip.entry.block.raw, height=tip.entry.height)
                winner = PAST[tip.entry.height - 1].pool
                assert f"/{winner}/".encode() not in rival.coinbase.script


async def test_it_goes_on_past_the_end_of_the_history() -> None:
    past = mainnet()
    async with EmbeddedNode(network="main", history=past[:-3]) as node:
        await replay(node, islice(onward(past, len(past) - 3), 103), seconds=0)
        assert node.tip.height == past[-1].height + 100
