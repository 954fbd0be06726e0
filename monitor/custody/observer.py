"""The observer: searches whole blocks for spends of stored coinbases, the newest first.

A block costs the node one request for all of it, which nothing else but the audit needs. So it is supervised, asks for
one block at a time, never with the last free connection, and rests after each block of history three times as long as
the search took. What was searched is stored with each block, so it goes on where it ended. Coinbases that cannot be
spent yet are read again each time: a reorganisation may have replaced them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn, Protocol

import structlog

from monitor.custody.spends import coinbase_txid, find_spends
from monitor.errors import NodeAway, NodeError, WireError
from monitor.hub import Hub
from monitor.model import BlockHash, BlockRef, Coinbase, CoinbaseSpend, CustodyState, Snapshot

_BATCH = 16
"""Blocks searched between two looks at the store."""
_REST = 3.0
"""Times as long as the search of a block took."""
_BUSY_SECONDS = 0.2
_AWAY_SECONDS = 10.0
_MATURITY = 100
"""Blocks between a coinbase and the first that may spend it."""
_LOOK_SECONDS = 600.0
"""Until the store is looked at without a new block."""

log = structlog.get_logger()


class CustodyNode(Protocol):
    """What custody asks of the node."""

    @property
    def spare(self) -> bool:
        """Whether a request now would leave a connection free for new blocks."""

    async def raw_block(self, ref: BlockRef) -> bytes:
        """A whole block, as serialised."""


class CustodyStore(Protocol):
    """What custody asks of the store."""

    async def coinbases(self, first: int) -> list[tuple[BlockRef, Coinbase]]:
        """The coinbases of the best chain from a height on, lowest first."""

    async def lowest_since(self, time: int) -> int | None:
        """Height of the lowest block with a header time of `time` or later."""

    async def unscanned(self, known_from: int, *, lowest: int, limit: int) -> list[tuple[BlockRef, int]]:
        """Blocks to be searched, with their header times, highest first."""

    async def counts(self, known_from: int, *, lowest: int) -> tuple[int, int, int]:
        """Blocks searched, blocks still to be searched, and spends found."""

    async def save_scans(self, scans: Sequence[tuple[BlockRef, int, list[CoinbaseSpend]]], *, known_from: int) -> None:
        """Store what was found in blocks."""


class CustodyObserver:
    """Searches the blocks of the counted chain.

    Args:
        node: the counted node.
        store: has the coinbases, and keeps what is found.
        hub: announces blocks.
        complete: whether history is as long as it can be had; nothing is searched before.
        days: how far back coinbases are followed.
        show: called with the state.
    """

    def __init__(
        self,
        node: CustodyNode,
        store: CustodyStore,
        hub: Hub,
        *,
        complete: Callable[[], bool],
        days: int,
        show: Callable[[CustodyState], None],
    ) -> None:
        self._node = node
        self._store = store
        self._hub = hub
        self._complete = complete
        self._seconds = days * 86_400
        self._show = show
        self._known: dict[bytes, BlockHash] = {}
        """By identifier, the block of each coinbase that is followed."""
        self._known_from = 0
        """Height of the lowest of them."""
        self._known_to = -1
        self._lowest = 0
        """Height of the lowest block that the node has, as far as this search knows."""
        self._noted: int | None = None
        """The same, as it was logged."""

    async def run(self) -> NoReturn:
        """Search for ever."""
        with self._hub.listen("custody", limit=4) as news:
            while True:
                settled = self._complete()
                if settled:
                    await self._search()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS if settled else _AWAY_SECONDS):
                        while not isinstance(await news.get(), Snapshot):
                            pass

    async def _search(self) -> None:
        """Search all blocks that are not searched yet, and have been counted in a snapshot."""
        self._lowest = 0
        while await self._learn():
            found = await self._store.unscanned(self._known_from, lowest=self._lowest, limit=_BATCH)
            newest = self._hub.snapshot.tip.height if self._hub.snapshot else None
            refs = [each for each in found if newest is None or each[0].height <= newest]
            if not refs:
                break
            done = await self._batch(refs, history=len(found) == _BATCH)
            await self._store.save_scans(done, known_from=self._known_from)
            await self._report()
            if not done and not await self._is_reachable(refs[0][0]):
                return
        await self._report()

    async def _learn(self) -> bool:
        """Keep the coinbases that may be spent; returns whether there are any."""
        snapshot = self._hub.snapshot
        newest = snapshot.tip.time if snapshot else 0
        lowest = await self._store.lowest_since(newest - self._seconds)
        if lowest is None:
            return False
        if not self._known or lowest < self._known_from:
            self._known, self._known_from, self._known_to = {}, lowest, lowest - 1
        found = await self._store.coinbases(max(lowest, self._known_to + 1 - _MATURITY))
        self._known |= await asyncio.to_thread(_identified, found)
        self._known_to = max([self._known_to, *(ref.height for ref, _ in found[-1:])])
        return True

    async def _batch(
        self, refs: Sequence[tuple[BlockRef, int]], *, history: bool
    ) -> list[tuple[BlockRef, int, list[CoinbaseSpend]]]:
        """Search these blocks, as far as the node has them."""
        done = []
        for ref, at in refs:
            while not self._node.spare:  # noqa: ASYNC110 -- rare: while a backfill uses the others
                await asyncio.sleep(_BUSY_SECONDS)
            try:
                raw = await self._node.raw_block(ref)
                began = time.monotonic()
                done.append((ref, at, await asyncio.to_thread(find_spends, raw, self._known)))
            except (NodeError, WireError) as error:
                self._note(ref, error)
                break
            if history:
                await asyncio.sleep(_REST * (time.monotonic() - began))
        return done

    def _note(self, ref: BlockRef, error: Exception) -> None:
        if isinstance(error, NodeAway):
            return
        # The newest come first, so a node that lacks this block has pruned those below as well.
        self._lowest = ref.height + 1
        if self._noted is None or self._lowest < self._noted:
            self._noted = self._lowest
            log.info("custody: the node does not give older blocks", below=self._lowest, reason=str(error))

    async def _is_reachable(self, ref: BlockRef) -> bool:
        """Whether to go on at once after a batch without any block."""
        if ref.height < self._lowest:  # the node has answered
            return True
        await asyncio.sleep(_AWAY_SECONDS)
        return False

    async def _report(self) -> None:
        scanned, missing, spends = await self._store.counts(self._known_from, lowest=self._lowest)
        self._show(CustodyState(None, scanned=scanned, missing=missing, spends=spends))


def _identified(found: Sequence[tuple[BlockRef, Coinbase]]) -> Mapping[bytes, BlockHash]:
    return {coinbase_txid(coinbase): ref.hash for ref, coinbase in found}
