"""A tree of blocks, and which branch of it is the best chain. Pure: no clock, no I/O.

The rules are the real node's: most work wins, the first seen among equals; an invalidated block takes its descendants
with it. Whoever changes the tree gets back what happened, in the order in which a real node reports it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile

from monitor.embedded.blocks import Sealed
from monitor.model import BlockHash
from monitor.wire import work

MEDIAN_BLOCKS = 11


class Event(StrEnum):
    """What can happen to the best chain."""

    CONNECTED = "C"
    DISCONNECTED = "D"
    NEW_TIP = "tip"
    """Said when the chain has more work than before; not when blocks were only taken away."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, to one block."""

    event: Event
    hash: BlockHash


@dataclass(slots=True)
class Entry:
    """A block and its standing."""

    block: Sealed
    work: int
    """Expected hashes of this and all blocks below."""
    invalid: bool = False
    """Whether it, or a block below it, was declared invalid."""
    was_connected: bool = False
    pruned: bool = False
    """Whether its body is forgotten. The header never is."""

    @property
    def hash(self) -> BlockHash:
        """The block's hash."""
        return self.block.hash

    @property
    def parent(self) -> BlockHash:
        """The hash of the block below."""
        return self.block.header.parent

    @property
    def height(self) -> int:
        """Where it stands."""
        return self.block.height


@dataclass(frozen=True, slots=True)
class Tip:
    """The end of a branch."""

    entry: Entry
    branch_length: int
    """Blocks since it left the best chain; 0 for the best chain itself."""
    status: str


class Chain:
    """Blocks by hash, and by height those of the best chain.

    Between the genesis block and the first block added there may be a gap: heights of which nothing is known, not even
    headers. The first block then names the genesis block as its parent, so that every parent can be looked up.
    """

    def __init__(self, genesis: Sealed) -> None:
        root = Entry(genesis, work(genesis.header.bits), was_connected=True)
        self._entries = {root.hash: root}
        self._active = [root]  # by height, the gap left out
        self._gap = 0
        self.prune_height = 0
        """Bodies below this height are forgotten."""

    @property
    def tip(self) -> Entry:
        """The best block."""
        return self._active[-1]

    @property
    def first_height(self) -> int:
        """The lowest height above the genesis block of which anything is known."""
        return 1 + self._gap

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, block: BlockHash | str) -> Entry | None:
        """The block with this hash, on whatever branch."""
        return self._entries.get(BlockHash(block))

    def at(self, height: int) -> Entry | None:
        """The best chain's block at this height; None above the tip and in the gap."""
        if height == 0:
            return self._active[0]
        index = height - self._gap
        return self._active[index] if 0 < index < len(self._active) else None

    def is_active(self, entry: Entry) -> bool:
        """Whether the block is on the best chain."""
        return self.at(entry.height) is entry

    def median_time(self, entry: Entry) -> int:
        """Median header time of a block and the ten below it."""
        times = sorted(ancestor.block.header.time for ancestor in islice(self._down(entry), MEDIAN_BLOCKS))
        return times[len(times) // 2]

    # -- changes -------------------------------------------------------------------------------------------------------

    def add(self, block: Sealed) -> list[Step]:
        """Take in a block, and follow it if it ends the branch with the most work.

        Raises:
            ValueError: its parent is unknown or invalid, or its height does not follow.
        """
        parent = self._entries.get(block.header.parent)
        if parent is None or parent.invalid:
            raise ValueError(f"block {block.hash} stands on no valid block of this chain")
        if len(self._entries) == 1:
            self._gap = block.height - 1
        elif block.height != parent.height + 1 and parent.height:
            raise ValueError(f"a block on height {parent.height} cannot have height {block.height}")
        entry = Entry(block, parent.work + work(block.header.bits))
        self._entries[block.hash] = entry
        return self._follow(entry) if entry.work > self.tip.work else []

    def invalidate(self, block: BlockHash) -> list[Step]:
        """Declare a block and all above it invalid, and follow the best of what is left.

        Raises:
            KeyError: there is no such block.
        """
        condemned = self._entries[block]
        for entry in self._above(condemned):
            entry.invalid = True
        steps: list[Step] = []
        if self.is_active(condemned):
            steps = self._disconnect_to(self._entries[condemned.parent])
        return steps + self._follow_best()

    def reconsider(self, block: BlockHash) -> list[Step]:
        """Take back every `invalidate` that concerns this block, those of blocks below it included.

        Raises:
            KeyError: there is no such block.
        """
        pardoned = self._entries[block]
        for entry in (*self._down(pardoned), *self._above(pardoned)):
            entry.invalid = False
        return self._follow_best()

    def prune(self, height: int) -> None:
        """Forget the bodies of all blocks below a height; their headers stay."""
        self.prune_height = max(height, self.prune_height)
        for entry in self._entries.values():
            if entry.height < self.prune_height:
                entry.pruned = True

    def tips(self) -> list[Tip]:
        """The ends of all branches, highest first."""
        parents = {entry.parent for entry in self._entries.values()}
        ends = [entry for entry in self._entries.values() if entry.hash not in parents or entry is self.tip]
        return [self._describe(entry) for entry in sorted(ends, key=lambda entry: -entry.height)]

    # -- inside --------------------------------------------------------------------------------------------------------

    def _describe(self, end: Entry) -> Tip:
        length = end.height - self._fork(end).height
        if end.invalid:
            return Tip(end, length, "invalid")
        if not length:
            return Tip(end, length, "active")
        return Tip(end, length, "valid-fork" if end.was_connected else "valid-headers")

    def _down(self, entry: Entry) -> Iterator[Entry]:
        """A block and what it stands on."""
        while True:
            yield entry
            if entry.parent not in self._entries:
                return
            entry = self._entries[entry.parent]

    def _above(self, entry: Entry) -> Iterator[Entry]:
        """A block and all that stand on it, each after its parent."""
        family = {entry.hash}
        for other in self._entries.values():  # a parent always came first
            if other.parent in family:
                family.add(other.hash)
            if other.hash in family:
                yield other

    def _fork(self, entry: Entry) -> Entry:
        """The highest block of the best chain below or at this one."""
        return next(filter(self.is_active, self._down(entry)))

    def _follow_best(self) -> list[Step]:
        valid = (entry for entry in self._entries.values() if not entry.invalid)
        best = max(valid, key=lambda entry: entry.work)  # the first of several: the one seen first
        return self._follow(best) if best.work > self.tip.work else []

    def _follow(self, target: Entry) -> list[Step]:
        fork = self._fork(target)
        climbed = self.tip.work
        steps = self._disconnect_to(fork)
        branch = list(takewhile(lambda entry: entry is not fork, self._down(target)))
        for entry in reversed(branch):
            self._active.append(entry)
            entry.was_connected = True
            steps.append(Step(Event.CONNECTED, entry.hash))
            if entry.work > climbed:
                climbed = entry.work
                steps.append(Step(Event.NEW_TIP, entry.hash))
        return steps

    def _disconnect_to(self, fork: Entry) -> list[Step]:
        steps = []
        while self.tip is not fork:
            steps.append(Step(Event.DISCONNECTED, self._active.pop().hash))
        return steps
