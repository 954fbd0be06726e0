"""Rounds: what each pool announced while one block was the newest. Pure.

A round begins with the first job on a block. Jobs name their block by hash, so nothing depends on which one our node
has. A pool has at most a few rounds that only it has begun: one that invents blocks displaces its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, NamedTuple

from monitor.model import BlockHash, BlockRef, Coinbase, FaultReport, JobFault, JobPosition, PoolTurn, StratumRound
from monitor.stratum.messages import Job
from monitor.wire import bip34_height

LEAST_BRANCHES: Final = 5
"""Of a template that is compared: it has 16 transactions or more. Small templates are often equal by chance."""
_OWN_ROUNDS: Final = 8
"""Rounds begun by one pool, on blocks that no node has, that are kept."""
_TEMPLATES: Final = 500
"""Templates of one pool and block that are remembered: a pool sends one every few seconds at most."""
_OVER: Final = 200
_FAULTS: Final = 100
_UNKNOWN_SECONDS: Final = 180.0
"""After which a block that no node has is a fault. Blocks reach nodes in seconds, and a node may be busy."""
_AHEAD_SECONDS: Final = 7200
"""How far a block's time may be ahead, by consensus."""
_LEAST_VERSION: Final = 4
"""Nodes refuse lower versions since BIP65."""
_PERIOD: Final = 2016


class KnownBlock(NamedTuple):
    """A block that one of our nodes has."""

    height: int
    bits: int
    counted: bool
    time: int
    """Of its header."""
    transactions: int = 0
    """Without the coinbase; 0 also if only its header is known."""


@dataclass(slots=True)
class _Turn:
    """What one pool announced on one block."""

    first_at: float | None
    """By the monotonic clock; None if the pool was not connected before."""
    empty_first: bool
    jobs: int = 0
    faults: int = 0
    templates: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class _Round:
    began: float
    at: float
    by: str
    turns: dict[str, _Turn] = field(default_factory=dict)


@dataclass(slots=True)
class PoolNow:
    """The newest job of a pool."""

    job: Job
    coinbase: Coinbase | None
    at: float
    """Unix time."""


