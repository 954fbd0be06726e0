"""What the counts of a window mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from monitor.model.names import PSEUDONYM

_SECONDS = {"h": 3600, "d": 86_400, "y": 365 * 86_400}
_BLOCK_SECONDS = 600
_MARGIN_SECONDS = 86_400
"""More than consensus permits header times to go backward."""


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

    @property
    def expected_seconds(self) -> int:
        """The time it covers; for a window of blocks, at ten minutes a block."""
        return (self.seconds or 0) + _BLOCK_SECONDS * (self.blocks or 0)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back blocks are needed: a span of header time up to the tip's, and a number of blocks."""

    seconds: int
    blocks: int

    @classmethod
    def of(cls, windows: Collection[Window]) -> Reach:
        """The reach of the longest of the windows."""
        return cls(
            seconds=max((window.seconds or 0 for window in windows), default=0),
            blocks=max((window.blocks or 0 for window in windows), default=0),
        )

    @property
    def with_margin(self) -> Reach:
        """The reach of the same windows at any later tip.

        Header times go backward at times, by hours at most, and then a window of time reaches further back.
        """
        return Reach(self.seconds + _MARGIN_SECONDS, self.blocks)


@dataclass(frozen=True, slots=True)
class Interval:
    """What holds the truth with 95 % probability."""

    lower: float
    upper: float


class Rate(NamedTuple):
    """Hashes a second, and the 95 % credible interval that the number of blocks behind it allows."""

    value: float
    lower: float
    upper: float


class Certainty(NamedTuple):
    """How sure the share is, and the rate, behind so many blocks among so many: 95 % credible intervals."""

    lower: float
    upper: float
    slowest: float
    """Lower end of the interval of the rate, as a factor of the rate counted."""
    fastest: float
    above: Mapping[str, float]
    """Probability that the share exceeds each threshold; empty for small ones."""


class Share(NamedTuple):
    """How many of a window's blocks one entity mined."""

    entity: str
    blocks: int
    share: float
    lower: float
    """Lower end of the 95 % credible interval of the share of hashrate behind these blocks."""
    upper: float
    above: Mapping[str, float] = MappingProxyType({})
    """Probability that this share of hashrate exceeds 0.25, 0.333 (a third), 0.5; empty below 5 % of the blocks."""
    hashrate: Rate | None = None
    """From the work of these blocks; None where the network's cannot be told."""


class Indices(NamedTuple):
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


class Concentration(NamedTuple):
    """One level over one window. An empty window has no indices."""

    level: str
    window: Window
    blocks: int
    unknown: int
    """How many of the blocks nobody could attribute. They are in no share."""
    alone: int = 0
    """How many were found by miners each for himself: as many entities, in no share by name, yet known."""
    shares: Sequence[Share] = ()
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
