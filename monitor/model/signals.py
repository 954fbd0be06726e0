"""What the blocks tell besides who has which share.

Windows go by name here: beside the configured ones there is `period`, the retarget period that the tip is in.
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
    """Standard deviations, of luck and usual drift together, above the expectation; None where nothing can differ."""


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
    advantages: tuple[Advantage, ...] = ()
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
