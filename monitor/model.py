"""The values that cross a door between rooms: frozen, plain, without behaviour beyond reading themselves.

Conventions: hashes are hex in display order, money is satoshi, time is seconds (a block's is its header's), shares are
ratios in 0..1, and `None` means "there is no such number", never zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, NewType

BlockHash = NewType("BlockHash", str)
"""64 hex digits in display order (most significant byte first)."""

PoolSlug = NewType("PoolSlug", str)
"""A pool's short name in URLs, labels and configuration: `foundryusa`. Always a registry's, never a coinbase's."""

NO_BLOCK = BlockHash("0" * 64)
"""The parent that the genesis block names."""


# -- the chain ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A place in a chain: which block, and how high it stands."""

    height: int
    hash: BlockHash


class Output(NamedTuple):
    """One output of a transaction. A tuple, since it is made more often than anything else here."""

    value_sat: int
    script: bytes


@dataclass(frozen=True, slots=True)
class Coinbase:
    """The transaction in which a miner pays itself and may sign its name. All of it is written by the miner."""

    script: bytes
    """scriptSig: at most 100 bytes by consensus, anything at all by content."""
    outputs: tuple[Output, ...]
    version: int = 1
    sequence: int = 0xFFFF_FFFF
    locktime: int = 0

    @property
    def value_sat(self) -> int:
        """What the block pays out: subsidy and fees, as far as the miner claimed them."""
        return sum(output.value_sat for output in self.outputs)


@dataclass(frozen=True, slots=True)
class Header:
    """The 80 bytes that are mined."""

    hash: BlockHash
    version: int
    parent: BlockHash
    merkle_root: bytes
    time: int
    bits: int
    nonce: int


@dataclass(frozen=True, slots=True)
class Block:
    """As much of a block as its first bytes tell: the header, the coinbase, how many transactions follow."""

    height: int
    header: Header
    tx_count: int
    coinbase: Coinbase

    @property
    def hash(self) -> BlockHash:
        """The block's own hash."""
        return self.header.hash

    @property
    def ref(self) -> BlockRef:
        """Its place in the chain."""
        return BlockRef(self.height, self.header.hash)


@dataclass(frozen=True, slots=True)
class Plan:
    """One step along the chain: blocks to leave behind, then blocks to join, in that order.

    The follower has checked that the first of `connects` names `onto` as its parent, and each next one the one before.
    An empty plan says only that there is nothing to do: we have caught up.
    """

    onto: BlockRef
    """Where the step leaves our chain: our tip, or the block below the last of `disconnects`."""
    node_tip: BlockHash
    """The node's best block when the plan was made."""
    disconnects: tuple[BlockRef, ...] = ()
    """Highest first."""
    connects: tuple[Block, ...] = ()
    """Lowest first."""
    noticed: float = 0.0
    """When the node's news reached us: monotonic clock, seconds."""

    @property
    def end(self) -> BlockRef:
        """Our tip after the step."""
        return self.connects[-1].ref if self.connects else self.onto

    @property
    def is_empty(self) -> bool:
        """Whether it moves nothing."""
        return not self.connects and not self.disconnects

    @property
    def caught_up(self) -> bool:
        """Whether it ends at the node's tip."""
        return self.end.hash == self.node_tip


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a node says of itself."""

    network: str
    genesis: BlockHash
    version: str
    tip: BlockRef
    first_height: int
    """The lowest block whose body it still has."""
    rest: bool
    """Whether it serves REST."""
    blockpart: bool
    """Whether it serves parts of blocks over REST."""
    zmq: tuple[str, ...]
    """Where it publishes new blocks."""

    @property
    def pruned(self) -> bool:
        """Whether it has forgotten the oldest blocks."""
        return self.first_height > 0


# -- who mined it ------------------------------------------------------------------------------------------------------


class Method(StrEnum):
    """How a pool was recognised."""

    ADDRESS = "address"
    """An output pays a script that the registry knows as the pool's."""
    TAG = "tag"
    """The coinbase carries a text that the registry knows as the pool's. Anyone can write any text."""


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
    """Whether the candidates name more than one pool."""
    candidates: tuple[Candidate, ...]
    """Every reason found, the one that decided first."""
    registry: str
    """Content hash of the registry that judged."""
    miner: str | None = None
    """Who inside the pool says to have found the block: written by a miner, sanitised and short."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A block and who mined it."""

    block: Block
    attribution: Attribution


