"""The count of blocks, kept up to date: forward by adding, backward by counting anew from the store.

In go the steps that were stored; out comes the state of the counts at one tip, from which a snapshot is computed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.levels import Level
from monitor.analysis.counting.tally import advance
from monitor.analysis.counting.windows import surplus
from monitor.analysis.signals.compute import signals
from monitor.analysis.snapshot import estimated, snapshot
from monitor.analysis.uncertainty.membership_range import UncertainMembership
from monitor.attribution.unknown_miners import MEMORY, UnknownMiners
from monitor.model import (
    BlockRef,
    BlockRow,
    Cluster,
    Coinbase,
    Judged,
    Plan,
    PoolSlug,
    Snapshot,
    StaleRow,
    Tally,
    Window,
)
from monitor.registry.registry import Registry
from monitor.store.store import Store

_BACK_SECONDS = 86_400
"""Header times go back at times, and then the windows look further back: more than consensus lets them."""
_STRANGERS = 100
"""Unknown miners that are shown, those with the most blocks first."""


@dataclass(frozen=True)
class Rulebook:
    """By what blocks are judged and counted."""

    registry: Registry
    levels: Sequence[Level]
    questions: Sequence[UncertainMembership] = ()
    """Memberships that nobody is sure of."""
    rules: ConsensusParams = field(default_factory=ConsensusParams)
    """The network's."""


@dataclass(frozen=True, slots=True)
class Naming:
    """Whom blocks count for, as of one moment."""

    levels: Sequence[Level]
    name: Callable[[int], str | None]
    """The pseudonym of the miner of an unattributed block, by its height."""
    edition: int
    """Higher each time."""


@dataclass(frozen=True, slots=True)
class CountedState:
    """Everything that a snapshot is computed from, as of one tip. Later blocks do not change it."""

    plan: Plan
    """The step that led to it."""
    ledger: BlockTable
    windows: Sequence[Window]
    tally: Tally
    first_height: int
    rulebook: Rulebook
    strangers: tuple[Cluster, ...]
    stale: Sequence[StaleRow]

    def snapshot(self) -> Snapshot:
        """Every number of this tip: a tenth of a second for a year of blocks, so it belongs on a thread."""
        registry, rules = self.rulebook.registry, self.rulebook.rules
        taken = snapshot(
            self.ledger,
            self.windows,
            self.tally,
            tip_hash=self.plan.end.hash,
            first_height=self.first_height,
            caught_up=self.plan.caught_up,
            registry=registry.hash,
            pool_names=registry.names,
        )
        return replace(
            estimated(taken, self.ledger, self.windows, self.rulebook.questions),
            signals=signals(self.ledger, self.windows, stale=self.stale, rules=rules),
            strangers=self.strangers,
        )


class WindowCounter:
    """Counts the best chain over `windows`.

    It has one owner, who awaits each call before the next: the ledger is read on another thread meanwhile.
    """

    def __init__(self, store: Store, windows: Sequence[Window], rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        """Whoever changes it lets `recount` follow."""
        self.naming: Naming | None = None
        """What was counted by last; None until something was."""
        self._store = store
        self._windows = windows
        self._seconds = max((window.seconds or 0 for window in windows), default=0)
        self._blocks = max((window.blocks or 0 for window in windows), default=0)
        self._ledger = BlockTable(rulebook.levels, windows)
        self._strangers = UnknownMiners(rulebook.registry)
        self._tally = Tally()
        self._first: BlockRef | None = None
        """Where history begins."""

    def __len__(self) -> int:
        return len(self._ledger)

    async def recount(self) -> None:
        """Count from the store, by the rulebook as it is now: after a restart, a reorganisation, or new rules."""
        rows = await self._store.recent(seconds=self._seconds + _BACK_SECONDS, count=self._blocks)
        unattributed = await self._store.unattributed(MEMORY)
        self._first = await self._store.first()
        strangers = self._strangers = UnknownMiners(self.rulebook.registry)

        def counted() -> BlockTable:
            strangers.learn(unattributed)
            return BlockTable.of((_named(row, strangers) for row in rows), levels, self._windows)

        levels = self.rulebook.levels
        self._ledger = await asyncio.to_thread(counted)
        self._note(levels)

    def add(self, judged: Sequence[Judged]) -> bool:
        """Count blocks that join on top. Whether that suffices: one may tell who mined an old one; then `recount`."""
        if judged and self._first is None:
            self._first = judged[0].block.ref
        if self._strangers.learn(_unattributed(judged)):
            return False
        self._ledger.extend(_row(each, self._strangers) for each in judged)
        self._ledger.forget(surplus(self._ledger, self._windows))
        self._note(self._ledger.levels)
        return True

    def tally(self, judged: Sequence[Judged], losers: Sequence[PoolSlug | None]) -> None:
        """Add a step to what is counted since the start: blocks that joined, and whose left."""
        self._tally = advance(self._tally, connected=judged, disconnected=losers)

    async def state(self, plan: Plan) -> CountedState | None:
        """The counts at the end of a step, unaffected by the steps that follow; None while there are no blocks."""
        if self._first is None or self._ledger.tip is None:
            return None
        return CountedState(
            plan=plan,
            ledger=self._ledger.copy(),
            windows=self._windows,
            tally=self._tally,
            first_height=self._first.height,
            rulebook=self.rulebook,
            strangers=self._strangers.known[:_STRANGERS],
            stale=await self._store.stale(seconds=self._seconds),
        )

    def _note(self, levels: Sequence[Level]) -> None:
        """Say by what was counted."""
        edition = self.naming.edition + 1 if self.naming else 1
        self.naming = Naming(levels, self._strangers.names(), edition)


def _unattributed(judged: Iterable[Judged]) -> Iterator[tuple[int, Coinbase]]:
    return ((each.block.height, each.block.coinbase) for each in judged if each.attribution.pool is None)


def _named(row: BlockRow, strangers: UnknownMiners) -> BlockRow:
    cluster = strangers.name(row.height)
    return replace(row, cluster=cluster) if cluster else row


def _row(judged: Judged, strangers: UnknownMiners) -> BlockRow:
    """A block as the store would give it back."""
    block, attribution = judged.block, judged.attribution
    return BlockRow(
        block.height,
        block.header.time,
        block.header.bits,
        attribution.pool,
        attribution.miner,
        strangers.name(block.height),
        block.header.version,
        block.tx_count,
        block.coinbase.value_sat,
        block.coinbase.sequence,
        block.coinbase.locktime,
    )
