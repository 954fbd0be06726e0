"""Fetches branches that a node knows and does not follow: those it left, those it never took, invalid ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from monitor.chain.lines import BranchStore
from monitor.chain.observer import Observer
from monitor.errors import ChainError, NodeAway, NodeError, WireError
from monitor.model import Block, BlockRef, ChainTip, HeaderFacts, Judged, Sighting

_MOST_TIPS = 200
"""Of one node; the highest ones."""
_LONGEST = 144
"""Blocks of a branch that no node follows, the highest ones."""


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
    """Store the blocks of a branch as far as they are not stored, lowest first: whole ones, or their headers.

    Of a node that is not trusted only blocks are stored, and only above a stored one: so the work of each is checked
    against that of our own chain.
    """
    headers, onto = await _missing(observer, branch, store)
    if onto is None and not observer.trusted:
        return
    for header in reversed(headers):
        onto = onto or BlockRef(header.ref.height - 1, header.parent)
        ref = BlockRef(onto.height + 1, header.ref.hash)
        try:
            block = await observer.node.block(ref)
            await observer.node.check(onto, (block,))
        except NodeAway:
            raise
        except (NodeError, ChainError, WireError):  # only the header is there, or the block is wrong
            if not observer.trusted:
                return
            await store.add_header(ref, await observer.node.raw_header(ref.hash), observer.name)
        else:
            await store.add(judge([block]))
        onto = ref


async def _missing(observer: Observer, branch: ChainTip, store: TipStore) -> tuple[list[HeaderFacts], BlockRef | None]:
    """The headers of a branch that are not stored, highest first, and the stored block below; None if none is near."""
    headers: list[HeaderFacts] = []
    below = branch.tip.hash
    while len(headers) < min(branch.length, _LONGEST):
        if stored := await store.find(below):
            return headers, stored.ref
        if (header := await observer.node.header(below)) is None:
            return headers, None
        headers.append(header)
        below = header.parent
    stored = await store.find(below)
    return headers, stored.ref if stored else None
