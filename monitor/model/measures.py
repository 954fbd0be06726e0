"""Windows, and the shares and indices of their blocks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from monitor.model.names import PSEUDONYM, PoolSlug

HHI_BANDS: Final = ((1000, "moderately concentrated"), (1800, "highly concentrated"))
"""What a market is called above each HHI: Merger Guidelines of the U.S. Department of Justice and the Federal Trade
Commission (2023), 2.1, and the Department's page on the index."""
_FIRST_CHOICE = "7d"
_SECONDS = {"h": 3600, "d": 86_400, "y": 365 * 86_400}
_BLOCK_SECONDS = 600
_MARGIN_SECONDS = 86_400
"""More than consensus allows header times to go backwards."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which blocks are counted: a span of header time that ends at the tip's time, or a number of newest blocks."""

    name: str
    seconds: int | None = None
    blocks: int | None = None

    @classmethod
    def parse(cls, name: str) -> Window:
        """Read `24h`, `7d`, `1y` or `2016b`.

        Raises:
            ValueError: the name is invalid.
        """
        found = re.fullmatch(r"([1-9]\d{0,6})([hdyb])", name)
        if not found:
            raise ValueError(
                f"invalid window {name!r}; use a number with h, d, y (time) or b (blocks), for example 24h or 2016b"
            )
        count, unit = int(found[1]), found[2]
        if unit == "b":
            return cls(name, blocks=count)
        return cls(name, seconds=count * _SECONDS[unit])

    @property
    def expected_seconds(self) -> int:
        """The time that it covers; for a window of blocks, at ten minutes per block."""
        return (self.seconds or 0) + _BLOCK_SECONDS * (self.blocks or 0)


def default_window(names: Iterable[str]) -> str | None:
    """The window to show first: 7 days, long enough for significance and short enough for news; else the first one."""
    windows = list(names)
    return _FIRST_CHOICE if _FIRST_CHOICE in windows else next(iter(windows), None)


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

        Header times may go backwards, by hours at most; a window of time then reaches further back.
        """
        return Reach(self.seconds + _MARGIN_SECONDS, self.blocks)


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval."""

    lower: float
    upper: float


class Rate(NamedTuple):
    """Hashes per second, with the 95 % credible interval from the number of blocks."""

    value: float
    lower: float
    upper: float


class Certainty(NamedTuple):
    """95 % credible intervals of share and hashrate, for a number of blocks out of a total."""

    lower: float
    upper: float
    slowest: float
    """Lower end of the interval of the hashrate, relative to the observed rate."""
    fastest: float
    above: Mapping[str, float]
    """Probability that the share exceeds each threshold; empty for small ones."""


class Share(NamedTuple):
    """The share of one entity in a window."""

    entity: str
    blocks: int
    share: float
    lower: float
    """Lower end of the 95 % credible interval of the entity's share of hashrate: sampling alone."""
    upper: float
    above: Mapping[str, float] = MappingProxyType({})
    """Probability that its share of hashrate exceeds 0.25, 0.333 (a third), 0.5; empty below 5 % of the blocks."""
    hashrate: Rate | None = None
    """From the work of its blocks; None if the network's hashrate is unknown."""


class Indices(NamedTuple):
    """The concentration of one set of counts; docs/glossary.md has each formula and its source."""

    hhi: float
    """Herfindahl-Hirschman index, 0..10,000."""
    hhi_unbiased: float | None
    """The same without small-sample bias; None for a single block."""
    nakamoto: int
    """Smallest number of entities that together have more than half of the blocks."""
    gini: float
    """0 (all equal) up to 1 - 1/n."""
    entropy_bits: float
    """Shannon entropy of the shares."""
    effective_entities: float
    """Number of equal entities with this HHI: 10,000 / HHI."""
    theil: float
    """Theil's T, in nats: 0 (all equal) up to ln n."""
    top_share: Mapping[int, float]
    """Combined share of the largest one, two and three entities."""

    @property
    def headline_hhi(self) -> float:
        """The HHI to show where one is shown: without bias; as counted for a single block.

        docs/adr/0033-one-headline-hhi.md has the reasons.
        """
        return self.hhi if self.hhi_unbiased is None else self.hhi_unbiased


def market(hhi: float) -> str:
    """What a market with this HHI is called."""
    return next((name for limit, name in reversed(HHI_BANDS) if hhi > limit), "not concentrated")


class Concentration(NamedTuple):
    """One level over one window. An empty window has no indices."""

    level: str
    window: Window
    blocks: int
    unknown: int
    """Blocks without an entity: unattributed ones, and those of `nameless` pools. They are part of no share."""
    alone: int = 0
    """Blocks of solo miners: each is an entity of its own, without a share by name. Pools without a known country are
    not among them."""
    shares: Sequence[Share] = ()
    """Largest first, then by name."""
    split: Indices | None = None
    """Each unknown block counted as a miner of its own: at the level `pool` the lower bound of concentration."""
    merged: Indices | None = None
    """All unknown blocks counted as one miner: at the level `pool` the upper bound."""
    nameless: Mapping[PoolSlug, int] = MappingProxyType({})
    """Blocks of pools with an unknown entity, such as a pool without a known country; part of `unknown`. In `split`
    such a pool is one entity."""
    complete: float = 1.0
    """How much of the window is stored, 0 to 1: below it, the numbers are those of a shorter window."""

    @property
    def attributed(self) -> int:
        """Number of blocks with a named miner; pseudonyms are not names."""
        hidden = sum(share.blocks for share in self.shares if share.entity.startswith(PSEUDONYM))
        return self.blocks - self.unknown - hidden
