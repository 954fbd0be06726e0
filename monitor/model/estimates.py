"""Estimates: intervals of the indices, trends, changes, and the effect of uncertain memberships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.model.chain import BlockRef
from monitor.model.measures import Interval, Share


@dataclass(frozen=True, slots=True)
class Likely:
    """Intervals of the indices of hashrate, for one treatment of the unknown blocks."""

    hhi: Interval
    """Of the HHI without small-sample bias."""
    nakamoto: Interval
    """Whole numbers, both included."""
    nakamoto_probability: Mapping[int, float]
    """Probability of each possible value, lowest value first."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimated indices of one level and window. None with fewer than two blocks."""

    level: str
    window: str
    split: Likely | None
    merged: Likely | None


@dataclass(frozen=True, slots=True)
class Trend:
    """The trend of the effective entities over one window. A positive slope means falling concentration."""

    level: str
    window: str
    slope: float
    """Effective entities per year."""
    lower: float
    """Lower end of the slope's 95 % interval."""
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
    """From the previous change, or from the beginning of the tested blocks."""
    after: Share
    """Until the next change, or until the tip."""


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
