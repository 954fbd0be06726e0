"""The follower's questions get the same answers from every kind of node, by every route that a block can come."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from support.bitcoind import Bitcoind as Process
from support.blocks import ANYONE, Recipe, mine_all
from support.hook import until
from support.peers import Start
from support.sources import KINDS, LONG_SCRIPT, PAYS_MANY, Peer, asking, running, told

from monitor.backfill.segments import BACKFILL_CONNECTIONS
from monitor.chain.source import ChainSource
from monitor.embedded import EmbeddedNode, Signature
from monitor.errors import NodeAway, NodeBusy, NodeRefused
from monitor.model import NO_BLOCK, Block, BlockHash, BlockRef, Output
from monitor.node.connections import MAX_CONNECTIONS
from monitor.wire import decode_block

GENESIS = BlockHash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")
NOWHERE = BlockHash("ab" * 32)


@pytest.fixture(params=KINDS)
async def peer(request: pytest.FixtureRequest, start_bitcoind: Start) -> AsyncIterator[Peer]:
    """A node of each kind with a chain of five blocks."""
    async with running(KINDS[request.param], start_bitcoind) as peer:
        await peer.mine(5)
        yield peer


@pytest.fixture
async def embedded() -> AsyncIterator[EmbeddedNode]:
    """The node that can be made to misbehave."""
    async with EmbeddedNode() as node:
        for _ in range(5):
            node.mine()
        yield node


# -- the questions -----------------------------------------------------------------------------------------------------


async def test_a_node_says_what_it_can_do(peer: Peer) -> None:
    async with asking(peer.section(network="regtest")) as source:
        follows: ChainSource = source  # the type checker holds the one against the other
        assert await follows.ready() == GENESIS
        facts = source.facts
        assert facts
        assert (facts.network, facts.genesis, facts.first_height) == ("regtest", GENESIS, 0)
        assert facts.tip == BlockRef(5, await source.tip())
        assert (facts.rest, facts.blockpart, bool(facts.zmq)) == (
            peer.kind.rest, peer.kind.blockpart and peer.kind.rest, peer.kind.zmq,
        )  # fmt: skip


async def test_the_chain_is_asked_by_hash(peer: Peer) -> None:
    async with asking(peer.section()) as source:
        chain = await source.successors(BlockRef(-1, NO_BLOCK), 100)
        assert (len(chain), chain[0], chain[5]) == (6, GENESIS, await source.tip())
        assert await source.successors(BlockRef(-1, NO_BLOCK), 2) == chain[:2]
        assert await source.successors(BlockRef(0, GENESIS), 3) == chain[1:4]
        assert await source.successors(BlockRef(2, chain[2]), 100) == chain[3:]
        assert await source.successors(BlockRef(5, chain[5]), 100) == []
        assert await source.successors(BlockRef(5, NOWHERE), 100) == []
        assert [await source.hash_at(height) for height in (0, 5, 6)] == [GENESIS, chain[5], None]

        await peer.invalidate(chain[4])

        assert await source.tip() == chain[3]
        assert [await source.hash_at(height) for height in (3, 4, 5)] == [chain[3], None, None]
        assert await source.successors(BlockRef(4, chain[4]), 100) == []
        assert await source.successors(BlockRef(3, chain[3]), 100) == []

        rivals = await peer.mine(3)

        assert await source.successors(BlockRef(2, chain[2]), 100) == [chain[3], *rivals]
        assert (await source.block(BlockRef(5, chain[5]))).hash == chain[5]  # left, but not forgotten


async def test_a_block_comes_as_far_as_its_coinbase(peer: Peer) -> None:
    many = (await peer.mine(outputs=300))[0]
    async with asking(peer.section()) as source:
        chain = await source.successors(BlockRef(-1, NO_BLOCK), 100)
        blocks = await asyncio.gather(*(source.block(BlockRef(*each)) for each in enumerate(chain)))

        assert [block.hash for block in blocks] == chain
        assert [block.height for block in blocks] == list(range(7))
        assert [block.header.parent for block in blocks[1:]] == chain[:-1]
        assert blocks[6].hash == many
        assert sum(len(output.script) for output in blocks[6].coinbase.outputs) > 4000
        with pytest.raises(NodeBusy, match=f"does not have block {NOWHERE}"):
            await source.block(BlockRef(7, NOWHERE))


async def test_a_start_is_chosen_by_time_and_by_count(peer: Peer) -> None:
    async with asking(peer.section()) as source:
        chain = await source.successors(BlockRef(-1, NO_BLOCK), 100)
        assert await source.start_for(seconds=10**9, blocks=1) == BlockRef(-1, NO_BLOCK)
        assert await source.start_for(seconds=0, blocks=10**6) == BlockRef(-1, NO_BLOCK)
        await peer.mine(30)  # ten minutes apart: an hour is six of them, and two hours of slack twelve more
        await source.ready()
        tip = await source.tip()
        start = await source.start_for(seconds=3600, blocks=1)
        assert start.height in range(15, 18)
        assert (
            await source.successors(start, 100)
            == (await source.successors(BlockRef(5, chain[5]), 100))[start.height - 5 :]
        )
        assert await source.start_for(seconds=0, blocks=35) == BlockRef(0, GENESIS)
        assert await source.tip() == tip


async def test_a_new_block_is_news(peer: Peer) -> None:
    async with asking(peer.section(poll_seconds=600)) as source:
        listening = asyncio.create_task(source.run())
        try:
            await asyncio.sleep(0.5)  # for the subscription to reach the node
            before = time.monotonic()
            await peer.mine()
            assert before <= (await asyncio.wait_for(source.news(), 60)).at <= time.monotonic()
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_a_restarted_node_is_asked_on_with_its_new_cookie(peer: Peer) -> None:
    async with asking(peer.section()) as source:
        tip = await source.tip()
        cookie = peer.node.cookie_file.read_text()

        await peer.stop()
        with pytest.raises(NodeAway):
            await source.tip()
        with pytest.raises(NodeAway):
            await source.ready()
        if peer.kind.rest:
            with pytest.raises(NodeAway):
                await source.block(BlockRef(5, tip))
        await peer.start()

        assert peer.node.cookie_file.read_text() != cookie
        assert await source.tip() == tip
        assert (await source.block(BlockRef(5, tip))).height == 5


# -- one block, all routes ---------------------------------------------------------------------------------------------


async def test_every_route_gives_the_same_block(start_bitcoind: Start) -> None:
    """The same raw blocks in two nodes; each block by parts, by its beginning and whole, against its own bytes."""
    async with running(KINDS["core"], start_bitcoind) as core, running(KINDS["bitcoind"], start_bitcoind) as knots:
        assert isinstance(core.node, Process)
        assert isinstance(knots.node, Process)
        outputs = tuple(Output(n, b"\x00\x14" + bytes(20)) for n in range(500))
        recipes = [Recipe(), Recipe(witness=True), Recipe(extra=outputs), Recipe(extra=outputs, witness=True)]
        mined = await asyncio.to_thread(mine_all, core.node, recipes)
        raws = [bytes.fromhex(core.node.call("getblock", each, 0)) for each in mined]
        for raw in raws:
            assert knots.node.call("submitblock", raw.hex()) is None
        refs = [BlockRef(height, each) for height, each in enumerate(mined, start=1)]

        async with (
            asking(core.section()) as part,
            asking(core.section(rest="off")) as rpc,
            asking(knots.section()) as beginning,
        ):
            routes = [await _blocks(source, refs) for source in (part, rpc, beginning)]

    own = [decode_block(raw, height=height) for height, raw in enumerate(raws, start=1)]
    assert routes == [own, own, own]


async def _blocks(source: ChainSource, refs: list[BlockRef]) -> list[Block]:
    return [await source.block(ref) for ref in refs]


async def test_only_the_part_that_is_needed_is_asked_for(embedded: EmbeddedNode) -> None:
    full = embedded.mine()
    async with asking(told(embedded)) as source:
        empty = embedded.mine(transactions=0)
        embedded.asked.clear()
        await source.block(BlockRef(6, full))
        assert embedded.asked == {"rest/blockpart": 1}
        embedded.asked.clear()
        assert (await source.block(BlockRef(7, empty))).tx_count == 1
        assert embedded.asked == {"rest/blockpart": 1, "rest/block": 1}  # shorter than the first part


async def test_a_coinbase_longer_than_the_first_part_takes_a_second() -> None:
    async with EmbeddedNode(signatures={PAYS_MANY: Signature(b"/many/", LONG_SCRIPT)}) as node:
        node.mine()
        long = node.mine(PAYS_MANY, transactions=400)
        async with asking(told(node)) as source:
            node.asked.clear()
            block = await source.block(BlockRef(2, long))
            assert node.asked == {"rest/blockpart": 2}
    assert block.coinbase.outputs[0].script == LONG_SCRIPT


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["embedded", "embedded-whole-blocks", "embedded-rpc-only"])
async def test_a_node_never_has_more_than_four_requests_to_answer(kind: str, start_bitcoind: Start) -> None:
    async with running(KINDS[kind], start_bitcoind) as peer:
        assert isinstance(peer.node, EmbeddedNode)
        await peer.mine(60)
        async with asking(peer.section()) as source:
            listening = asyncio.create_task(source.run())
            chain = await source.successors(BlockRef(-1, NO_BLOCK), 100)
            peer.node.stall()  # so that every request stays open
            asked = asyncio.gather(
                *(source.block(BlockRef(*each)) for each in enumerate(chain)),
                *(source.hash_at(height) for height in range(len(chain))),
            )
            await until(lambda: peer.node.most_in_flight == MAX_CONNECTIONS == 4)
            peer.node.resume()
            await asked
            assert peer.node.most_in_flight == MAX_CONNECTIONS
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def test_connections_that_are_reserved_are_not_used_meanwhile(embedded: EmbeddedNode) -> None:
    async with asking(told(embedded)) as source:
        chain = await source.successors(BlockRef(-1, NO_BLOCK), 100)
        for reserved, most in ((BACKFILL_CONNECTIONS, 2), (0, 4)):
            async with source.reserve(reserved):
                embedded.stall()
                asked = asyncio.gather(*(source.hash_at(height) for height in range(len(chain)) for _ in range(2)))
                await until(lambda most=most: embedded.most_in_flight == most)
                embedded.resume()
                assert all(await asked)
                assert embedded.most_in_flight == most


# -- a node that forgot ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
async def test_a_pruned_node_says_where_it_begins(kind: str, start_bitcoind: Start) -> None:
    async with running(KINDS[kind], start_bitcoind, "-prune=1", "-fastprune") as peer:
        if isinstance(peer.node, EmbeddedNode):
            await peer.mine(600)
            peer.node.prune(300)
        else:
            descriptor = f"raw({ANYONE.hex()}{'51' * 80})"
            await asyncio.to_thread(peer.node.call, "generatetodescriptor", 600, descriptor)
            await asyncio.to_thread(peer.node.call, "pruneblockchain", 300)
        async with asking(peer.section()) as source:
            facts = source.facts
            assert facts
            first = facts.first_height
            assert facts.pruned
            assert 1 < first <= 300

            start = await source.start_for(seconds=10**9, blocks=1)
            assert start.height == first - 1
            following = await source.successors(start, 1)
            assert (await source.block(BlockRef(first, following[0]))).hash == following[0]
            with pytest.raises(NodeRefused, match=rf"pruned block {start.height}, .* begins at {first}; use a node"):
                await source.block(start)
