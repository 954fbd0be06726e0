"""Attributions: who mined a block and by which evidence; and blocks as the store returns them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from monitor.model.chain import Block, Coinbase
from monitor.model.names import BlockHash, PoolSlug


class Method(StrEnum):
    """How a pool was identified."""

    ADDRESS = "address"
    """An output pays an address that the registry lists for the pool."""
    TAG = "tag"
    """The coinbase contains a text that the registry lists for the pool. Any miner can write any text."""


class Confidence(StrEnum):
    """How much a forger would have had to pay for an attribution."""

    HIGH = "high"
    """Half of the reward: most of it goes to the pool, and no other pool signs."""
    MEDIUM = "medium"
    """A part of it: the pool signs and is paid a substantial part; or is paid most of it while another pool signs."""
    LOW = "low"
    """Nothing: a tag with a payout that is not known as the pool's, or a generic tag; or a part, without a tag."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One piece of evidence that a pool mined a block."""

    pool: PoolSlug
    method: Method
    evidence: str
    """The address or tag that was found, as the registry has it: safe to display."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who mined a block, and by which evidence."""

    pool: PoolSlug | None
    """None if no evidence was found."""
    method: Method | None
    evidence: str
    conflict: bool
    """Whether evidence that could decide names more than one pool."""
    candidates: tuple[Candidate, ...]
    """All evidence found, the deciding one first; remarks, which do not decide, last."""
    registry: str
    """Content hash of the registry that was used."""
    miner: str | None = None
    """Name of the miner inside the pool, as the coinbase states it: sanitised and short."""
    confidence: Confidence | None = None
    """None for an unknown pool, and in attributions that older versions stored."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A block with its attribution."""

    block: Block
    attribution: Attribution


@dataclass(frozen=True, slots=True)
class Cluster:
    """Blocks of one unknown miner."""

    name: str
    """`unknown-7f3a`, derived from the evidence in its first block."""
    blocks: int
    """At least two."""
    evidence: tuple[str, ...]
    """What the blocks share, most frequent first: safe to display, and bounded."""
    heights: tuple[int, ...] = ()
    """Of the blocks, highest first."""


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block of the best chain as far as counting needs it. Small, because there are many."""

    height: int
    time: int
    bits: int
    pool: PoolSlug | None
    miner: str | None = None
    """A miner inside the pool, if the block names one."""
    cluster: str | None = None
    """The pseudonym of an unknown miner, if the block shares evidence with others."""
    version: int = 0
    tx_count: int | None = None
    """Including the coinbase; None if unknown, as for rows of a file of pools and times."""
    value_sat: int | None = None
    """Sum of the coinbase's outputs."""
    sequence: int = 0xFFFF_FFFF
    """Of the coinbase, as `locktime`."""
    locktime: int = 0
    confidence: Confidence | None = None
    """Of the attribution; None as there, and for rows of a file."""


class StoredBlock(NamedTuple):
    """A block for exports: everything but its coinbase. A tuple, because a million of them are made."""

    row: BlockRow
    hash: BlockHash
    stale: bool
    method: Method | None
    evidence: str
    conflict: bool


class StoredCoinbase(NamedTuple):
    """A coinbase of the best chain. A tuple, because hundreds of thousands are made."""

    height: int
    time: int
    """Header time, Unix seconds."""
    coinbase: Coinbase


@dataclass(frozen=True, slots=True)
class StaleRow:
    """A stale block, and the pools of the best chain's blocks at its height and above."""

    height: int
    hash: BlockHash
    parent: BlockHash
    time: int
    pool: PoolSlug | None
    winner_pool: PoolSlug | None
    builder: PoolSlug | None = None
    """Pool of the best chain's block above; None also if there is none yet."""
    stored: bool = True
    """Whether its coinbase is stored, not only header or hash."""


@dataclass(frozen=True, slots=True)
class BlockRecord:
    """A stored block, complete."""

    judged: Judged
    stale: bool


@dataclass(frozen=True, slots=True)
class BlockFilter:
    """Which stored blocks are wanted; all of them by default."""

    pool: PoolSlug | None = None
    """Only those of this pool."""
    unknown: bool = False
    """Only those of which the pool is unknown."""
    heights: tuple[int, ...] | None = None
    """Only these heights, highest first."""
    first: int | None = None
    """Earliest header time, Unix seconds."""
    last: int | None = None
    """Latest header time."""
    below: int | None = None
    """Only lower heights."""
    above: int | None = None
    """Only greater heights."""
    stale: bool | None = None
    """Only stale ones, or only those of the counted chain; None: both."""
