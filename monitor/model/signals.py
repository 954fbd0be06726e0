"""Signals: observations in the blocks beyond shares and indices.

Windows are given by name: the configured ones, and `period`, the retarget period of the tip.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.model.names import BlockHash, PoolSlug


@dataclass(frozen=True, slots=True)
class Streak:
    """How many of the newest blocks one pool found in a row."""

    pool: PoolSlug
    blocks: int
    """0 except for the pool of the tip."""
    probability: float
    """Probability that at least this many of the newest blocks are the pool's by chance."""
    a_year: float
    """Expected number of streaks of at least this length in a year."""
    longest: int
    """Longest streak in the longest window."""


@dataclass(frozen=True, slots=True)
class Luck:
    """A pool's blocks in a window, compared with the expectation from its share of the longest window."""

    pool: PoolSlug
    window: str
    blocks: int
    expected: float
    ratio: float | None
    """Blocks found divided by blocks expected; None if none are expected."""
    zscore: float | None
    """Standard deviations, of luck and usual drift together, above the expectation; None where nothing can differ."""


SOON_SECONDS = 30
"""An empty block seen within this time of its parent was probably mined before its miner had a template on that parent.

Validation, a template, and the next job to the miners take some seconds, slow pools up to half a minute. If emptiness
had nothing to do with the parent, 1 - exp(-30 / 600) = 5 % of empty blocks would come as soon.
"""


@dataclass(frozen=True, slots=True)
class EmptyBlocks:
    """A pool's blocks in a window that contain only the coinbase."""

    pool: PoolSlug | None
    window: str
    blocks: int
    """All of its blocks."""
    empty: int
    within: Mapping[int, int]
    """Number of empty blocks by the most seconds between their header time and their parent's."""
    timed: int = 0
    """Empty blocks of which nodes saw the block and its parent arrive."""
    soon: int | None = None
    """Those that were seen within `SOON_SECONDS` of their parent; None if `timed` is 0."""
    median_seconds: float | None = None
    """Median interval of the timed ones; None if there are none."""


@dataclass(frozen=True, slots=True)
class Spacing:
    """Seconds between header times of consecutive blocks, over a window."""

    window: str
    blocks: int
    """Blocks with a stored parent."""
    mean: float | None
    median: float | None
    longest: float | None
    backwards: int
    """Blocks with an earlier time than their parent."""


@dataclass(frozen=True, slots=True)
class Reward:
    """Subsidy and fees of a pool's blocks in a window."""

    pool: PoolSlug | None
    window: str
    blocks: int
    """Blocks with a known reward."""
    reward_sat: int
    """Subsidy and fees, as claimed."""
    fees_sat: int
    """Amount claimed above the subsidy."""
    underclaimed: int
    """Blocks that claimed less than the subsidy alone."""
    underclaimed_sat: int
    overclaimed: int
    """Empty blocks that claimed more than the subsidy. Only a network with other consensus rules has any."""

    @property
    def fee_ratio(self) -> float | None:
        """Fees as a share of the reward; None if the reward is zero."""
        return self.fees_sat / self.reward_sat if self.reward_sat else None


@dataclass(frozen=True, slots=True)
class Advantage:
    """What a pool was paid for a unit of work over a window, beside the network's mean."""

    pool: PoolSlug | None
    window: str
    blocks: int
    """Those of the best chain with a known reward."""
    stale: int
    """Those that went stale, as far as they are known: work without a reward."""
    ratio: float | None
    """1 is the mean of the network; None without blocks."""
    lower: float | None
    """Lower end of its 95 % interval; None with fewer than ten blocks."""
    upper: float | None


@dataclass(frozen=True, slots=True)
class Signalling:
    """Number of blocks in a window that signal support."""

    window: str
    blocks: int
    """All blocks of the window."""
    signalling: int
    pools: Mapping[PoolSlug | None, int]
    """Signalling blocks by pool, most first; pools without any are left out."""
    bit: int | None = None
    """The version bit; None for coinbases that comply with BIP54."""


