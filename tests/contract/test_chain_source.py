"""The follower's questions get the same answers from every kind of node, by every route that a block can come."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from support.bitcoind import Bitcoind as Process
from support.blocks import ANYONE, Recipe, mine_all

from monitor.chain.source import ChainSource
from monitor.config import NodeSection
from monitor.embedded import EmbeddedNode, Signature
from monitor.errors import NodeAway, NodeBusy, NodeError, NodeRefused
from monitor.model import NO_BLOCK, Block, BlockHash, BlockRef, Output, PoolSlug
from monitor.node.bitcoind import Bitcoind
from monitor.node.rpc import IN_FLIGHT
from monitor.vitals import Vitals
from monitor.wire import decode_block

CORE = Path(__file__).resolve().parents[2] / ".services" / "core" / "bin" / "bitcoind"
GENESIS = BlockHash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")
NOWHERE = BlockHash("ab" * 32)
PAYS_MANY = PoolSlug("paysmany")
LONG_SCRIPT = b"\x6a\x4d\xa0\x0f" + bytes(4000)
"""Alone longer than what is read of a block at first."""

Start = Callable[..., Process]


@dataclass(frozen=True, slots=True)
class Kind:
    """A node as its owner has set it up."""

    program: str
    rest: bool = True
    blockpart: bool = False
    zmq: bool = True

    @property
    def arguments(self) -> list[str]:
        """How bitcoind is told."""
        silent = ["-nozmqpubhashblock", "-nozmqpubsequence"]
        return [f"-rest={self.rest:d}", *([] if self.zmq else silent)]


KINDS = {
    "embedded": Kind("embedded", blockpart=True),
    "embedded-whole-blocks": Kind("embedded"),
    "embedded-rpc-only": Kind("embedded", rest=False),
    "embedded-silent": Kind("embedded", blockpart=True, zmq=False),
    "bitcoind": Kind("bitcoind"),
    "bitcoind-rpc-only": Kind("bitcoind", rest=False),
    "bitcoind-silent": Kind("bitcoind", zmq=False),
    "core": Kind("core", blockpart=True),
    "core-rpc-only": Kind("core", rest=False),
}


class Peer:
    """A running node of any kind, and what can befall it."""

    def __init__(self, kind: Kind, node: EmbeddedNode | Process) -> None:
        self.kind = kind
        self.node = node

    def section(self, **changes: object) -> NodeSection:
        """How a monitor is told of it."""
        known = {"url": self.node.url, "cookie_file": self.node.cookie_file, "timeout_seconds": 5.0}
        return NodeSection.model_validate(known | changes)

    async def mine(self, count: int = 1, *, outputs: int = 1, on: BlockHash | None = None) -> list[BlockHash]:
        """Blocks on the tip, or on another block."""
        if isinstance(self.node, EmbeddedNode):
            miner, mined = (PAYS_MANY if outputs > 1 else PoolSlug("unknown")), []
            for _ in range(count):
                mined.append(self.node.mine(miner, on=on))
                on = mined[-1]
            return mined
        extra = tuple(Output(1, b"\x00\x14" + bytes(20)) for _ in range(outputs - 1))
        tags = [Recipe(tag=b"/%d/" % (time.monotonic_ns() + n), extra=extra) for n in range(count)]
        return await asyncio.to_thread(mine_all, self.node, tags, on=on)

    async def invalidate(self, block: BlockHash) -> None:
        """A person declares a block invalid."""
        if isinstance(self.node, EmbeddedNode):
            self.node.invalidate(block)
        else:
            await asyncio.to_thread(self.node.call, "invalidateblock", block)

    async def stop(self) -> None:
        """Stop as a service manager would."""
        await (self.node.stop() if isinstance(self.node, EmbeddedNode) else asyncio.to_thread(self.node.stop))

    async def start(self) -> None:
        """Start again, with another cookie."""
        await (self.node.start() if isinstance(self.node, EmbeddedNode) else asyncio.to_thread(self.node.start))


@asynccontextmanager
async def running(kind: Kind, start_bitcoind: Start, *arguments: str) -> AsyncIterator[Peer]:
    """A node with a fresh chain."""
    if kind.program == "embedded":
        signatures = {PAYS_MANY: Signature(b"/many/", LONG_SCRIPT)}
        settings = {"rest": kind.rest, "blockpart": kind.blockpart, "zmq": kind.zmq}
        async with EmbeddedNode(signatures=signatures, **settings) as node:
            yield Peer(kind, node)
        return
    if kind.program == "core" and not CORE.exists():
        pytest.skip("there is no newest Bitcoin Core: `make node-core` builds it")
    binary = CORE if kind.program == "core" else None
    yield Peer(kind, await asyncio.to_thread(start_bitcoind, *kind.arguments, *arguments, binary=binary))


@asynccontextmanager
async def asking(section: NodeSection) -> AsyncIterator[Bitcoind]:
    """A client that has met its node."""
    async with Bitcoind(section, Vitals()) as source:
        await source.ready()
        yield source


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


def told(node: EmbeddedNode, **changes: object) -> NodeSection:
    """How a monitor is told of the embedded node."""
    return NodeSection.model_validate({"url": node.url, "cookie_file": node.cookie_file} | changes)


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
        assert [await source.is_on_main_chain(each) for each in (NO_BLOCK, GENESIS, chain[5], NOWHERE)] == [
            True, True, True, False,
        ]  # fmt: skip

        await peer.invalidate(chain[4])

        assert await source.tip() == chain[3]
        assert [await source.is_on_main_chain(each) for each in chain[3:]] == [True, False, False]
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
            assert before <= await asyncio.wait_for(source.news(), 5) <= time.monotonic()
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
    full, empty = embedded.mine(), embedded.mine(transactions=0)
    async with asking(told(embedded)) as source:
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


# -- manners -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["embedded", "embedded-whole-blocks", "embedded-rpc-only"])
async def test_a_node_never_has_more_than_eight_requests_to_answer(kind: str, start_bitcoind: Start) -> None:
    async with running(KINDS[kind], start_bitcoind) as peer:
        assert isinstance(peer.node, EmbeddedNode)
        await peer.mine(60)
        async with asking(peer.section()) as source:
            listening = asyncio.create_task(source.run())
            chain = await source.successors(BlockRef(-1, NO_BLOCK), 100)
            peer.node.stall()  # so that whatever is asked stays open
            asked = asyncio.gather(
                *(source.block(BlockRef(*each)) for each in enumerate(chain)),
                *(source.is_on_main_chain(each) for each in chain),
            )
            await asyncio.sleep(0.5)
            assert peer.node.most_in_flight == IN_FLIGHT == 8
            peer.node.resume()
            await asked
            assert peer.node.most_in_flight == IN_FLIGHT
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


# -- a node that is not well -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rest", ["auto", "off"])
async def test_a_node_that_hangs_is_away_after_the_timeout(embedded: EmbeddedNode, rest: str) -> None:
    async with asking(told(embedded, timeout_seconds=0.5, rest=rest)) as source:
        tip = await source.tip()
        embedded.stall()
        for question in (source.tip, source.ready, lambda: source.block(BlockRef(5, tip))):
            started = time.monotonic()
            with pytest.raises(NodeAway):
                await question()
            assert 0.3 < time.monotonic() - started < 3
        embedded.resume()
        assert await source.tip() == tip
        assert (await source.block(BlockRef(5, tip))).hash == tip


async def test_a_node_that_warms_up_is_away(embedded: EmbeddedNode) -> None:
    async with asking(told(embedded)) as source:
        tip = await source.tip()
        embedded.warm_up()
        for question in (source.tip, source.ready, lambda: source.block(BlockRef(5, tip))):
            with pytest.raises(NodeAway, match="starting"):
                await question()
        embedded.warmed_up()
        assert await source.ready() == GENESIS


async def test_a_client_that_closes_lets_go_of_a_node_that_hangs(embedded: EmbeddedNode) -> None:
    async with asking(told(embedded, timeout_seconds=60)) as source:
        listening = asyncio.create_task(source.run())
        await asyncio.sleep(0.1)
        embedded.stall()
        asked = asyncio.create_task(source.tip())
        await asyncio.sleep(0.1)
        started = time.monotonic()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    with pytest.raises(NodeError):
        await asked
    assert time.monotonic() - started < 3


async def test_wrong_credentials_are_for_a_person_to_mend(start_bitcoind: Start) -> None:
    digest = hmac.new(b"5a17", b"s3cret", "sha256").hexdigest()
    async with running(KINDS["bitcoind"], start_bitcoind, f"-rpcauth=alice:5a17${digest}") as peer:
        right = {"cookie_file": "auto", "user": "alice", "password": SecretStr("s3cret")}
        async with asking(peer.section(**right)) as source:
            assert await source.tip() == GENESIS
        async with Bitcoind(peer.section(**right | {"password": SecretStr("guess")}), Vitals()) as source:
            with pytest.raises(NodeRefused, match=r"credentials; set node\.cookie_file, or node\.user") as refused:
                await source.ready()
        assert "guess" not in str(refused.value)


async def test_another_network_than_configured_is_for_a_person_to_mend(peer: Peer) -> None:
    async with Bitcoind(peer.section(network="main"), Vitals()) as source:
        with pytest.raises(NodeRefused, match=r"follows regtest, the configuration says main; change node\.network"):
            await source.ready()


async def test_a_missing_cookie_is_a_node_that_does_not_run() -> None:
    async with Bitcoind(NodeSection(cookie_file=Path("/nowhere/.cookie")), Vitals()) as source:
        with pytest.raises(NodeAway, match=r"node\.cookie_file"):
            await source.ready()


LISTENERS = {
    "a page": (200, "text/html", b"<html>"),
    "an exporter": (404, "text/plain", b"404 page not found"),
    "a JSON API": (200, "application/json", b'{"status": "fine"}'),
}


@pytest.mark.parametrize("what", LISTENERS)
async def test_something_else_on_the_port_is_for_a_person_to_mend(what: str) -> None:
    status, content_type, body = LISTENERS[what]
    answer = b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s"
    async with listener(answer % (status, content_type.encode(), len(body), body)) as source:
        with pytest.raises(NodeRefused, match=r"does not speak Bitcoin's RPC .*; check node\.url"):
            await source.ready()


async def test_something_that_speaks_no_http_is_for_a_person_to_mend() -> None:
    async with listener(b"SSH-2.0-OpenSSH_9.2p1\r\nInvalid SSH identification string.\r\n") as source:
        with pytest.raises(NodeRefused, match=r"does not speak HTTP; check node\.url"):
            await source.ready()


HALVES = {
    "nothing": b"",
    "half a JSON": b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n{"r"',
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n{",
    "a list": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
    "a proxy": b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("what", HALVES)
async def test_half_an_answer_is_a_node_that_is_away(what: str) -> None:
    async with listener(HALVES[what]) as source:
        with pytest.raises(NodeAway, match=r"http://127\.0\.0\.1"):
            await source.ready()


@asynccontextmanager
async def listener(answer: bytes) -> AsyncIterator[Bitcoind]:
    """A client of something that says the same to everyone, once it was asked, and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        section = NodeSection(url=f"http://127.0.0.1:{port}", user="x", password=SecretStr("y"))
        async with Bitcoind(section, Vitals()) as source:
            yield source


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