@dataclass(frozen=True, slots=True)
class BlockRow:
    """What the store remembers of a block on the best chain that counting needs: small, because there are many."""

    height: int
    time: int
    bits: int
    pool: PoolSlug | None
    miner: str | None = None
    """A miner inside the pool, where the block says one."""


@dataclass(frozen=True, slots=True)
class BlockRecord:
    """What the store remembers of a block that people ask for."""

    judged: Judged
    stale: bool


# -- what it means -----------------------------------------------------------------------------------------------------


_SECONDS = {"h": 3600, "d": 86_400, "y": 365 * 86_400}


@dataclass(frozen=True, slots=True)
class Window:
    """Which blocks are counted: those of a span of header time ending at the tip's, or the last so many."""

    name: str
    seconds: int | None = None
    blocks: int | None = None

    @classmethod
    def parse(cls, name: str) -> Window:
        """Read `24h`, `7d`, `1y` or `2016b`.

        Raises:
            ValueError: it is none of these.
        """
        found = re.fullmatch(r"([1-9]\d{0,6})([hdyb])", name)
        if not found:
            raise ValueError(
                f"{name!r} is no window: write a count and h, d, y (time) or b (blocks), as in 24h or 2016b"
            )
        count, unit = int(found[1]), found[2]
        if unit == "b":
            return cls(name, blocks=count)
        return cls(name, seconds=count * _SECONDS[unit])


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a window's blocks one entity mined."""

    entity: str
    blocks: int
    share: float
    lower: float
    """Lower end of the 95 % credible interval of the share of hashrate behind these blocks."""
    upper: float


@dataclass(frozen=True, slots=True)
class Indices:
    """The concentration of one set of counts; docs/glossary.md has each formula and its source."""

    hhi: float
    """Herfindahl-Hirschman index, 0..10,000."""
    hhi_unbiased: float | None
    """The same without the bias of a small sample; None for a single block."""
    nakamoto: int
    """The fewest entities that together have more than half of the blocks."""
    gini: float
    """0 (all equal) up to 1 - 1/n."""
    entropy_bits: float
    """Shannon entropy of the shares."""
    effective_entities: float
    """How many equal entities would have this HHI: 10,000 / HHI."""
    theil: float
    """Theil's T, in nats: 0 (all equal) up to ln n."""
    top_share: Mapping[int, float]
    """Share of the largest one, two, three entities together."""


@dataclass(frozen=True, slots=True)
class Concentration:
    """One level over one window. An empty window has no indices."""

    level: str
    window: Window
    blocks: int
    unknown: int
    """How many of the blocks nobody could attribute. They are in no share."""
    alone: int = 0
    """How many were found by miners each for himself: as many entities, in no share by name, yet known."""
    shares: tuple[Share, ...] = ()
    """Largest first, then by name."""
    split: Indices | None = None
    """Each unknown block its own miner: the least concentration that the evidence allows."""
    merged: Indices | None = None
    """All unknown blocks one miner: the most."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What has been counted since the process started."""

    connected: Mapping[tuple[PoolSlug | None, Method | None], int] = field(default_factory=dict)
    conflicts: Mapping[PoolSlug, int] = field(default_factory=dict)
    stale: Mapping[PoolSlug | None, int] = field(default_factory=dict)
    reorgs: int = 0
    last_reorg_depth: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """What the outputs are told after each step: what happened, and how things stand now."""

    plan: Plan
    judged: tuple[Judged, ...]
    """The blocks that joined, each with who mined it."""
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the outputs show, frozen at one tip."""

    tip: BlockRow
    tip_hash: BlockHash
    first_height: int
    """Where our history of the best chain begins."""
    caught_up: bool
    """Whether `tip` was the node's tip when this was made."""
    registry: str
    """Content hash of the pool registry."""
    concentration: tuple[Concentration, ...]
    """Every level, and within it every window, in the order configured."""
    network_hashrate: Mapping[str, float | None]
    """Hashes a second, by window name; None where a window is too short to tell."""
    tally: Tally
    """Counted since the process started."""
    pool_names: Mapping[PoolSlug, str] = field(default_factory=dict)
    """What to call the pools."""
