"""Estimates: intervals of the indices, trends, changes, and the effect of uncertain memberships."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.model.chain import BlockRef
from monitor.model.measures import Interval, Share


@dataclass(frozen=True, slots=True)
class IndexIntervals:
    """95 % sampling intervals of the indices, for one reading of the unknown blocks.

    The Gini coefficient and Theil's index have none: both depend on how many entities there are, and no sample shows
    how many found no block. They describe the blocks of a window, not the hashrate behind them.
    """

    hhi: Interval
    """Of the HHI without small-sample bias."""
    nakamoto: Interval
    """Whole numbers, both included."""
    nakamoto_probability: Mapping[int, float]
    """Probability of each possible value, lowest value first."""
    effective_entities: Interval
    """10,000 / HHI."""
    entropy_bits: Interval
    top_share: Mapping[int, Interval]
    """Of the largest one, two, three entities together."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated indices of one level and window. None with fewer than two blocks."""

    level: str
    window: str
    split: IndexIntervals | None
    merged: IndexIntervals | None


class CurrentShare(NamedTuple):
    """One entity's share of the hashrate now: an estimate for the coming fortnight, if it drifts as before."""

    level: str
    entity: str
    share: float
    lower: float
    """Lower end of the 95 % interval of the share of hashrate, on average over that fortnight; in `Estimates`, of all
    that is uncertain."""
    upper: float
    blocks: Interval
    """What holds the share of that fortnight's blocks with 95 % probability: luck comes on top."""
    evidence: float
    """How many blocks of a constant share would be as much evidence; 0 without a counted block."""

    @property
    def is_counted(self) -> bool:
        """Whether blocks are counted for it. The others may have some, by what memberships allow: theirs is 0."""
        return self.evidence > 0


@dataclass(frozen=True, slots=True)
class ConfirmationRisk:
    """How likely one entity, if it tried, would reverse a payment, by the number of its confirmations."""

    level: str
    entity: str
    probabilities: tuple[float, ...]
    """Of one confirmation, two, three and so on, with luck and drift of the share as counted averaged out."""
    lower: tuple[float, ...] = ()
    """The same at the lower end of the 95 % interval of the level's largest share, whichever entity has it."""
    upper: tuple[float, ...] = ()
    largest: Interval | None = None
    """The 95 % interval of the level's largest share."""

    def of(self, confirmations: int) -> float:
        """Probability that so many confirmations, one or more, are reversed."""
        return self.probabilities[confirmations - 1]

    def range_of(self, confirmations: int) -> Interval | None:
        """What this probability may be, with everything that is uncertain; None where that is not known."""
        at = confirmations - 1
        return Interval(self.lower[at], self.upper[at]) if self.upper else None

    def needed(self, risk: float) -> int | None:
        """The fewest confirmations that are reversed with no more than this probability; None if even most are."""
        return _fewest(self.probabilities, risk)

    def needed_at_most(self, risk: float) -> int | None:
        """The same at the upper end."""
        return _fewest(self.upper, risk)

    def unprofitable(self, amount: float, *, reward: float, share: float) -> int | None:
        """The fewest confirmations from which on an attempt costs the entity more than it gains; None if none do.

        A success gains the payment. A failure forgoes the rewards of the blocks that were mined in secret meanwhile: of
        share / (1 - share) blocks for each confirmation, on average.

        Args:
            amount: of the payment, in any unit.
            reward: of a block, in the same unit.
            share: of the hashrate.
        """
        return _unprofitable(self.probabilities, amount, _forgone(reward, share))

    def unprofitable_at_most(self, amount: float, *, reward: float) -> int | None:
        """The same at the upper end: the larger the share, the more confirmations."""
        return _unprofitable(self.upper, amount, _forgone(reward, self.largest.upper)) if self.largest else None


def _forgone(reward: float, share: float) -> float:
    """The rewards that a failure forgoes for each confirmation."""
    return reward * share / (1 - share) if share < 1 else 0.0


