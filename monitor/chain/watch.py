"""All nodes together: which block each has, and the blocks of every branch.

Of every new tip of an observer the headers down to the counted chain are requested, from the node that has it. Blocks
of another branch are fetched, attributed and stored as stale. Blocks that merely arrive earlier than at the counted
node are not: they are about to be counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NoReturn, Protocol

import structlog

from monitor.chain.branch_tips import TipStore, fetch_tips
from monitor.chain.branches import BranchRules, Line, completed, marks, relation, splits
from monitor.chain.fallback import FallbackSource
from monitor.chain.lines import complete, trace
from monitor.chain.observer import Observer
from monitor.chain.sightings import Arrivals
from monitor.chain.tree import folded, shown
from monitor.errors import ChainError, NodeAway, NodeError, PoolMonitorError, WireError
from monitor.model import (
    TREE_HEIGHTS,
    Block,
    BlockEvents,
    BlockHash,
    BlockRef,
    BranchBlock,
    NodeState,
    NodesView,
    Notice,
    Relation,
    Sighting,
    Snapshot,
)

_LONGEST = 20_000
"""Blocks of a branch that are counted, the highest ones."""
_LOOK_SECONDS = 5.0
_PATIENCE_SECONDS = 3.0
"""How long a look waits for the nodes: a slower one is shown with its branch of the look before."""
_TIPS_SECONDS = 600.0
_MOST_HEIGHTS = 1_000
"""Blocks of which the height is remembered: a week of them."""
_START_SECONDS = 600.0
"""After the start nodes may be away for so long without being given up: they may start at the same time."""
_NEWS = 10
"""Steps of more blocks are catching up: nobody had just announced them."""

log = structlog.get_logger()


class WatchStore(TipStore, Protocol):
    """What the watch needs of the store; see `store.branches`."""

    async def tip(self) -> BlockRef | None:
        """The tip of the counted chain."""

    async def above(self, height: int) -> list[BranchBlock]:
        """The stored blocks of every branch above a height, lowest first."""

    async def first_seen(self, block: BlockHash) -> float | None:
        """When the first node had a block, Unix time; None if no node announced it."""

    async def followed_tips(self) -> frozenset[BlockHash]:
        """The tips that were stored last."""

    async def followed_blocks(self) -> frozenset[BlockHash]:
        """The stored blocks of the branches that end there."""

    async def note_followed_tips(self, tips: Iterable[BlockHash]) -> None:
        """Store the highest stored block of each branch that nodes follow beside the counted one."""


class NodesWatch:
    """Watches all nodes, and publishes what they say."""

    def __init__(
        self,
        source: FallbackSource,
        store: WatchStore,
        *,
        rules: BranchRules,
        publish: Callable[[NodesView], None],
        lag: Callable[[Sighting], None],
    ) -> None:
        """Watch nodes.

        Args:
            source: where the counted chain is taken from, and all nodes. The follower hears what it says.
            store: the counted chain, and the other branches.
            rules: for blocks and branches.
            publish: called with each new view.
            lag: called with each sighting once it is stored, to observe its lag.
        """
        self._store = store
        self._rules = rules
        self._publish = publish
        self._lag = lag
        self._source = source
        self._started = time.monotonic()
        self._arrivals = Arrivals()
        self._followed_tips: frozenset[BlockHash] | None = None
        self._heights: dict[BlockHash, int] = {}
        self._lines: dict[str, Line] = {}
        self._first_seen: dict[BlockHash, float] = {}
        """When the blocks that decide the age of a split were first seen, Unix time."""
        self._view: NodesView | None = None
        """The last one that was published."""
        self._traces: dict[str, asyncio.Task[tuple[Line | None, bool]]] = {}
        """What each node is being asked, by its name; one that is slow outlasts a look."""
        self._ready = asyncio.Event()
        """Set while the counted chain ends at its node's tip."""
        self._changed = asyncio.Event()

    async def run(self, check: Callable[[BlockHash], Awaitable[None]]) -> NoReturn:
        """Watch for ever. `check` raises if a genesis block is not that of the counted chain.

        If this fails, the last view is no longer shown as the present: no node counts as heard before the next one.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for observer in self._source.nodes[1:]:
                    group.create_task(observer.run(check, self._arrived), name=f"observe {observer.name}")
                group.create_task(self._look_for_ever(), name="look at branches")
                group.create_task(self._ask_for_tips(), name="ask for chain tips")
        except Exception:
            if self._view is not None:
                self._show(self._view.unheard("the comparison of nodes has failed and starts again; see the log"))
            raise
        finally:
            traces = [*self._traces.values()]
            self._traces.clear()
            for trace_of_node in traces:
                trace_of_node.cancel()
            await asyncio.gather(*traces, return_exceptions=True)
        raise AssertionError("an observer returned")

    def _show(self, view: NodesView) -> None:
        self._view = view
        self._publish(view)

    def take(self, news: BlockEvents | Snapshot) -> None:
        """Take note of a step of the counted chain, or of its newest state."""
        if isinstance(news, Snapshot):
            self._note_ready(caught_up=news.caught_up)
        else:
            self._take(news)
        self._changed.set()

    def _take(self, events: BlockEvents) -> None:
        plan = events.plan
        self._note_ready(caught_up=plan.caught_up)
        if plan.caught_up and len(plan.connects) <= _NEWS:
            for block in plan.connects:
                self._seen(block.hash, self._source.followed.name, plan.noticed)
                self._heights[block.hash] = block.height

    def _note_ready(self, *, caught_up: bool) -> None:
        if caught_up:
            self._ready.set()
        else:
            self._ready.clear()

    def _arrived(self, observer: Observer, notice: Notice | None) -> None:
        if notice and observer.node.best:
            self._seen(observer.node.best, observer.name, notice.at)
        self._changed.set()

    def _seen(self, block: BlockHash, node: str, at: float) -> None:
        self._arrivals.note(block, node, at=at, unix=time.time() - (time.monotonic() - at))

    # -- the view ------------------------------------------------------------------------------------------------------

    async def _look_for_ever(self) -> NoReturn:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._changed.wait()
            self._changed.clear()
            if await self.look():
                self._changed.set()

    async def look(self) -> bool:
        """Look at all nodes once; whether there is more to fetch."""
        counted = await self._store.tip()
        if counted is None:
            return False
        found = await self._lines_of_all() if self._ready.is_set() else {}
        more = any(fetched for _, fetched in found.values())
        states = [
            self._state(observer, counted, found.get(observer.name, (None, False))[0])
            for observer in self._source.nodes
        ]
        await self._settle(states)
        forks = [line.fork.height - 1 for line in self._lines.values() if line.blocks]
        newest = await self._store.above(max(min([counted.height - TREE_HEIGHTS, *forks]), counted.height - _LONGEST))
        if self._ready.is_set() and await self._store.tip() != counted:
            return True  # what was found is of two chains
        await self._note_first_seen([block for block in newest if block.counted])
        view = self._view_of(states, newest)
        await self._note_followed_tips(view)
        if not view.is_known:
            view = replace(view, followed_blocks=view.followed_blocks | await self._store.followed_blocks())
        self._show(view)
        return more

    async def _note_followed_tips(self, view: NodesView) -> None:
        """Store which branches are followed. Those of before stay until it is known that they no longer are."""
        before = self._followed_tips
        if before is None:
            before = await self._store.followed_tips()
        stored = ([block.ref.hash for block in line.blocks if block.attributed] for line in self._lines.values())
        tips = frozenset(hashes[-1] for hashes in stored if hashes)
        self._followed_tips = tips if view.is_known else tips | before
        if self._followed_tips != before:
            await self._store.note_followed_tips(self._followed_tips)

    async def _note_first_seen(self, counted: Sequence[BranchBlock]) -> None:
        lines = [line for line in self._lines.values() if line.blocks]
        for block in {block for line in lines for block in marks(line, counted, self._rules.split_depth)}:
            if block.ref.hash in self._first_seen:
                continue
            now, arrived = time.time(), self._arrivals.first_seen(block.ref.hash)
            heard = None if arrived is None else now - (time.monotonic() - arrived)
            known = heard or await self._store.first_seen(block.ref.hash) or block.time
            self._first_seen[block.ref.hash] = min(known, now)

    async def _lines_of_all(self) -> dict[str, tuple[Line | None, bool]]:
        """The branch of each node, and whether there may be more of it. No node waits for another that is slow."""
        late = set(self._traces)
        for observer in self._source.nodes:
            if observer.name not in late:
                self._traces[observer.name] = asyncio.create_task(self._line(observer), name=f"trace {observer.name}")
        await asyncio.wait(self._traces.values(), timeout=_PATIENCE_SECONDS)
        found = {}
        for name, task in [*self._traces.items()]:
            if task.done():
                del self._traces[name]
                line, fetched = task.result()
                found[name] = line, fetched or name in late  # it began at an earlier look
            else:
                task.add_done_callback(lambda _: self._changed.set())
                found[name] = self._lines.get(name), False
        return found

    async def _line(self, observer: Observer) -> tuple[Line | None, bool]:
        """The branch of a node, and whether blocks of it were fetched. Only the store can make this fail."""
        try:
            return await self._traced(observer)
        except PoolMonitorError:
            raise
        except Exception as error:  # noqa: BLE001 -- caused by what one node has answered
            observer.doubt = observer.unexpected(error)
            return self._lines.get(observer.name), False

    async def _traced(self, observer: Observer) -> tuple[Line | None, bool]:
        node, name = observer.node, observer.name
        if node.best is None:
            return None, False
        try:
            line = await trace(node, node.best, self._store, known=self._lines.get(name))
            if line is None:
                self._lines.pop(name, None)
                return None, False
            fetched: list[Block] = []
            is_beside = line.blocks and relation(line.tip, line.fork, await self._tip()) is Relation.BRANCH
            if is_beside and observer is not self._source.followed:  # of that one they are about to be counted
                fetched = await complete(line, node, trusted=observer.trusted)
        except NodeAway:
            return self._lines.get(name), False
        except (NodeError, ChainError, WireError) as error:
            observer.doubt = str(error)
            return self._lines.get(name), False
        judged = self._rules.judge(fetched)
        await self._store.add(judged)
        self._lines[name] = line = completed(line, judged)
        for block in line.blocks:
            self._heights[block.ref.hash] = block.ref.height
        observer.doubt = None
        return line, bool(fetched)

    async def _tip(self) -> BlockRef:
        tip = await self._store.tip()
        assert tip, "the counted chain has ended"
        return tip

    def _state(self, observer: Observer, counted: BlockRef, line: Line | None) -> NodeState:
        node, facts = observer.node, observer.node.facts
        tip = line.tip if line else None
        return NodeState(
            observer.name,
            observer.role,
            up=observer.reason is None,
            reason=observer.reason,
            network=facts.network if facts else None,
            version=facts.version if facts else None,
            tip=tip,
            relation=relation(tip, line.fork, counted) if tip and line else Relation.UNKNOWN,
            fork=line.fork if line else None,
            chain=facts.chain.name if facts else None,
            trusted=observer.trusted,
            heard_at=node.heard_at,
            followed=observer is self._source.followed,
            starting=time.monotonic() - self._started < _START_SECONDS,
        )

    def _view_of(self, states: Sequence[NodeState], newest: Sequence[BranchBlock]) -> NodesView:
        ours = [block for block in newest if block.counted]
        headers = {block.ref.hash: block for line in self._lines.values() for block in line.blocks}
        tree = headers | {block.ref.hash: block for block in newest}
        blocks = shown(tree, self._lines.values(), [node.tip for node in states if node.tip])
        return NodesView(
            tuple(states),
            blocks,
            folded=folded(tree, blocks),
            followed_blocks=frozenset(headers),
            splits=splits(states, self._lines, ours, seen=self._first_seen, now=time.time(), rules=self._rules),
        )

    async def _settle(self, states: Sequence[NodeState]) -> None:
        """Store the sightings that are complete."""
        up = {each.name for each in states if each.up}
        found = self._arrivals.settled(up, time.monotonic(), self._heights)
        if not found:
            return
        await self._store.note_sightings(found)
        for each in found:
            stored = await self._store.find(each.block.hash)
            self._lag(each._replace(pool=stored.pool if stored else None))
        for block in list(self._heights)[:-_MOST_HEIGHTS]:
            del self._heights[block]

    async def _ask_for_tips(self) -> NoReturn:
        """Fetch branches that nodes know and none follows, forever."""
        while True:
            await self._ready.wait()
            for observer in self._source.nodes:
                if observer.reason is None:
                    try:
                        await fetch_tips(observer, self._store, self._rules.judge)
                    except PoolMonitorError:  # the node is away; later
                        continue
                    except Exception as error:  # noqa: BLE001 -- caused by what the node has answered
                        observer.doubt = observer.unexpected(error)
            await asyncio.sleep(_TIPS_SECONDS)
