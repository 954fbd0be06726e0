"""A node of which blocks are checked before they are used."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import inf

import structlog

from monitor.config import NodeSection
from monitor.consensus.difficulty import PERIOD_BLOCKS, DifficultyRules, Link, rules_of
from monitor.consensus.merkle import coinbase_id, contradiction
from monitor.consensus.verification import MEDIAN_BLOCKS, broken_rules
from monitor.errors import InvalidBlock, NodeRefused, WireError
from monitor.model import Block, BlockHash, BlockRef
from monitor.node import errors
from monitor.node.client import NodeClient
from monitor.node.connections import MAX_CONNECTIONS
from monitor.vitals import Vitals
from monitor.wire import decode_header, display_hash

_REMEMBERED = 2 * PERIOD_BLOCKS
"""Ancestors that are kept: the rules look back one period, and a few branches fit beside it."""
_ALLOW = "add gettxoutproof to rpcwhitelist in the node's bitcoin.conf, or set node.trusted = true if it is yours"

log = structlog.get_logger()


class VerifiedNode(NodeClient):
    """A node that is believed only as far as its blocks break no rule.

    Work, target, time and format of each header are checked against its ancestors. A node that is not trusted has to
    prove each coinbase, too, for which it reads the whole block.
    """

    def __init__(
        self,
        node: NodeSection,
        vitals: Vitals,
        *,
        connections: int = MAX_CONNECTIONS,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(node, vitals, connections=connections)
        self._now = now
        self._links: OrderedDict[BlockHash, Link] = OrderedDict()
        self._proves = True
        """Whether the node has given a proof whenever it was asked for one."""

    async def check(self, onto: BlockRef, blocks: Sequence[Block]) -> None:
        """See `ChainSource.check`.

        Raises:
            InvalidBlock: a block breaks a rule.
        """
        if (rules := self._rules()) is None:
            return
        now = inf if self._node.trusted else self._now()  # our own clock may be wrong
        await self._learn_ancestors(onto)
        unproved = await asyncio.gather(*map(self._wrong_coinbase, blocks))
        for block, wrong_coinbase in zip(blocks, unproved, strict=True):
            parent = self._links.get(block.header.parent)
            broken = broken_rules(block, parent, rules, below=self._below, now=now)
            broken += [wrong_coinbase] if wrong_coinbase else []
            if broken:
                raise InvalidBlock(f"block {block.height} {block.hash} is invalid: {'; '.join(broken)}")
            self._remember(Link.of(block.header, block.height))

    def _rules(self) -> DifficultyRules | None:
        facts = self.facts
        if facts is None or (self._node.trusted and facts.is_simulated):
            return None
        return rules_of(facts.network, extended_from=facts.chain.extended_from)

    async def _wrong_coinbase(self, block: Block) -> str | None:
        """Why the header does not commit to the coinbase; None if it does, or the node is trusted or gives no proof."""
        if self._node.trusted:
            return None
        proof = await self._proof(block.hash, display_hash(coinbase_id(block)))
        if proof is None and self._proves:
            self._proves = False
            log.warning("the node gives no proof of coinbases", node=self._node.name, remedy=_ALLOW)
        return None if proof is None else contradiction(proof, block)

    async def _proof(self, block: BlockHash, txid: str) -> bytes | None:
        """A merkle block for the coinbase; None if the node does not give one.

        Raises:
            InvalidBlock: the node says that the block has no such transaction.
        """
        try:
            return bytes.fromhex(await self._rpc.call("gettxoutproof", [txid], block))
        except errors.RpcError as error:
            if error.code == errors.NOT_FOUND and "transactions" in str(error):
                raise InvalidBlock(f"block {block} does not contain the coinbase that the node sent for it") from None
            return None
        except NodeRefused:  # the call is not on the node's whitelist
            return None
        except (TypeError, ValueError):
            return b""  # proves nothing

    async def _learn_ancestors(self, block: BlockRef) -> None:
        """Ask for the headers that the rules of most blocks need. Their hashes prove that they are the ancestors."""
        wanted = block.hash
        for height in range(block.height, max(block.height - MEDIAN_BLOCKS, -1), -1):
            if wanted in self._links:
                return
            try:
                header = decode_header(await self.raw_header(wanted) or b"")
            except WireError:  # then less can be checked
                return
            if header.hash != wanted:
                return
            self._remember(Link.of(header, height))
            wanted = header.parent

    def _remember(self, link: Link) -> None:
        self._links[link.hash] = link
        self._links.move_to_end(link.hash)
        if len(self._links) > _REMEMBERED:
            self._links.popitem(last=False)

    def _below(self, link: Link) -> Link | None:
        return self._links.get(link.parent)
