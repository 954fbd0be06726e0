"""A node of which blocks are checked before they are used."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from math import inf

from monitor.config import NodeSection
from monitor.consensus.difficulty import PERIOD_BLOCKS, DifficultyRules, Link, rules_of
from monitor.consensus.merkle import coinbase_id
from monitor.consensus.verification import MEDIAN_BLOCKS, Finding, Verdict, verify_block, verify_coinbase
from monitor.errors import InvalidBlock, NodeRefused, WireError
from monitor.model import Block, BlockHash, BlockRef
from monitor.node import errors
from monitor.node.client import NodeClient
from monitor.node.connections import MAX_CONNECTIONS
from monitor.vitals import Vitals
from monitor.wire import decode_header, display_hash

_REMEMBERED = 2 * PERIOD_BLOCKS
"""Ancestors that are kept: the rules look back one period, and a few branches fit beside it."""


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
        self.verdict: Verdict | None = None
        """What was found about the last block; None before the first, and on a network without known rules."""

    async def check(self, onto: BlockRef, blocks: Sequence[Block]) -> None:
        """See `ChainSource.check`.

        Raises:
            InvalidBlock: a block breaks a rule.
        """
        if (rules := self._rules()) is None:
            return
        now = inf if self._node.trusted else self._now()  # our own clock may be wrong
        await self._learn_ancestors(onto)
        proved = await asyncio.gather(*map(self._coinbase, blocks))
        for block, coinbase in zip(blocks, proved, strict=True):
            parent = self._links.get(block.header.parent)
            found = verify_block(block, parent, rules, below=self._below, now=now)
            self.verdict = Verdict(found.block, (*found.findings, *coinbase))
            self.verdict.require()
            self._remember(Link.of(block.header, block.height))

    def _rules(self) -> DifficultyRules | None:
        facts = self.facts
        if facts is None or (self._node.trusted and facts.is_simulated):
            return None
        return rules_of(facts.network, extended_from=facts.chain.extended_from)

    async def _coinbase(self, block: Block) -> tuple[Finding, ...]:
        if self._node.trusted:
            return ()
        proof = await self._proof(block.hash, display_hash(coinbase_id(block)))
        return (verify_coinbase(block, proof),)

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
            except WireError:  # then less can be checked, and that is said
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
