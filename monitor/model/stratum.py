"""What pools announce to their miners, and how it compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from monitor.model.audit import Ratio
from monitor.model.chain import BlockRef
from monitor.model.names import BlockHash, PoolSlug

PoolPair: TypeAlias = tuple[str, str]
"""Two pools, in alphabetical order."""


class JobPosition(StrEnum):
    """Where the parent of a job is, by what our nodes know."""

    TIP = "tip"
    """The newest block of the counted chain."""
    BEHIND = "behind"
    """An older block of the counted chain."""
    BRANCH = "branch"
    """A block that is not counted, but known."""
    UNKNOWN = "unknown"
    """A block that no node has: newer than all of them, of another chain, or invented."""


class JobFault(StrEnum):
    """Why a block made of a job would be invalid."""

    BITS = "bits"
    """Its target is not the one that the chain demands."""
    VERSION = "version"
    """Its version is one that nodes refuse."""
    HEIGHT = "height"
    """Its coinbase states another height than that of the next block."""
    TIME = "time"
    """Its time is more than two hours ahead."""
    PARENT = "parent"
    """No node has its parent after minutes."""


class FaultReport(NamedTuple):
    """A faulty job, and who announced the same fault."""

    kind: JobFault
    parent: BlockHash
    detail: str
    """The wrong value, and the right one where it is known."""
    pools: tuple[str, ...]
    """In the order in which they announced it."""
    at: float
    """Unix time of the first."""


class PoolTurn(NamedTuple):
    """What a pool announced while one block was the newest."""

    jobs: int
    templates: int
    """Different templates that are large enough to be compared."""
    lag_seconds: float | None
    """From the first pool's job on this block to its own; None if it was not connected before."""
    empty_first: bool
    """Whether its first job had no transactions, although others had some."""
    faults: int = 0


@dataclass(frozen=True, slots=True)
class StratumRound:
    """What all pools announced while one block was the newest."""

    parent: BlockRef
    at: float
    """Unix time of the first job on it."""
    pools: Mapping[str, PoolTurn]
    shared: Mapping[PoolPair, int]
    """Templates that two pools had both; pairs without any are left out."""
    transactions: int = 0
    """Of the next block, without its coinbase: how many reached the pools meanwhile. 0 also if it is not known."""


class TemplateSimilarity(NamedTuple):
    """Templates that two pools had both, of those that both could have."""

    pools: PoolPair
    similarity: Ratio
    """Of the templates of the pool that had fewer, on each block."""
    jobs: int
    """Templates that both had."""
    rounds: int
    """Blocks on which both had a template."""


class SharedTemplates(NamedTuple):
    """Evidence that two pools announced the same templates from one time to another."""

    pools: PoolPair
    since: float
    """Unix time of the first block of the period."""
    until: float
    """Unix time of the last one."""
    jobs: int
    """Templates that both announced."""
    rounds: int
    """Blocks on which both announced templates."""
    similarity: Ratio
    """Of the templates that both could have."""
    p: float
    """Probability of so much if both were like all others, at most; adjusted for the number of pairs."""


@dataclass(frozen=True, slots=True)
class EndpointState:
    """The connection to one server."""

    name: str
    """Host and port."""
    pool: str
    up: bool
    """Whether it sends jobs."""
    reason: str | None
    """Why it does not."""
    since: float
    """When it went up or down, Unix time."""
    reconnects_refused: int = 0
    """How often it told us to connect to another address."""


class PoolPace(NamedTuple):
    """How quick a pool was over the blocks of the last 7 days that it was connected for."""

    rounds: int
    lag: Ratio
    """Median of the seconds behind the first pool, with its 95 % interval."""
    first: int
    """How often it was the first."""
    empty_first: Ratio
    """Share of the blocks on which its first job had no transactions, although other jobs had."""
    faults: int
    """Faulty jobs."""


@dataclass(frozen=True, slots=True)
class PoolWork:
    """What one pool works on, and how quick it was."""

    pool: str
    up: bool
    parent: BlockHash | None = None
    height: int | None = None
    """Of the parent; None if no node knows it."""
    position: JobPosition | None = None
    last_job_at: float | None = None
    """Unix time."""
    branches: int = 0
    """Merkle branches of its newest job: it has fewer than 2 to that power transactions."""
    group: int | None = None
    """Pools with the same number have the same template at this moment."""
    attributed: PoolSlug | None = None
    """Who its coinbase says that it is."""
    text: str = ""
    """Of its coinbase."""
    payouts: int = 0
    """Outputs of its coinbase with a value."""
    value_sat: int | None = None
    """What it claims: subsidy and fees. None if its coinbase cannot be decoded."""
    pace: PoolPace | None = None
    """None without blocks that it was connected for."""


@dataclass(frozen=True, slots=True)
class StratumView:
    """The state of the stratum watch, and what it has found."""

    off: str | None
    """Why there is none, in a sentence; None while there is."""
    made_at: float = 0.0
    """Unix time."""
    endpoints: tuple[EndpointState, ...] = ()
    pools: tuple[PoolWork, ...] = ()
    """By name."""
    similar: tuple[TemplateSimilarity, ...] = ()
    """Pairs of the last 7 days that had a template in common, the most similar first."""
    shared: tuple[SharedTemplates, ...] = ()
    """Newest first."""
    groups: tuple[tuple[str, ...], ...] = ()
    """Pools that work on the same templates by that evidence, until now."""
    faults: tuple[FaultReport, ...] = ()
    """Newest first."""
