"""A Bitcoin node as the follower sees it: `chain.source`, answered over RPC and REST."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from typing import Any, NoReturn, Self

import structlog

from monitor import libzmq
from monitor.config import NodeSection
from monitor.errors import NodeAway, NodeBusy, NodeError, NodeRefused, WireError
from monitor.model import NO_BLOCK, Block, BlockHash, BlockRef, ChainTip, HeaderFacts, NodeFacts, Notice
from monitor.node import errors
from monitor.node.connections import MAX_CONNECTIONS, Connections
from monitor.node.notifications import BlockNotifications
from monitor.node.rest import Rest
from monitor.node.rpc import Rpc
from monitor.vitals import Vitals
from monitor.wire import decode_block

_CLOCK_SLACK_SECONDS = 2 * 3600
"""How far a header's time may be off. A search by time begins that much earlier."""

_NETWORKS = {
    BlockHash("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"): "main",
    BlockHash("00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043"): "testnet4",
    BlockHash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"): "regtest",
}
"""By genesis block. A signet is what `getblockchaininfo` calls one."""

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
        if self.facts is None or facts.genesis != self.facts.genesis or facts.version != self.facts.version:
            log.info("connected to the node", **self._describe(facts))
        self.facts = facts
        return facts.genesis

    async def tip(self) -> BlockHash:
        """Hash of the node's best block."""
        try:
            best = BlockHash(await self._rpc.call("getbestblockhash"))
        except NodeError as error:
            self._note_fault(error)
            raise
        self._vitals.node_up.labels(self._label).set(1)
        self.fault, self.best, self.heard_at = None, best, time.time()
        self._vitals.node_last_contact.labels(self._label).set(self.heard_at)
        return best

    async def is_on_main_chain(self, block: BlockHash) -> bool:
        """See `ChainSource.is_on_main_chain`."""
        if block == NO_BLOCK:
            return True
        header = await self._header(block)
        return header is not None and int(header["confirmations"]) >= 0

    async def successors(self, block: BlockRef, count: int) -> list[BlockHash]:
        """See `ChainSource.successors`."""
        if self._rest.available:
            return await self._rest.successors(block, count, self._introduced.genesis)
        if not await self.is_on_main_chain(block.hash):
            return []
        best = int(await self._rpc.call("getblockcount"))
        heights = range(block.height + 1, min(block.height + count, best) + 1)
        return await asyncio.gather(*map(self._hash_at, heights))

    async def block(self, ref: BlockRef) -> Block:
        """See `ChainSource.block`."""
        try:
            block = await self._rest.block(ref) if self._rest.available else await self._whole(ref)
        except WireError as error:
            raise NodeBusy(f"the node sent something else than block {ref.hash}: {error}") from None
        if block is None:
            await self._explain_missing(ref)
        elif block.hash != ref.hash:
            raise NodeBusy(f"the node sent block {block.hash} instead of {ref.hash}")
        return block

    async def start_for(self, *, seconds: int, blocks: int) -> BlockRef:
        """See `ChainSource.start_for`."""
        facts = self.facts = await self.introduce()  # the first ones may be old
        needed = await self._first_since(facts.first_height, seconds=seconds + _CLOCK_SLACK_SECONDS, blocks=blocks)
        first = max(facts.first_height, needed)
        if first == facts.first_height > 0:
            log.warning("the node is pruned: history begins later than the windows need", first_height=first)
        return BlockRef(first - 1, await self._hash_at(first - 1) if first else NO_BLOCK)

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

    # -- for `check` ---------------------------------------------------------------------------------------------------

    async def introduce(self) -> NodeFacts:
        """Ask the node for its chain, its version and its interfaces.

        Raises:
            NodeAway: it is starting, or still downloading the chain.
            NodeRefused: it follows another network than the one configured.
        """
        chain = await self._rpc.call("getblockchaininfo")
        tip = BlockRef(int(chain["blocks"]), BlockHash(chain["bestblockhash"]))
        genesis = await self._hash_at(0)
        network = "signet" if chain["chain"] == "signet" else _NETWORKS.get(genesis, str(chain["chain"]))
        if self._node.network not in {"auto", network}:
            raise NodeRefused(
                f"the node at {self._node.url} follows {network}, the configuration says {self._node.network}",
                remedy="change node.network or node.url",
            )
        if chain["initialblockdownload"] and network != "regtest":  # regtest has no peers
            raise NodeAway(f"the node is still downloading the chain: {100 * chain['verificationprogress']:.1f} %")
        await self._rest.probe(tip.hash)
        return NodeFacts(
            network=network,
            genesis=genesis,
            version=str((await self._rpc.call("getnetworkinfo"))["subversion"]).strip("/"),
            tip=tip,
            first_height=int(chain.get("pruneheight", 0)),
            rest=self._rest.available,
            blockpart=self._rest.has_blockpart,
            zmq=tuple(await self.notifications.publishers()),
        )

    # -- for alerts ----------------------------------------------------------------------------------------------------

    async def behind(self) -> int:
        """How many blocks the node has only the header of."""
        chain = await self._rpc.call("getblockchaininfo")
        return max(0, int(chain["headers"]) - int(chain["blocks"]))

    # -- for `attribute` and backfills ---------------------------------------------------------------------------------

    async def at(self, height: int) -> BlockRef:
        """The block at a height of the best chain.

        Raises:
            NodeBusy: the best chain is shorter.
        """
        return BlockRef(height, await self._hash_at(height))

    async def find(self, block: BlockHash) -> BlockRef | None:
        """A block by its hash, on the best chain or stale; None if the node does not know it."""
        header = await self._header(block)
        return BlockRef(int(header["height"]), block) if header else None

    # -- for observers -------------------------------------------------------------------------------------------------

    async def header(self, block: BlockHash) -> HeaderFacts | None:
        """See `ObservedNode.header`."""
        header = await self._header(block)
        if header is None:
            return None
        return HeaderFacts(
            BlockRef(int(header["height"]), block),
            parent=BlockHash(header.get("previousblockhash", NO_BLOCK)),
            time=int(header["time"]),
            bits=int(header["bits"], 16),
            version=int(header["version"]),
            chain_work=int(header["chainwork"], 16),
        )

    async def raw_header(self, block: BlockHash) -> bytes | None:
        """See `ObservedNode.raw_header`."""
        try:
            return bytes.fromhex(await self._rpc.call("getblockheader", block, False))  # noqa: FBT003 -- the node's own
        except errors.RpcError as error:
            if error.code == errors.NOT_FOUND:
                return None
            raise

    async def chain_tips(self) -> list[ChainTip]:
        """See `ObservedNode.chain_tips`."""
        return [
            ChainTip(BlockRef(int(tip["height"]), BlockHash(tip["hash"])), int(tip["branchlen"]), str(tip["status"]))
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
            "node": self._label, "network": facts.network, "version": facts.version, "height": facts.tip.height,
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
        header = await self._header(await self._hash_at(height))
        return int(header["time"]) if header else 0

    async def _hash_at(self, height: int) -> BlockHash:
        try:
            return BlockHash(await self._rpc.call("getblockhash", height))
        except errors.RpcError as error:
            if error.code == errors.OUT_OF_RANGE:
                raise NodeBusy(f"the node no longer has a block at height {height}") from None
            raise

    async def _whole(self, ref: BlockRef) -> Block | None:
        try:
            return decode_block(bytes.fromhex(await self._rpc.call("getblock", ref.hash, 0)), height=ref.height)
        except errors.RpcError as error:
            if error.code in {errors.NOT_FOUND, errors.MISC}:
                return None
            raise

    async def _explain_missing(self, ref: BlockRef) -> NoReturn:
        chain = await self._rpc.call("getblockchaininfo")
        first = int(chain.get("pruneheight", 0))
        if ref.height < first:
            raise NodeRefused(
                f"the node has pruned block {ref.height}, which comes next, and begins at {first}",
                remedy="use a node that "
                "still has it, or move the database away (store.url) to begin with what this node has",
            )
        raise NodeBusy(f"the node does not have block {ref.hash} at {ref.height} any more, or not yet")