@dataclass(frozen=True, slots=True)
class Period:
    """A retarget period, and how many of its blocks signalled with each version bit."""

    first_height: int
    blocks: int
    """Stored blocks of the period."""
    signalling: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecast of whether a version bit reaches a threshold within the retarget period of the tip."""

    bit: int
    ratio: float
    """The threshold, as a share of the period's blocks."""
    threshold: int
    """The threshold, in blocks."""
    signalling: int
    """Signalling blocks so far."""
    remaining: int
    """Blocks left in the period."""
    probability: float
    """At the signalling rate of the newest blocks, as many as a period has."""

    @property
    def missing(self) -> int:
        """Signalling blocks that are still needed."""
        return max(0, self.threshold - self.signalling)


@dataclass(frozen=True, slots=True)
class SuccessionTest:
    """Succession test: how often a block of `leader` was followed by one of `follower`, compared with chance."""

    leader: PoolSlug
    follower: PoolSlug
    """The same as the leader, in the test for selfish mining."""
    seen: int
    expected: float
    p_value: float
    """Probability of at least as many by chance."""
    adjusted: float
    """The p-value corrected for the number of tests (Holm)."""


@dataclass(frozen=True, slots=True)
class Race:
    """Two competing branches with the same parent, one of which became stale."""

    height: int
    """Height of the lowest block of each branch."""
    time: int
    """Header time of the lowest stale block."""
    stale: tuple[BlockHash, ...]
    """Lowest first."""
    losers: tuple[PoolSlug | None, ...]
    """Pools of the stale blocks."""
    winners: tuple[PoolSlug | None, ...]
    """Pools of the blocks of the best chain at the same heights."""
    builder: PoolSlug | None = None
    """Pool of the next block of the best chain, which decided the race; None also if there is none yet."""
    stored: bool = True
    """Whether the lowest stale block is stored with its coinbase."""

    @property
    def depth(self) -> int:
        """Number of stale blocks."""
        return len(self.stale)


@dataclass(frozen=True, slots=True)
class RaceRecord:
    """Races won and lost by a pool, compared with chance."""

    pool: PoolSlug
    won: int
    lost: int
    expected: float
    """Expected number of races won."""
    p_value: float
    """Probability of winning at least as many by chance."""
    adjusted: float
    """The p-value corrected for the number of tests (Holm)."""


@dataclass(frozen=True, slots=True)
class StaleRate:
    """Which part of a pool's blocks in a window went stale, as far as stale blocks are known."""

    pool: PoolSlug
    window: str
    blocks: int
    """Those of the best chain."""
    stale: int
    share: float
    """The pool's share of all blocks of the window, stale ones included."""
    rate: float
    """Stale blocks divided by all blocks that the pool found."""
    lower: float
    """Lower end of the 95 % interval of the rate."""
    upper: float
    expected: float
    """Rate that a pool of this size has if all blocks travel equally fast."""
    p_value: float | None
    """Probability of a number at least as far from the expectation by chance; None if less than one is expected."""
    adjusted: float | None
    """The p-value corrected for the number of tests (Holm)."""

    @property
    def is_notable(self) -> bool:
        """Whether the pool has a known stale block, or is large enough to expect one."""
        return bool(self.stale) or self.p_value is not None


@dataclass(frozen=True, slots=True)
class Signals:
    """All signals. Pools are sorted by size, largest first; unknown blocks come last."""

    streaks: tuple[Streak, ...] = ()
    luck: tuple[Luck, ...] = ()
    empty: tuple[EmptyBlocks, ...] = ()
    spacing: tuple[Spacing, ...] = ()
    rewards: tuple[Reward, ...] = ()
    advantages: tuple[Advantage, ...] = ()
    signalling: tuple[Signalling, ...] = ()
    """By version bit, most blocks first; bits without a signalling block are left out."""
    bip54: tuple[Signalling, ...] = ()
    """Coinbases that comply with BIP54."""
    periods: tuple[Period, ...] = ()
    """Oldest first; the last one contains the tip."""
    forecasts: tuple[Forecast, ...] = ()
    following: tuple[SuccessionTest, ...] = ()
    """Smallest p-value first."""
    races: tuple[Race, ...] = ()
    """Newest first."""
    race_records: tuple[RaceRecord, ...] = ()
    stale_rates: tuple[StaleRate, ...] = ()
    """Of windows with a known stale block."""
