"""A Bitcoin node as the follower sees it: `chain.source`, answered over RPC and REST."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn, Self, TypeVar

import structlog

from monitor import libzmq
from monitor.config import NodeSection
from monitor.consensus.identity import chain_of
from monitor.errors import NodeAway, NodeBusy, NodeError, NodeRefused, WireError
from monitor.model import (
    NO_BLOCK,
    UNKNOWN_CHAIN,
    Block,
    BlockHash,
    BlockRef,
    ChainIdentity,
    ChainTip,
    HeaderFacts,
    NodeFacts,
    Notice,
)
from monitor.node import errors, identity
from monitor.node.answers import block_hash, number, understood
from monitor.node.connections import MAX_CONNECTIONS, Connections
from monitor.node.notifications import BlockNotifications
from monitor.node.rest import NotServed, Rest
from monitor.node.rpc import Rpc
from monitor.node.templates import AuditedNode
from monitor.vitals import Vitals
from monitor.wire import decode_block

_CLOCK_SLACK_SECONDS = 2 * 3600
"""How far a header's time may be off. A search by time begins that much earlier."""

_STATUSES = ("active", "valid-fork", "valid-headers", "headers-only", "invalid")
"""Of a branch, in `getchaintips`."""
_PRUNED = "the node is pruned: history begins later than the windows need"
_SNAPSHOT = "the node is still downloading old blocks: history begins later than the windows need"

_T = TypeVar("_T")

log = structlog.get_logger()


