"""The count of blocks, kept up to date: forward by adding, backward by counting anew from the store.

In go the steps that were stored; out comes the state of the counts at one tip, from which a snapshot is computed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.concentration import concentrate
from monitor.analysis.counting.drift import Drift, drift
from monitor.analysis.counting.levels import Level
from monitor.analysis.counting.tally import advance
from monitor.analysis.counting.windows import reached_seconds
from monitor.analysis.signals.compute import signals
from monitor.analysis.snapshot import snapshot
from monitor.analysis.uncertainty.alternatives import UncertainMembership
from monitor.analysis.uncertainty.estimates import estimated
from monitor.attribution.unknown_miners import MEMORY, UnknownMiners
from monitor.model import (
    BlockRef,
    BlockRow,
    Cluster,
    Concentration,
    Judged,
    Moment,
    Plan,
    PoolSlug,
    Reach,
    Snapshot,
    StaleRow,
    Tally,
    Window,
)
from monitor.processing.counted_blocks import CountedBlocks
from monitor.processing.judging import counted_row, with_pseudonym
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import Registry
from monitor.registry.registry import PoolRegistry
from monitor.store.reading import Reading
from monitor.store.store import Store

_MOST_PSEUDONYMS = 100
"""Unknown miners in a snapshot, those with the most blocks first."""

_MOST_EMPTY = 1_000
"""Empty blocks of which the interval after the parent is looked up: two years of mainnet at one in a hundred."""

_MORE = 100
"""Unattributed blocks beyond those that are remembered, as some may come while the others are counted."""
_TURN = 20
"""Blocks that a new count adds at a time, where it is not urgent."""


@dataclass(frozen=True)
class Rulebook:
    """What attribution and counting depend on besides the blocks."""

    registry: PoolRegistry
    levels: Sequence[Level]
    questions: Sequence[UncertainMembership] = ()
    """Memberships that are not certain."""
    rules: ConsensusParams = field(default_factory=ConsensusParams)
    """Consensus parameters of the network."""

    @classmethod
    def of(cls, registry: Registry, network: str) -> Rulebook:
        """The rulebook of a registry with memberships, on a network."""
        return cls(registry.pools, levels(registry), questions(registry), rules=ConsensusParams.of(network))


@dataclass(frozen=True, slots=True)
class EntityLookup:
    """Which entities blocks count for, as of one count."""

    levels: Sequence[Level]
    pseudonym: Callable[[int], str | None]
    """Of the miner of an unattributed block, by its height."""
    edition: int
    """Higher with each count."""
    questions: Sequence[UncertainMembership] = ()
    """Memberships that are not certain."""


@dataclass(frozen=True, slots=True)
class CountedState:
    """Everything that a snapshot is computed from, as of one tip. Later blocks do not change it."""

    plan: Plan
    """The step that led to it."""
    table: BlockTable
    windows: Sequence[Window]
    tally: Tally
    first_height: int
    rulebook: Rulebook
    unknown_miners: tuple[Cluster, ...]
    stale: Sequence[StaleRow]
    intervals: Mapping[int, float] = field(default_factory=dict)
    """Seconds from the parent to an empty block, as nodes saw them, by height."""

    def snapshot(self) -> Snapshot:
        """Every number of this tip: a tenth of a second for a year of blocks, so it belongs on a thread."""
        registry, rules = self.rulebook.registry, self.rulebook.rules
        taken = snapshot(
            self.table,
            self.windows,
            self.tally,
            tip_hash=self.plan.end.hash,
            first_height=self.first_height,
            caught_up=self.plan.caught_up,
            registry=registry.hash,
            pool_names=registry.names,
        )
        return replace(
            estimated(taken, self.table, self.windows, questions=self.rulebook.questions),
            signals=signals(self.table, self.windows, stale=self.stale, intervals=self.intervals, rules=rules),
            unknown_miners=self.unknown_miners,
        )


class WindowCounter:
    """Counts the best chain over `windows`.

    The owner awaits each call before the next: the table is read on another thread meanwhile.
    """

    def __init__(self, store: Store, windows: Sequence[Window], rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        """A change takes effect with the next `recount`."""
        self.entities: EntityLookup | None = None
        """What the last count used; None before the first."""
        self._store = store
        self.windows = windows
        self._reach = Reach.of(windows)
        self._counted = CountedBlocks(rulebook.levels, windows)
        self._unknown_miners = UnknownMiners(rulebook.registry)
        self._tally = Tally()
        self._first: BlockRef | None = None
        """The lowest stored block."""
        self._tip: BlockRef | None = None
        """The newest block that is counted."""
        self._rewritten = 0
        """How often history had been rewritten when it was counted."""
        self._recounts = 0

    def __len__(self) -> int:
        return len(self._table)

    @property
    def unknown_miners(self) -> tuple[Cluster, ...]:
        """Every miner with a pseudonym, most blocks first."""
        return self._unknown_miners.known

    @property
    def _table(self) -> BlockTable:
        return self._counted.table

    async def recount(self) -> None:
        """Count the stored blocks by the present rulebook: after a restart, a reorganisation, or a new registry."""
        levels, questions = self.rulebook.levels, self.rulebook.questions
        self._rewritten = await self._store.rewritten()
        self._first = await self._store.first()
        self._counted, self._unknown_miners, self._tip = await self._count()
        self._recounts += 1
        self._note(levels, questions)

    async def drift(self) -> list[Drift] | None:
        """How the present counts differ from a new count of the same stored blocks.

        Blocks may be added meanwhile, and the new count makes way for the event loop.

        Returns:
            None if it cannot be said: blocks were counted anew meanwhile, or are about to be, as another monitor that
            writes the database has changed more than its newest blocks.
        """
        before, tip, recounts = self._table.copy(), self._tip, self._recounts
        if tip is None:
            return None
        counted, _, end = await self._count(up_to=tip)
        rewritten = await self._store.rewritten()
        as_before = (end, recounts, rewritten) == (tip, self._recounts, self._rewritten)
        if not as_before or before.levels != counted.table.levels:
            return None
        return await asyncio.to_thread(drift, before, counted.table, self.windows)

    async def _count(self, *, up_to: BlockRef | None = None) -> tuple[CountedBlocks, UnknownMiners, BlockRef | None]:
        """The stored blocks, counted from nothing on a thread, and the newest one; up to a block it is not urgent."""
        reach = self._reach.with_margin
        levels, unknown_miners = self.rulebook.levels, UnknownMiners(self.rulebook.registry)

        def count(reading: Reading) -> tuple[CountedBlocks, BlockRef | None]:
            tip = reading.newest_at(Moment(height=up_to.height if up_to else None))
            if tip is None or (up_to and up_to.hash != tip.hash):  # its chain was left
                return CountedBlocks(levels, self.windows), None
            unattributed = reading.unattributed(MEMORY + _MORE)
            unknown_miners.learn((height, coinbase) for height, coinbase in unattributed if height <= tip.height)
            rows = reading.recent(tip, seconds=reach.seconds, count=reach.blocks)
            named = (with_pseudonym(row, unknown_miners.name) for row in rows)
            counted = CountedBlocks(levels, self.windows, named if up_to is None else _in_turns(named))
            len(counted.table)
            return counted, BlockRef(tip.height, tip.hash)

        counted, end = await self._store.reading(count)
        return counted, unknown_miners, end

    def add(self, judged: Sequence[Judged]) -> bool:
        """Count blocks that join on top.

        Returns:
            False if they change the pseudonym of an earlier block: then `recount`.
        """
        if judged:
            self._first = self._first or judged[0].block.ref
            self._tip = judged[-1].block.ref
        unattributed = [(each.block.height, each.block.coinbase) for each in judged if each.attribution.pool is None]
        if self._unknown_miners.learn(unattributed):
            return False
        self._counted.add(counted_row(each, self._unknown_miners) for each in judged)
        self._note(self._table.levels, self.entities.questions if self.entities else self.rulebook.questions)
        return True

    def concentration(self) -> tuple[Concentration, ...]:
        """Shares and indices at the tip, at every level and over every window."""
        return concentrate(self._table, self.windows)

    def tally(self, judged: Sequence[Judged], losers: Sequence[PoolSlug | None]) -> None:
        """Add a step to the totals since the start: blocks that joined, and the pools of those that left."""
        self._tally = advance(self._tally, connected=judged, disconnected=losers)

    async def state(self, plan: Plan) -> CountedState | None:
        """The counts at the end of a step, unaffected by the steps that follow; None while there are no blocks."""
        if self._first is None or self._table.tip is None:
            return None
        return CountedState(
            plan=plan,
            table=self._table.copy(),
            windows=self.windows,
            tally=self._tally,
            first_height=self._first.height,
            rulebook=self.rulebook,
            unknown_miners=self._unknown_miners.known[:_MOST_PSEUDONYMS],
            stale=await self._store.stale(seconds=reached_seconds(self._table.rows, self.windows)),
            intervals=await self._store.seen_intervals(self._newest_empty()),
        )

    def _newest_empty(self) -> list[int]:
        """Heights of the newest empty blocks."""
        rows = self._table.rows
        heights: list[int] = rows["height"][rows["empty"]][-_MOST_EMPTY:].tolist()
        return heights

    def _note(self, levels: Sequence[Level], questions: Sequence[UncertainMembership]) -> None:
        edition = self.entities.edition + 1 if self.entities else 1
        self.entities = EntityLookup(levels, self._unknown_miners.names(), edition, questions=questions)


def _in_turns(rows: Iterator[BlockRow]) -> Iterator[BlockRow]:
    """The same rows; the event loop may take its turn between some of them."""
    for number, row in enumerate(rows):
        if not number % _TURN:
            time.sleep(0)
        yield row