def _unprofitable(probabilities: Sequence[float], amount: float, forgone: float) -> int | None:
    each = enumerate(probabilities, start=1)
    return next((many for many, risk in each if risk * amount < (1 - risk) * many * forgone), None)


def _fewest(probabilities: Sequence[float], risk: float) -> int | None:
    return next((many for many, each in enumerate(probabilities, start=1) if each <= risk), None)


@dataclass(frozen=True, slots=True)
class Trend:
    """The trend of the effective entities over one window. A positive slope means falling concentration."""

    level: str
    window: str
    slope: float
    """Effective entities per year."""
    lower: float
    """Lower end of the slope's 95 % interval: both luck and the usual drift of shares are in it."""
    upper: float
    rising: float
    """Probability that concentration is rising: that the slope is below zero."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change point in the share of one entity."""

    level: str
    entity: str
    height: int
    """Estimated first block after the change."""
    time: int
    found_height: int
    """The block at which the test detected it."""
    before: Share
    """Over the 30 days before it, or since the change before it."""
    after: Share
    """Over the 30 days after it, or until the next change. As long as they are not over: an estimate of what will last,
    with as much of the share now in it as that is sure."""
    size: Interval
    """What holds `after` less `before` with 95 % probability: both below zero for a loss."""
    labelling: bool = False
    """Whether blocks of unknown miners make up for at least half of it: then the labels changed, not the hashrate."""
    counterpart: str | None = None
    """The entity that won, about the same time, what this one lost, or the other way round. It has a change too."""

    @property
    def at_least(self) -> float:
        """How large it is for sure, whatever its sign: what the interval of its size allows at least."""
        return max(self.size.lower, -self.size.upper, 0.0)


@dataclass(frozen=True, slots=True)
class Difference:
    """Level `template` minus level `pool`: the effect of counting template builders instead of pools."""

    window: str
    blocks: int
    """Blocks that count for another entity: a group that shares templates, or a miner with its own template."""
    ratio: float
    """The same as a share of the window's blocks."""
    hhi: Mapping[str, float]
    """For the unknown blocks `split` and `merged`."""
    nakamoto: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Range of one level and window over all combinations of uncertain memberships."""

    level: str
    window: str
    open: tuple[str, ...]
    """Pools with an uncertain membership and blocks in the window."""
    hhi: Mapping[str, Interval]
    """Smallest and largest value, for the unknown blocks `split` and `merged`."""
    nakamoto: Mapping[str, Interval]
    shares: Mapping[str, Interval]
    """Smallest and largest share of each affected entity."""


@dataclass(frozen=True, slots=True)
class Combined:
    """95 % intervals of one level and window, of everything that is uncertain together. These are the ones to publish.

    Each holds its sampling intervals (`Share`, `IndexIntervals`) under every alternative that memberships and unknown
    blocks allow. The point estimate is what the memberships that count give.
    """

    level: str
    window: str
    hhi: Interval
    nakamoto: Interval
    """Whole numbers, both within."""
    shares: Mapping[str, Interval]
    """By entity: every one that has a block, or may have one."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """The numbers of a snapshot that take longest to compute."""

    tip: BlockRef
    """The tip at which they were computed."""
    indices: tuple[Estimate, ...] = ()
    """Every level, and within it every window."""
    trends: tuple[Trend, ...] = ()
    changes: tuple[Change, ...] = ()
    """Oldest first."""
    differences: tuple[Difference, ...] = ()
    envelopes: tuple[Envelope, ...] = ()
    combined: tuple[Combined, ...] = ()
    """Every level and window with at least two blocks."""
    current: tuple[CurrentShare, ...] = ()
    """Every level, and within it every entity, largest first; then those without a counted block."""
    confirmation_risks: tuple[ConfirmationRisk, ...] = ()
    """Of the largest entity of every level."""
