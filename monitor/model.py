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

PSEUDONYM = "unknown-"
"""How the name of a miner begins of whom only the traces are known. No slug has a hyphen."""

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
class Interval:
    """What holds the truth with 95 % probability."""

    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Rate:
    """Hashes a second, and the 95 % credible interval that the number of blocks behind it allows."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a window's blocks one entity mined."""

    entity: str
    blocks: int
    share: float
    lower: float
    """Lower end of the 95 % credible interval of the share of hashrate behind these blocks."""
    upper: float
    above: Mapping[str, float] = field(default_factory=dict)
    """Probability that this share of hashrate exceeds 0.25, 0.333 (a third), 0.5; empty below 5 % of the blocks."""
    hashrate: Rate | None = None
    """From the work of these blocks; None where the network's cannot be told."""


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

    @property
    def attributed(self) -> int:
        """How many of the blocks are somebody's whose name is known: a pseudonym is none."""
        hidden = sum(share.blocks for share in self.shares if share.entity.startswith(PSEUDONYM))
        return self.blocks - self.unknown - hidden


# -- how sure it is ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Likely:
    """The indices of the hashrate behind the blocks, for one reading of the unknown ones."""

    hhi: Interval
    """Of the index without the bias of a small sample."""
    nakamoto: Interval
    """Whole numbers, both within."""
    nakamoto_probability: Mapping[int, float]
    """Of each value that it may have, lowest first."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the blocks of one level and window tell of the hashrate behind them. Fewer than two blocks tell nothing."""

    level: str
    window: str
    split: Likely | None
    merged: Likely | None


@dataclass(frozen=True, slots=True)
class Trend:
    """Where concentration is going, over one window. Positive: towards more entities."""

    level: str
    window: str
    slope: float
    """Effective entities a year."""
    lower: float
    """Lower end of the slope's 95 % interval."""
    upper: float
    rising: float
    """Probability that concentration rises: that the slope is below zero."""


@dataclass(frozen=True, slots=True)
class Change:
    """One entity's share of hashrate is no longer what it was."""

    level: str
    entity: str
    height: int
    """The first block after the change, as near as can be told."""
    time: int
    found_height: int
    """The block at which the test told: enough had been seen."""
    before: Share
    """Since the change before it, or as far back as is looked."""
    after: Share
    """Until the next change, or until now."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What it changes to ask who builds the blocks instead of whom they pay: level `template` less level `pool`."""

    window: str
    blocks: int
    """Those that count for another: for a group that shares templates, or for a miner who builds his own."""
    ratio: float
    """The same as a share of the window's blocks."""
    hhi: Mapping[str, float]
    """For the unknown blocks `split` and `merged`."""
    nakamoto: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Envelope:
    """How far one level and window depends on memberships of which nobody is sure."""

    level: str
    window: str
    open: tuple[str, ...]
    """The pools whose membership is open and that have blocks in the window."""
    hhi: Mapping[str, Interval]
    """Smallest and largest that the open memberships allow, for the unknown blocks `split` and `merged`."""
    nakamoto: Mapping[str, Interval]
    shares: Mapping[str, Interval]
    """Smallest and largest share of each entity that depends on them."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """What takes longer to compute than a block may wait for: made after its snapshot, and shown until the next."""

    tip: BlockRef
    """The tip that they are of: for a moment after a new block, the one before."""
    indices: tuple[Estimate, ...] = ()
    """Every level, and within it every window."""
    trends: tuple[Trend, ...] = ()
    changes: tuple[Change, ...] = ()
    """Oldest first."""
    differences: tuple[Difference, ...] = ()
    envelopes: tuple[Envelope, ...] = ()


# -- the signals around it ---------------------------------------------------------------------------------------------
# Windows go by name here: beside the configured ones there is `period`, the retarget period that the tip is in.


@dataclass(frozen=True, slots=True)
class Streak:
    """How many of the newest blocks one pool found in a row."""

    pool: PoolSlug
    blocks: int
    """0 for all but the pool of the tip."""
    probability: float
    """That the newest so many blocks, or more, are this pool's by chance."""
    a_year: float
    """How many runs of at least so many blocks chance gives this pool in a year."""
    longest: int
    """In the longest window."""


@dataclass(frozen=True, slots=True)
class Luck:
    """A pool's blocks of a window beside those that its share of the longest window promises."""

    pool: PoolSlug
    window: str
    blocks: int
    expected: float
    ratio: float | None
    """Found over expected; None where nothing is expected."""
    zscore: float | None
    """Standard deviations above the expectation; None where nothing can differ from it."""


