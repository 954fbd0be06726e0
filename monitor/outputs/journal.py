"""Notes what happens to the chain and the nodes, for the feed: stale blocks, reorganisations, splits, alerts.

The store has the journal, so that a feed is the same after a restart. An entry is noted once, by its key.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NoReturn, Protocol

from monitor.hub import Hub, Listener, News
from monitor.model import (
    Alert,
    AlertState,
    BlockEvents,
    BranchBlock,
    EntryKind,
    JournalEntry,
    NodesView,
    PoolSlug,
)
from monitor.outputs.node_text import blocks_in_words, of_split

_NODES = "/nodes"


class JournalStore(Protocol):
    """Stores the journal."""

    async def newest(self) -> list[JournalEntry]:
        """All entries, newest first."""

    async def note(self, entries: Sequence[JournalEntry]) -> None:
        """Add entries; one that is there already stays as it is."""


class Journal:
    """Listens to the hub."""

    def __init__(self, hub: Hub, store: JournalStore, clock: Callable[[], float] = time.time) -> None:
        self._hub = hub
        self._store = store
        self._clock = clock
        self._noted: set[str] = set()

    async def run(self) -> NoReturn:
        """Note everything from now on."""
        with (
            self._hub.listen("journal") as news,
            self._hub.listen_to_nodes("journal") as views,
            self._hub.listen_to_alerts("journal") as alerts,
        ):
            stored = await self._store.newest()
            self._noted = {each.key for each in stored}
            began = open_splits(stored)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._note_news(news))
                group.create_task(self._note_views(views, began))
                group.create_task(self._note_alerts(alerts))
        raise AssertionError("a listener has ended")

    async def _note_news(self, news: Listener[News]) -> None:
        async for each in news:
            if isinstance(each, BlockEvents) and each.plan.disconnects:
                await self._note([of_reorg(each, self._clock())])

    async def _note_views(self, views: Listener[NodesView], began: set[str]) -> None:
        async for view in views:
            names = self._hub.snapshot.pool_names if self._hub.snapshot else {}
            entries = [of_stale(block, names, self._clock()) for block in view.tree if _is_stale(block, view)]
            changes = list(of_splits(began, view, self._clock()))
            # Alerts that stand since before a restart are in none of the changes.
            standing = [of_alert(each) for each in self._hub.alerts if _is_told(each)]
            await self._note([*entries, *changes, *standing])
            for each in changes:
                (began.add if each.kind is EntryKind.SPLIT else began.discard)(each.about)

    async def _note_alerts(self, alerts: Listener[Alert]) -> None:
        async for each in alerts:
            if _is_told(each):
                await self._note([of_alert(each)])

    async def _note(self, entries: Sequence[JournalEntry]) -> None:
        fresh = [each for each in entries if each.key not in self._noted]
        if fresh:
            await self._store.note(fresh)
            self._noted |= {each.key for each in fresh}


# -- entries -----------------------------------------------------------------------------------------------------------


def of_reorg(events: BlockEvents, now: float) -> JournalEntry:
    """Blocks left the best chain."""
    plan = events.plan
    depth, left = len(plan.disconnects), plan.disconnects[0]
    return JournalEntry(
        f"reorg/{left.hash}/{now:.0f}", EntryKind.REORG, now,
        title=f"Reorganisation: {blocks_in_words(depth)} above {plan.onto.height} left the best chain",
        text=f"The block {left.hash} was the newest that left.", path=f"/block/{left.hash}",
    )  # fmt: skip


def of_stale(block: BranchBlock, names: Mapping[PoolSlug, str], now: float) -> JournalEntry:
    """A stale block."""
    who = names.get(block.pool, block.pool) if block.pool else "an unknown miner"
    return JournalEntry(
        f"stale/{block.ref.hash}", EntryKind.STALE, min(block.time, now),
        title=f"Stale block {block.ref.height} of {who}", text=f"The block {block.ref.hash} is not on the best chain.",
        path=f"/block/{block.ref.hash}" if block.attributed else _NODES,
    )  # fmt: skip


def of_splits(began: set[str], view: NodesView, now: float) -> Iterator[JournalEntry]:
    """Splits that begin and end with a view; `began` are the ancestors of those that have begun."""
    lasting = {split.ancestor.hash: split for split in view.splits if split.lasting}
    for ancestor, split in lasting.items():
        if ancestor not in began:
            yield JournalEntry(
                f"split/{ancestor}/{now:.0f}", EntryKind.SPLIT, now, title="The nodes follow different branches",
                text=f"{of_split(split)}.", path=_NODES, about=ancestor,
            )  # fmt: skip
    if not view.is_known:
        return  # a node that has not said where it is may still be on the other branch
    for joined in began - {str(split.ancestor.hash) for split in view.splits}:
        yield JournalEntry(
            f"split-end/{joined}/{now:.0f}", EntryKind.SPLIT_END, now,
            title="The nodes follow the same branch again", text=f"The split above the block {joined} has ended.",
            path=_NODES, about=joined,
        )  # fmt: skip


def of_alert(alert: Alert) -> JournalEntry:
    """An alert that fires or is resolved."""
    return JournalEntry(
        f"alert/{alert.key}/{alert.started or alert.since:.0f}/{alert.state}", EntryKind.ALERT, alert.since,
        title=alert.summary, text=alert.explanation, path="/alerts",
    )  # fmt: skip


def open_splits(entries: Sequence[JournalEntry]) -> set[str]:
    """Ancestors of the splits that have begun and not ended, by entries with the newest first."""
    last = {each.about: each.kind for each in reversed(entries) if each.kind in {EntryKind.SPLIT, EntryKind.SPLIT_END}}
    return {about for about, kind in last.items() if kind is EntryKind.SPLIT}


def _is_stale(block: BranchBlock, view: NodesView) -> bool:
    """Whether the counted chain has another block at its height, and no node follows its branch.

    A block above may still be counted.
    """
    counted = max((each.ref.height for each in view.tree if each.counted), default=0)
    return not block.counted and block.ref.height <= counted and block.ref.hash not in view.followed_blocks


def _is_told(alert: Alert) -> bool:
    return alert.state is not AlertState.PENDING and not alert.test
