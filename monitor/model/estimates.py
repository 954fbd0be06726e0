"""How sure the measures are, where they are going, and what they depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from monitor.model.chain import BlockRef
from monitor.model.measures import Interval, Share


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


class CurrentShare(NamedTuple):
    """One entity's share of the hashrate now: an estimate for the coming fortnight, if it drifts as before."""

    level: str
    entity: str
    share: float
    lower: float
    """Lower end of the 95 % interval of the share of hashrate, on average over that fortnight."""
    upper: float
    blocks: Interval
    """What holds the share of that fortnight's blocks with 95 % probability: luck comes on top."""
    evidence: float
    """How many blocks of a constant share would be as much evidence."""


@dataclass(frozen=True, slots=True)
class ConfirmationRisk:
    """How likely one entity, if it tried, would reverse a payment, by the number of its confirmations."""

    level: str
    entity: str
    probabilities: tuple[float, ...]
    """Of one confirmation, two, three and so on, with the uncertainty of the share averaged out."""

    def of(self, confirmations: int) -> float:
        """Probability that so many confirmations, one or more, are reversed."""
        return self.probabilities[confirmations - 1]

    def needed(self, risk: float) -> int | None:
        """The fewest confirmations that are reversed with no more than this probability; None if even most are."""
        return next((many for many, each in enumerate(self.probabilities, start=1) if each <= risk), None)


@dataclass(frozen=True, slots=True)
class Trend:
    """Where concentration is going, over one window. Positive: towards more entities."""

    level: str
    window: str
    slope: float
    """Effective entities a year."""
    lower: float
    """Lower end of the slope's 95 % interval: both luck and the usual drift of shares are in it."""
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
    current: tuple[CurrentShare, ...] = ()
    """Every level, and within it every entity, largest first."""
    confirmation_risks: tuple[ConfirmationRisk, ...] = ()
    """Of the largest entity of every level."""