@dataclass(frozen=True, slots=True)
class EmptyBlocks:
    """A pool's blocks of a window that have no transaction but the coinbase."""

    pool: PoolSlug | None
    window: str
    blocks: int
    """All of its blocks."""
    empty: int
    within: Mapping[int, int]
    """How many of the empty ones have a header time at most so many seconds after their parent's."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """The seconds from one header time to the next, over a window."""

    window: str
    blocks: int
    """Those whose parent's time is known."""
    mean: float | None
    median: float | None
    longest: float | None
    backwards: int
    """Blocks with a time before their parent's."""


@dataclass(frozen=True, slots=True)
class Reward:
    """What a pool's blocks of a window paid it."""

    pool: PoolSlug | None
    window: str
    blocks: int
    """Those of which it is known."""
    reward_sat: int
    """Subsidy and fees, as claimed."""
    fees_sat: int
    """What was claimed above the subsidy."""
    underclaimed: int
    """Blocks that claimed less than the subsidy alone."""
    underclaimed_sat: int
    overclaimed: int
    """Empty blocks that claimed more than the subsidy. No valid chain has one: the network's rules are not ours."""

    @property
    def fee_ratio(self) -> float | None:
        """Share of the fees in the reward; None without one."""
        return self.fees_sat / self.reward_sat if self.reward_sat else None


@dataclass(frozen=True, slots=True)
class Signalling:
    """How many blocks of a window say yes to something."""

    window: str
    blocks: int
    """All of the window's."""
    signalling: int
    pools: Mapping[PoolSlug | None, int]
    """Whose they are, most first; only those who have some."""
    bit: int | None = None
    """The version bit; None for a coinbase that is ready for BIP54."""


@dataclass(frozen=True, slots=True)
class Period:
    """A retarget period, and how many of its blocks signalled with each version bit."""

    first_height: int
    blocks: int
    """Those of which we know."""
    signalling: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Whether a version bit comes to a threshold before the tip's retarget period ends."""

    bit: int
    ratio: float
    """The threshold, as a share of the period's blocks."""
    threshold: int
    """The blocks that this takes."""
    signalling: int
    """Those that it has."""
    remaining: int
    """Blocks that the period still gets."""
    probability: float
    """If nobody changes his mind: at the rate of the last period's worth of blocks."""

    @property
    def missing(self) -> int:
        """What it still takes."""
        return max(0, self.threshold - self.signalling)


@dataclass(frozen=True, slots=True)
class Following:
    """How often a block of `leader` was followed by one of `follower`, and whether chance does that."""

    leader: PoolSlug
    follower: PoolSlug
    """The leader itself, in the test for selfish mining."""
    seen: int
    expected: float
    p_value: float
    """That chance gives as many or more."""
    adjusted: float
    """The same for the best of as many tests as were made (Holm)."""


@dataclass(frozen=True, slots=True)
class Race:
    """Two branches on one block: one stayed, one went stale."""

    height: int
    """Of the lowest blocks of both."""
    time: int
    """Header time of the lowest stale block."""
    stale: tuple[BlockHash, ...]
    """Lowest first."""
    losers: tuple[PoolSlug | None, ...]
    """Whose the stale blocks are."""
    winners: tuple[PoolSlug | None, ...]
    """Whose the blocks are that stand in their place."""

    @property
    def depth(self) -> int:
        """How many blocks went stale."""
        return len(self.stale)


@dataclass(frozen=True, slots=True)
class RaceRecord:
    """How a pool did in the races against others, and whether chance does that."""

    pool: PoolSlug
    won: int
    lost: int
    expected: float
    """Races that it should have won."""
    p_value: float
    """That chance wins as many or more."""
    adjusted: float
    """The same for the best of as many tests as were made (Holm)."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What the blocks tell besides who has which share. Pools come largest first, the unknown last."""

    streaks: tuple[Streak, ...] = ()
    luck: tuple[Luck, ...] = ()
    empty: tuple[EmptyBlocks, ...] = ()
    spacing: tuple[Spacing, ...] = ()
    rewards: tuple[Reward, ...] = ()
    signalling: tuple[Signalling, ...] = ()
    """Of the version bits that any block signals with, most blocks first."""
    bip54: tuple[Signalling, ...] = ()
    """Coinbases that BIP54 would accept."""
    periods: tuple[Period, ...] = ()
    """Oldest first; the last one is the tip's."""
    forecasts: tuple[Forecast, ...] = ()
    following: tuple[Following, ...] = ()
    """Least likely first."""
    races: tuple[Race, ...] = ()
    """Newest first."""
    race_records: tuple[RaceRecord, ...] = ()


# -- all of it together ------------------------------------------------------------------------------------------------


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
    signals: Signals | None = None
    """None where they were not asked for."""
    network_rate: Mapping[str, Rate | None] = field(default_factory=dict)
    """The same as `network_hashrate`, with how sure it is."""
    estimates: Estimates | None = None
    """None until it has caught up for the first time."""
    strangers: tuple[Cluster, ...] = ()
    """Unknown miners with a pseudonym, most blocks first."""
