"""A tree of blocks and its best chain. Pure: no clock, no I/O.

The rules are those of a real node: the branch with the most work wins, the first seen among equals; descendants of an
invalid block are invalid. Changes return the resulting steps in the order in which a real node reports them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from monitor.embedded.blocks import Sealed
from monitor.model import BlockHash
from monitor.wire import work


class Event(StrEnum):
    """Kinds of changes of the best chain."""

    CONNECTED = "C"
    DISCONNECTED = "D"
    NEW_TIP = "tip"
    """Reported if the chain has more work than before, not if blocks were only disconnected."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of the best chain."""

    event: Event
    hash: BlockHash


@dataclass(slots=True)
class Entry:
    """A block and its state."""

    block: Sealed
    work: int
    """Expected hashes of this block and all its ancestors."""
    invalid: bool = False
    """Whether it or an ancestor was invalidated."""
    was_connected: bool = False
    pruned: bool = False
    """Whether its body was deleted; headers are kept."""

    @property
    def hash(self) -> BlockHash:
        """The block's hash."""
        return self.block.hash

    @property
    def parent(self) -> BlockHash:
        """Hash of the parent."""
        return self.block.header.parent

    @property
    def height(self) -> int:
        """Its height."""
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

    There may be a gap of unknown heights between the genesis block and the first block that is added. That block then
    has the genesis block as its parent, so that every parent exists.
    """

    def __init__(self, genesis: Sealed) -> None:
        root = Entry(genesis, work(genesis.header.bits), was_connected=True)
        self._entries = {root.hash: root}
        self._active = [root]  # by height, the gap left out
        self._gap = 0
        self.prune_height = 0
        """Bodies below this height are deleted."""

    @property
    def tip(self) -> Entry:
        """The best block."""
        return self._active[-1]

    @property
    def first_height(self) -> int:
        """The lowest known height above the genesis block."""
        return 1 + self._gap

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, block: BlockHash | str) -> Entry | None:
        """The block with this hash, on any branch."""
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

    # -- changes -------------------------------------------------------------------------------------------------------

    def add(self, block: Sealed) -> list[Step]:
        """Add a block, and switch to its branch if that has the most work.

        Raises:
            ValueError: its parent is unknown or invalid, or its height does not follow.
        """
        parent = self._entries.get(block.header.parent)
        if parent is None or parent.invalid:
            raise ValueError(f"the parent of block {block.hash} is unknown or invalid")
        if len(self._entries) == 1:
            self._gap = block.height - 1
        elif block.height != parent.height + 1 and parent.height:
            raise ValueError(f"a child of height {parent.height} cannot have height {block.height}")
        entry = Entry(block, parent.work + work(block.header.bits))
        self._entries[block.hash] = entry
        return self._follow(entry) if entry.work > self.tip.work else []

    def invalidate(self, block: BlockHash) -> list[Step]:
        """Invalidate a block and its descendants, and switch to the best valid branch.

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
        """Revert `invalidate` for this block, its ancestors and descendants.

        Raises:
            KeyError: there is no such block.
        """
        pardoned = self._entries[block]
        for entry in (*self._down(pardoned), *self._above(pardoned)):
            entry.invalid = False
        return self._follow_best()

    def prune(self, height: int) -> None:
        """Delete the bodies of all blocks below a height; headers are kept."""
        self.prune_height = max(height, self.prune_height)
        for entry in self._entries.values():
            if entry.height < self.prune_height:
                entry.pruned = True

    def forget(self, height: int) -> None:
        """Drop the blocks below a height, and the branches that begin there: the gap above the genesis block grows."""
        gone = min(height, self.tip.height) - self.first_height
        if gone <= 0:
            return
        del self._active[1 : 1 + gone]
        self._gap += gone
        root, lowest, *_ = self._active
        kept = {root.hash: root, lowest.hash: lowest}
        for entry in self._entries.values():  # a parent always came first
            if entry.height > lowest.height and entry.parent in kept:
                kept[entry.hash] = entry
        self._entries = kept
        self.prune_height = max(self.prune_height, lowest.height)

    def tips(self) -> list[Tip]:
        """The ends of all branches, highest first."""
        parents = {entry.parent for entry in self._entries.values()}
        parents.add(self._active[0].hash)  # also if the blocks above it are not known
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
        """A block and its ancestors."""
        while True:
            yield entry
            if entry.parent not in self._entries:
                return
            entry = self._entries[entry.parent]

    def _above(self, entry: Entry) -> Iterator[Entry]:
        """A block and its descendants, each after its parent."""
        family = {entry.hash}
        for other in self._entries.values():  # a parent always came first
            if other.parent in family:
                family.add(other.hash)
            if other.hash in family:
                yield other

    def _fork(self, entry: Entry) -> Entry:
        """The highest ancestor on the best chain, or the block itself."""
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