class Rounds:
    """The rounds that are not over, the newest job of each pool, and faulty jobs.

    Args:
        retargets_rarely: whether the target is constant between blocks whose heights are multiples of 2016.
    """

    def __init__(self, *, retargets_rarely: bool = True) -> None:
        self.now: dict[str, PoolNow] = {}
        self.faults: dict[tuple[JobFault, BlockHash, str], FaultReport] = {}
        """Oldest first."""
        self._rounds: dict[BlockHash, _Round] = {}
        """Oldest first."""
        self._over: dict[BlockHash, None] = {}
        """Rounds that are over, oldest first: a pool that is stuck begins none of them again."""
        self._retargets_rarely = retargets_rarely

    def take(
        self, pool: str, new: PoolNow, known: Mapping[BlockHash, KnownBlock], *, at: float, joined: bool
    ) -> FaultReport | None:
        """Add a job.

        Args:
            pool: who announced it.
            new: the job.
            known: the newest blocks of our nodes.
            at: monotonic time.
            joined: whether it is the first job of a connection, which says nothing about when the pool had its block.

        Returns:
            Its fault, if nobody has announced the same before.
        """
        job = new.job
        self.now[pool] = new
        fault = self._fault(new, known.get(job.parent))
        if job.parent not in self._over:
            found = self._rounds.get(job.parent) or self._begin(new, pool, at=at, known=known)
            turn = found.turns.get(pool)
            if turn is None:
                turn = found.turns[pool] = _Turn(None if joined else at, empty_first=not joined and not job.branches)
            turn.jobs += 1
            turn.faults += fault is not None
            if len(job.branches) >= LEAST_BRANCHES and job.template and len(turn.templates) < _TEMPLATES:
                turn.templates.add(job.template)
        return self._note(*fault, pool=pool, parent=job.parent, at=new.at) if fault else None

    def unknown(self, known: Mapping[BlockHash, KnownBlock]) -> set[BlockHash]:
        """The blocks that pools work on, or have, and that are not among the known ones."""
        return {*self._rounds, *(each.job.parent for each in self.now.values())} - known.keys()

    def check_parents(self, known: Mapping[BlockHash, KnownBlock], at: float) -> Iterator[FaultReport]:
        """Faults of jobs on blocks that no node has after minutes. Call it only while the nodes are caught up.

        None while half of the pools work on such blocks: then it is our nodes that are behind.
        """
        if 2 * sum(now.job.parent not in known for now in self.now.values()) >= len(self.now):
            return
        for parent, each in self._rounds.items():
            if parent in known or at - each.began < _UNKNOWN_SECONDS:
                continue
            for pool, turn in each.turns.items():
                if not turn.faults:
                    turn.faults += 1
                    if new := self._note(JobFault.PARENT, "no node has it", pool=pool, parent=parent, at=each.at):
                        yield new

    def finish(self, known: Mapping[BlockHash, KnownBlock], tip: int) -> Iterator[StratumRound]:
        """Remove the rounds that are over, and yield those of known blocks.

        A round is over when there are two blocks above: late pools have had their time.
        """
        heights = {parent: known[parent].height for parent in self._rounds if parent in known}
        mined = {block.height: block.transactions for block in known.values() if block.counted}
        for parent in [each for each, height in heights.items() if height <= tip - 2]:
            self._over[parent] = None
            if len(self._over) > _OVER:
                del self._over[next(iter(self._over))]
            height, over = heights[parent], self._rounds.pop(parent)
            yield _finished(BlockRef(height, parent), over, mined.get(height + 1, 0))

    def groups(self) -> dict[str, int]:
        """A number for each pool with a template that another has at this moment."""
        by_template: dict[tuple[BlockHash, bytes], list[str]] = {}
        for pool, now in sorted(self.now.items()):
            if len(now.job.branches) >= LEAST_BRANCHES and now.job.template:
                by_template.setdefault((now.job.parent, now.job.template), []).append(pool)
        several = (pools for pools in by_template.values() if len(pools) > 1)
        return {pool: number for number, pools in enumerate(several, 1) for pool in pools}

    def _begin(self, new: PoolNow, pool: str, *, at: float, known: Mapping[BlockHash, KnownBlock]) -> _Round:
        """A round; in place of another one of the pool if it has too many, best of one that no other pool joined."""
        own = [each for each, found in self._rounds.items() if found.by == pool and each not in known]
        if len(own) >= _OWN_ROUNDS:
            del self._rounds[min(own, key=lambda each: len(self._rounds[each].turns))]
        made = self._rounds[new.job.parent] = _Round(at, new.at, pool)
        return made

    def _note(self, kind: JobFault, detail: str, *, pool: str, parent: BlockHash, at: float) -> FaultReport | None:
        key = kind, parent, detail
        before = self.faults.get(key)
        if before is None:
            if len(self.faults) >= _FAULTS:
                del self.faults[next(iter(self.faults))]
            self.faults[key] = made = FaultReport(kind, parent, detail, pools=(pool,), at=at)
            return made
        if pool not in before.pools:
            self.faults[key] = before._replace(pools=(*before.pools, pool))
        return None

    def _fault(self, new: PoolNow, parent: KnownBlock | None) -> tuple[JobFault, str] | None:
        """Why nodes would refuse the block, as far as the job alone shows it."""
        job = new.job
        if job.version < _LEAST_VERSION or job.version >> 31:
            return JobFault.VERSION, f"version {job.version:#010x}"
        # The parent's time stands in for a clock of ours that is slow.
        if job.time > max(new.at, parent.time if parent else 0) + _AHEAD_SECONDS:
            return JobFault.TIME, "time more than two hours ahead"
        if parent is None:
            return None
        constant = self._retargets_rarely and (parent.height + 1) % _PERIOD
        if constant and job.bits != parent.bits:
            return JobFault.BITS, f"bits {job.bits:08x}, not {parent.bits:08x}"
        stated = bip34_height(new.coinbase.script) if new.coinbase else None
        if stated is not None and stated != parent.height + 1:
            return JobFault.HEIGHT, f"height {stated}, not {parent.height + 1}"
        return None


def position(parent: BlockHash, known: Mapping[BlockHash, KnownBlock], tip: BlockRef | None) -> JobPosition:
    """Where a block is that a pool works on."""
    found = known.get(parent)
    if found is None:
        return JobPosition.UNKNOWN
    if not found.counted:
        return JobPosition.BRANCH
    return JobPosition.TIP if tip and parent == tip.hash else JobPosition.BEHIND


def _finished(parent: BlockRef, found: _Round, transactions: int) -> StratumRound:
    began = min((turn.first_at for turn in found.turns.values() if turn.first_at is not None), default=None)
    has_transactions = any(turn.templates for turn in found.turns.values())
    turns = {
        pool: PoolTurn(
            turn.jobs,
            len(turn.templates),
            None if turn.first_at is None or began is None else turn.first_at - began,
            empty_first=turn.empty_first and has_transactions,
            faults=turn.faults,
        )
        for pool, turn in sorted(found.turns.items())
    }
    shared = {
        (one, other): both
        for one, other in combinations(turns, 2)
        if (both := len(found.turns[one].templates & found.turns[other].templates))
    }
    return StratumRound(parent, found.at, turns, shared=shared, transactions=transactions)
