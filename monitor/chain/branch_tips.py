"""Fetches branches that a node knows and does not follow: those it left, those it never took, invalid ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from monitor.chain.lines import BranchStore
from monitor.chain.observer import Observer
from monitor.errors import ChainError, NodeAway, NodeError, WireError
from monitor.model import Block, BlockRef, ChainTip, Judged, Sighting

_MOST_TIPS = 200
"""Of one node; the highest ones."""


class TipStore(BranchStore, Protocol):
    """What is stored of branches; see `store.branches`."""

    async def note_sightings(self, seen: Iterable[Sighting]) -> None:
        """Store when nodes had blocks."""

    async def add_header(self, ref: BlockRef, header: bytes | None, source: str) -> None:
        """Store a stale block of which there is no coinbase."""


async def fetch_tips(observer: Observer, store: TipStore, judge: Callable[[Sequence[Block]], Sequence[Judged]]) -> None:
    """Store the branches beside a node's best chain, and what the node says of each.

    Raises:
        NodeError: the node is away.
    """
    tips = sorted(await observer.node.chain_tips(), key=lambda each: -each.tip.height)
    beside = [each for each in tips if each.status != "active"][:_MOST_TIPS]
    for each in beside:
        await _fetch_branch(observer, each, store, judge=judge)
    await store.note_sightings(
        Sighting(each.tip, observer.name, None, lag_seconds=None, status=each.status) for each in beside
    )


async def _fetch_branch(
    observer: Observer,
    branch: ChainTip,
    store: TipStore,
    *,
    judge: Callable[[Sequence[Block]], Sequence[Judged]],
) -> None:
    """Store the blocks of a branch as far as they are not stored: whole ones, or their headers."""
    ref = branch.tip
    for _ in range(branch.length):
        if await store.find(ref.hash) or (header := await observer.node.header(ref.hash)) is None:
            return
        try:
            block = await observer.node.block(ref)
            await observer.node.check(BlockRef(ref.height - 1, block.header.parent), (block,))
        except NodeAway:
            raise
        except (NodeError, ChainError, WireError):  # only the header is there
            await store.add_header(ref, await observer.node.raw_header(ref.hash), observer.name)
        else:
            await store.add(judge([block]))
        ref = BlockRef(ref.height - 1, header.parent)