class NodeClient:
    """One node. Use as an async context manager; `run` listens for new blocks meanwhile."""

    def __init__(self, node: NodeSection, vitals: Vitals, *, connections: int = MAX_CONNECTIONS) -> None:
        self._node = node
        self._vitals = vitals
        self._label = node.label
        self._connections = Connections(connections)
        self._rpc = Rpc(node, vitals, self._connections)
        self._rest = Rest(node, vitals, self._connections)
        self.notifications = BlockNotifications(node, self._rpc, vitals)
        self.audited = AuditedNode(
            self._rpc, self._rest, notifications=self.notifications, connections=self._connections
        )
        self.facts: NodeFacts | None = None
        """What the node last said about itself; None before the first contact."""
        self.heard_at: float | None = None
        """When it last said which block is its best, Unix time."""
        self.best: BlockHash | None = None
        """Its best block, as last heard."""
        self.fault: str | None = None
        """Why it does not answer; None while it does."""
        vitals.node_up.labels(self._label).set(0)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.close()
        self._rpc.close()

    async def run(self) -> NoReturn:
        """Listen for new blocks, for ever."""
        await self.notifications.run()

    def reserve(self, connections: int) -> AbstractAsyncContextManager[None]:
        """Leave so many connections to another process meanwhile."""
        return self._connections.reserve(connections)

    # -- chain.source --------------------------------------------------------------------------------------------------

    async def ready(self) -> BlockHash:
        """Learn what the node can do; see `ChainSource.ready`."""
        try:
            facts = await self.introduce()
        except NodeError as error:
            self._note_fault(error)
            raise
        known = self.facts and (self.facts.genesis, self.facts.version, self.facts.chain)
        if known != (facts.genesis, facts.version, facts.chain):
            log.info("connected to the node", **self._describe(facts))
        self.facts = facts
        if refusal := identity.refusal(self._node, facts.chain):
            self._note_fault(refusal)
            raise refusal
        return facts.genesis

    async def tip(self) -> BlockHash:
        """Hash of the node's best block."""
        try:
            best = await self._best()
        except NodeError as error:
            self._note_fault(error)
            raise
        self._vitals.node_up.labels(self._label).set(1)
        self.fault, self.best, self.heard_at = None, best, time.time()
        self._vitals.node_last_contact.labels(self._label).set(self.heard_at)
        return best

    @understood
    async def _best(self) -> BlockHash:
        return block_hash(await self._rpc.call("getbestblockhash"))

    @understood
    async def hash_at(self, height: int) -> BlockHash | None:
        """See `ChainSource.hash_at`."""
        try:
            return block_hash(await self._rpc.call("getblockhash", height))
        except errors.RpcError as error:
            if error.code == errors.OUT_OF_RANGE:
                return None
            raise

    @understood
    async def successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        """See `ChainSource.successors`."""
        return await self._by_rest_or_rpc(
            lambda: self._rest.successors(block, count, self._introduced.genesis),
            lambda: self._successors(block, count),
        )

    @understood
    async def block(self, ref: BlockRef) -> Block:
        """See `ChainSource.block`."""
        block = await self._any_block(ref)
        if (name := chain_of(block.header)) and (refusal := identity.refusal(self._node, ChainIdentity(name))):
            raise refusal
        return block

    async def check(self, onto: BlockRef, blocks: Sequence[Block]) -> None:
        """See `ChainSource.check`. This node is believed; `VerifiedNode` is not."""

    @understood
    async def start_for(self, *, seconds: int, blocks: int) -> BlockRef:
        """See `ChainSource.start_for`."""
        facts = self.facts = await self.introduce()  # the first ones may be old
        needed = await self._first_since(facts.first_height, seconds=seconds + _CLOCK_SLACK_SECONDS, blocks=blocks)
        first = max(facts.first_height, needed)
        if first == facts.first_height > 0:
            log.warning(_SNAPSHOT if facts.snapshot else _PRUNED, first_height=first)
        return await self.at(first - 1) if first else BlockRef(-1, NO_BLOCK)

    @understood
    async def reach(self, *, seconds: int, blocks: int) -> int:
        """The lowest height that is needed to cover so much header time and so many blocks, approximately.

        Without the margin of `start_for`. Pruned blocks are included: a node keeps every header.
        """
        self.facts = await self.introduce()
        try:
            return await self._first_since(0, seconds=seconds, blocks=blocks)
        except errors.RpcError:  # the embedded node does not keep them
            return self.facts.first_height

    async def _first_since(self, low: int, *, seconds: int, blocks: int) -> int:
        high = tip = self._introduced.tip.height
        earliest = (await self._time_at(tip)) - seconds
        while low < high:  # header times rise almost everywhere; the slack covers the exceptions
            middle = (low + high) // 2
            low, high = (middle + 1, high) if await self._time_at(middle) < earliest else (low, middle)
        return max(0, min(low, tip + 1 - blocks))

    async def news(self) -> Notice:
        """See `ChainSource.news`."""
        notice = await self.notifications.wait()
        self.best = notice.tip or self.best
        return notice

    # -- what it can do ------------------------------------------------------------------------------------------------

    @understood
    async def introduce(self) -> NodeFacts:
        """Ask the node for its chain, its version and its interfaces, each of which is proved by using it.

        The daemon and `check` both decide by this whether a node can be used.

        Raises:
            NodeAway: it is starting, or still downloading the chain.
            NodeBusy: it does not send its best block.
            NodeRefused: it follows another network than the one configured, or one that is not supported.
        """
        return await self._facts(await self._rpc.call("getblockchaininfo"))

    async def _facts(self, chain: dict[str, Any]) -> NodeFacts:
        tip = BlockRef(number(chain["blocks"], bits=31), block_hash(chain["bestblockhash"]))
        genesis = (await self.at(0)).hash
        network = identity.network_of(self._node, str(chain["chain"]), genesis)
        if chain["initialblockdownload"] and network != "regtest":  # regtest has no peers
            raise NodeAway(
                f"the node is still downloading the chain: {100 * min(1.0, float(chain['verificationprogress'])):.1f} %"
            )
        own_chain = await identity.ask_identity(self._rpc, network, tip)
        await self._rest.probe(tip.hash)
        if own_chain.name != UNKNOWN_CHAIN:
            await self._any_block(tip)  # proves that blocks come, by REST or RPC
        snapshot = await self._snapshot_height(chain)
        version = (await self._rpc.optional("getnetworkinfo") or {}).get("subversion")
        return NodeFacts(
            network=network,
            genesis=genesis,
            version=version.strip("/") if isinstance(version, str) else "unknown version",
            tip=tip,
            first_height=max(number(chain.get("pruneheight", 0), bits=31), 0 if snapshot is None else snapshot + 1),
            snapshot=snapshot is not None,
            rest=self._rest.available,
            rest_refusal=self._rest.refusal,
            blockpart=self._rest.has_blockpart,
            zmq=tuple(await self.notifications.publishers()),
            chain=own_chain,
        )

    async def _snapshot_height(self, chain: dict[str, Any]) -> int | None:
        """The height of the UTXO snapshot whose earlier blocks are still being downloaded; None if there is none."""
        if background := chain.get("backgroundvalidation"):  # since Bitcoin Core 32
            return number(background["snapshotheight"], bits=31)
        states = (await self._rpc.optional("getchainstates") or {}).get("chainstates", [])
        base = next((each["snapshot_blockhash"] for each in states if not each.get("validated", True)), None)
        header = await self._header(block_hash(base)) if base else None
        return number(header["height"], bits=31) if header else 0 if base else None

    # -- for alerts ----------------------------------------------------------------------------------------------------

    @understood
    async def behind(self) -> int:
        """How many blocks the node has only the header of."""
        chain = await self._rpc.call("getblockchaininfo")
        return max(0, number(chain["headers"], bits=31) - number(chain["blocks"], bits=31))

    # -- for `attribute` and backfills ---------------------------------------------------------------------------------

    async def at(self, height: int) -> BlockRef:
        """The block at a height of the best chain.

        Raises:
            NodeBusy: the best chain is shorter.
        """
        block = await self.hash_at(height)
        if block is None:
            raise NodeBusy(f"the node no longer has a block at height {height}")
        return BlockRef(height, block)

    @understood
    async def find(self, block: BlockHash) -> BlockRef | None:
        """A block by its hash, on the best chain or stale; None if the node does not know it."""
        header = await self._header(block)
        return BlockRef(number(header["height"], bits=31), block) if header else None

    # -- for observers -------------------------------------------------------------------------------------------------

    @understood
    async def header(self, block: BlockHash) -> HeaderFacts | None:
        """See `ObservedNode.header`."""
        header = await self._header(block)
        if header is None:
            return None
        return HeaderFacts(
            BlockRef(number(header["height"], bits=31), block),
            parent=block_hash(header.get("previousblockhash", NO_BLOCK)),
            time=number(header["time"]),
            bits=number(int(header["bits"], 16)),
            version=number(header["version"], bits=33, signed=True),  # 32 bits, signed or not
            chain_work=number(int(header["chainwork"], 16), bits=256),
        )

    @understood
    async def raw_header(self, block: BlockHash) -> bytes | None:
        """See `ObservedNode.raw_header`."""
        try:
            return bytes.fromhex(await self._rpc.call("getblockheader", block, False))  # noqa: FBT003 -- the node's own
        except errors.RpcError as error:
            if error.code == errors.NOT_FOUND:
                return None
            raise

    @understood
    async def chain_tips(self) -> list[ChainTip]:
        """See `ObservedNode.chain_tips`."""
        return [
            ChainTip(
                BlockRef(number(tip["height"], bits=31), block_hash(tip["hash"])),
                number(tip["branchlen"], bits=31),
                tip["status"] if tip["status"] in _STATUSES else "unknown",
            )
            for tip in await self._rpc.call("getchaintips")
        ]

    # -- requests ------------------------------------------------------------------------------------------------------

    @property
    def _introduced(self) -> NodeFacts:
        if self.facts is None:
            raise NodeAway("the node has not answered yet")
        return self.facts

    def _note_fault(self, error: NodeError) -> None:
        self._vitals.node_up.labels(self._label).set(0)
        self.fault = str(error)

    def _describe(self, facts: NodeFacts) -> dict[str, object]:
        heard = [] if libzmq.refusal() else list(facts.zmq)
        return {
            "node": self._label, "network": facts.network, "chain": str(facts.chain),
            "version": facts.version, "height": facts.tip.height,
            "blocks_by": facts.blocks_by, "notices_by": heard or "long poll and timer",
            "pruned": facts.pruned,
        }  # fmt: skip

    async def _header(self, block: BlockHash) -> dict[str, Any] | None:
        try:
            header: dict[str, Any] = await self._rpc.call("getblockheader", block)
        except errors.RpcError as error:
            if error.code == errors.NOT_FOUND:
                return None
            raise
        return header

    async def _time_at(self, height: int) -> int:
        header = await self._header((await self.at(height)).hash)
        return number(header["time"]) if header else 0

    async def _by_rest_or_rpc(self, by_rest: Callable[[], Awaitable[_T]], by_rpc: Callable[[], Awaitable[_T]]) -> _T:
        """The answer of REST, else that of RPC: that REST does not serve something says nothing about the node."""
        if not self._rest.available:
            return await by_rpc()
        try:
            return await by_rest()
        except NotServed as error:
            answer = await by_rpc()
            self._rest.give_up(error)
            return answer

    async def _any_block(self, ref: BlockRef) -> Block:
        """A block, whatever chain it is of."""
        return await self._by_rest_or_rpc(lambda: self._rest.block(ref), lambda: self._block(ref))

    async def _successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        if block.hash != NO_BLOCK and await self.hash_at(block.height) != block.hash:
            return []
        best = number(await self._rpc.call("getblockcount"), bits=31)
        heights = range(block.height + 1, min(block.height + count, best) + 1)
        return [ref.hash for ref in await asyncio.gather(*map(self.at, heights))]

    async def _block(self, ref: BlockRef) -> Block:
        try:
            data = await self._rpc.call("getblock", ref.hash, 0)
            # Millions of characters, and a coinbase may have 90,000 outputs.
            block = await asyncio.to_thread(lambda: decode_block(bytes.fromhex(data), height=ref.height))
        except errors.RpcError as error:
            if error.code in {errors.NOT_FOUND, errors.MISC}:
                await self._explain_missing(ref, error)
            raise
        except (WireError, TypeError, ValueError) as error:
            raise NodeBusy(f"the node sent something else than block {ref.hash}: {error}") from None
        if block.hash != ref.hash:
            raise NodeBusy(f"the node sent block {block.hash} instead of {ref.hash}")
        return block

    async def _explain_missing(self, ref: BlockRef, answer: errors.RpcError) -> NoReturn:
        chain = await self._rpc.call("getblockchaininfo")
        first = number(chain.get("pruneheight", 0), bits=31)
        if ref.height < first:
            raise NodeRefused(
                f"the node has pruned block {ref.height}, which comes next, and begins at {first}",
                remedy="use a node that "
                "still has it, or move the database away (store.url) to begin with what this node has",
            )
        raise NodeBusy(f"the node does not have block {ref.hash} at {ref.height} any more, or not yet: {answer}")
