"""Who mined a block, and how we know; what the store remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from monitor.model.chain import Block, Coinbase
from monitor.model.names import BlockHash, PoolSlug


class Method(StrEnum):
    """How a pool was recognised."""

    ADDRESS = "address"
    """An output pays a script that the registry knows as the pool's."""
    TAG = "tag"
    """The coinbase carries a text that the registry knows as the pool's. Anyone can write any text."""


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
    """One reason to think that a pool mined a block."""

    pool: PoolSlug
    method: Method
    evidence: str
    """The registry's own address or tag that was found: safe to show."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who mined a block, and how we know."""

    pool: PoolSlug | None
    """None: nobody could tell. Unknown is a value, not a name."""
    method: Method | None
    evidence: str
    conflict: bool
    """Whether evidence that could decide names more than one pool."""
    candidates: tuple[Candidate, ...]
    """Every reason found, the one that decided first; remarks, which decide nothing, last."""
    registry: str
    """Content hash of the registry that judged."""
    miner: str | None = None
    """Who inside the pool says to have found the block: written by a miner, sanitised and short."""
    confidence: Confidence | None = None
    """None for an unknown pool, and in what older versions stored."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A block and who mined it."""

    block: Block
    attribution: Attribution


@dataclass(frozen=True, slots=True)
class Cluster:
    """Blocks of one unknown miner."""

    name: str
    """`unknown-7f3a`, after the evidence in the first of its blocks."""
    blocks: int
    """How many; at least two."""
    evidence: tuple[str, ...]
    """What they share, the most frequent first: safe to show, and bounded."""


@dataclass(frozen=True, slots=True)
class BlockRow:
    """What the store remembers of a block on the best chain that counting needs: small, because there are many."""

    height: int
    time: int
    bits: int
    pool: PoolSlug | None
    miner: str | None = None
    """A miner inside the pool, where the block says one."""
    cluster: str | None = None
    """The pseudonym of an unknown miner, where the block shares evidence with others."""
    version: int = 0
    tx_count: int | None = None
    """With the coinbase. None: not told, as by a file of pools and times."""
    value_sat: int | None = None
    """What the coinbase pays out."""
    sequence: int = 0xFFFF_FFFF
    """The coinbase's, as `locktime` is."""
    locktime: int = 0


class StoredBlock(NamedTuple):
    """What is taken away of a block: all but its coinbase. A tuple, since it is made a million times."""

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
    """A block that left the best chain, and the block that stands there in its place."""

    height: int
    hash: BlockHash
    parent: BlockHash
    time: int
    pool: PoolSlug | None
    winner: BlockHash
    """The best chain's block of the same height."""
    winner_time: int
    winner_pool: PoolSlug | None


@dataclass(frozen=True, slots=True)
class BlockRecord:
    """What the store remembers of a block that people ask for."""

    judged: Judged
    stale: bool
