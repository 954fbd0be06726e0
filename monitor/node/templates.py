"""What the audit asks of a node: templates, the mempool, and whole blocks with what they spend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import zmq
import zmq.asyncio

from monitor import libzmq
from monitor.errors import NodeBusy, NodeRefused
from monitor.model import BlockHash, BlockRef, BlockTemplate, TemplateEntry
from monitor.node.answers import block_hash, number, understood
from monitor.node.connections import Connections
from monitor.node.errors import METHOD_NOT_FOUND, RpcError
from monitor.node.notifications import BlockNotifications
from monitor.node.rest import NotServed, Rest
from monitor.node.rpc import Rpc
from monitor.node.subscription import connect

_NOT_CONNECTED, _DOWNLOADING = -9, -10
"""Error codes of getblocktemplate on a network with peers."""
_RULES = {"rules": ["segwit", "signet"]}
"""What a miner must say to know; signet's is ignored elsewhere."""
_TXID_BYTES = 32
_MOST_TRANSACTIONS = 100_000
"""Of a template: no block has more."""


class AuditedNode:
    """A node, as the audit sees it. It shares the connections of the follower."""

    def __init__(self, rpc: Rpc, rest: Rest, *, notifications: BlockNotifications, connections: Connections) -> None:
        self._connections = connections
        self._rpc = rpc
        self._rest = rest
        self._notifications = notifications

    @property
    def spare(self) -> bool:
        """Whether a request now would leave a connection free for new blocks."""
        return self._connections.spare

    async def refusal(self) -> str | None:
        """Why the node cannot be audited with, in a sentence; None if it can.

        Raises:
            NodeError: it does not answer.
        """
        about = await self._rpc.optional("getnetworkinfo") or {}
        if about.get("localrelay") is False:
            return "the node relays no transactions (blocksonly=1), so it has no mempool to compare with"
        try:
            await self._ask_template()
        except RpcError as error:
            return _reason(error)
        except NodeRefused as error:
            return f"the node does not allow getblocktemplate ({error.problem}): add it to rpcwhitelist"
        return None

    @understood
    async def template(self) -> BlockTemplate:
        """What the node would mine now.

        Raises:
            NodeError: it does not say.
        """
        answer = await self._ask_template()
        entries = answer["transactions"]
        if len(entries) > _MOST_TRANSACTIONS:
            raise NodeBusy(f"the node's template has {len(entries)} transactions")
        return await asyncio.to_thread(read_template, answer)

    @understood
    async def mempool(self) -> list[str]:
        """Identifiers of all transactions in the mempool."""
        return [block_hash(each) for each in await self._rpc.call("getrawmempool")]

    @understood
    async def raw_block(self, ref: BlockRef) -> bytes:
        """A whole block, as serialised."""
        if self._rest.available:
            with suppress(NotServed):
                return await self._rest.whole_block(ref.hash)
        return bytes.fromhex(await self._rpc.call("getblock", ref.hash, 0))

    async def spent_outputs(self, block: BlockHash) -> bytes | None:
        """What a block spends, as REST `spenttxouts` serialises it; None where the node does not serve that."""
        if self._rest.available:
            with suppress(NotServed):
                return await self._rest.spent_outputs(block)
        return None

    async def follow_mempool(self, heard: Callable[[str, bool], None], connected: Callable[[], None]) -> None:
        """Hear of transactions that enter (True) or leave (False) the mempool, over ZMQ `sequence`.

        Args:
            heard: called with each transaction.
            connected: called when nothing is lost from now on, and again after something was: the mempool must be
                asked for.

        Returns:
            If the node publishes no `sequence`, or ZMQ cannot be used here.
        """
        address = await self._notifications.publisher("sequence")
        if address is None or libzmq.refusal():
            return
        with (
            suppress(zmq.ZMQError, OSError),  # then the mempool is asked for instead
            zmq.asyncio.Context() as context,
            context.socket(zmq.SUB) as socket,
        ):
            socket.linger = 0
            socket.rcvhwm = _MOST_TRANSACTIONS
            socket.subscribe("sequence")
            await connect(socket, address)
            expected: int | None = None
            while True:
                parts = await socket.recv_multipart()
                if len(parts) != 3 or len(parts[1]) <= _TXID_BYTES:
                    continue
                count = int.from_bytes(parts[2], "little")
                if count != expected:
                    connected()
                expected = (count + 1) & 0xFFFF_FFFF
                body = parts[1]
                label = body[_TXID_BYTES : _TXID_BYTES + 1]
                if label in {b"A", b"R"}:
                    heard(body[:_TXID_BYTES].hex(), label == b"A")

    async def _ask_template(self) -> dict[str, Any]:
        answer: dict[str, Any] = await self._rpc.call("getblocktemplate", _RULES)
        return answer


def read_template(answer: dict[str, Any]) -> BlockTemplate:
    """The template that getblocktemplate answers.

    Raises:
        KeyError, TypeError, ValueError: the answer has another shape.
    """
    entries = tuple(
        TemplateEntry(
            block_hash(each["txid"]), bytes.fromhex(each["data"]), number(each["fee"], bits=51),
            weight=number(each["weight"]), depends=tuple(number(one) - 1 for one in each["depends"]),
        )
        for each in answer["transactions"]
    )  # fmt: skip
    if any(not 0 <= parent < at for at, each in enumerate(entries) for parent in each.depends):
        raise ValueError("a transaction of the template depends on a later one")
    return BlockTemplate(block_hash(answer["previousblockhash"]), entries)


def _reason(error: RpcError) -> str:
    match error.code:
        case code if code == METHOD_NOT_FOUND:
            return "the node has no getblocktemplate"
        case code if code == _DOWNLOADING:
            return "the node is in initial download, and has no mempool to compare with yet"
        case code if code == _NOT_CONNECTED:
            return "the node has no peers, so its mempool is not that of the network"
        case _:
            return f"the node gives no template: {error.problem}"
