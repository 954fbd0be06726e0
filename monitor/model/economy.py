"""The AI economy beside mining: observations of public sources, their concentration and trend, and the comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from monitor.model.days import day_of
from monitor.model.measures import Interval

HEADLINE_LEVEL: Final = "template"
"""Mining's level for its direction: who chooses the transactions."""
UNATTRIBUTED: Final = "unattributed"
"""The entity of an observation with unattributed weight: other or anonymous entities together."""


class Layer(StrEnum):
    """What is distributed over the entities of a source."""

    DESIGNER = "designer"
    """AI chips owned worldwide, by who designed them."""
    OWNERSHIP = "ownership"
    """The same chips, by who owns them."""
    USAGE = "usage"
    """Tokens of language models, by author of the model."""
    OPEN_WEIGHTS = "open_weights"
    """Downloads of models with open weights, by who uploaded them."""


class Observation(NamedTuple):
    """The weight of one entity in one period."""

    layer: Layer
    period: date
    """The last day of the period."""
    entity: str
    """As the source names it; `UNATTRIBUTED` for the remainder."""
    weight: float
    """In the unit of the layer: H100 equivalents, tokens, downloads."""
    low: float | None = None
    """5th percentile of the source's own estimate; None if it gives none."""
    high: float | None = None
    """95th percentile."""


@dataclass(frozen=True, slots=True)
class Vintage:
    """One edition of a source, as read."""

    source: str
    hash: str
    """SHA-256 of what was read, in hex."""
    fetched_at: float
    """Unix time. Of a shipped edition: when its publisher made it."""
    observations: tuple[Observation, ...]


class SourceOrigin(StrEnum):
    """How an edition came here."""

    SHIPPED = "shipped"
    """With the program."""
    FETCHED = "fetched"
    FILE = "file"
    """Given by hand."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """What is known of a source besides its observations."""

    source: str
    vintage: str
    fetched_at: float
    """When the newest edition was fetched, Unix time."""
    origin: SourceOrigin
    checked_at: float | None = None
    """When it was last asked for a newer one; None: never."""
    succeeded_at: float | None = None
    """When it was last asked with success: it has a newer one or says that it has none."""
    validators: Mapping[str, str] = field(default_factory=dict)
    """Entity tag, or date of the last change, of each address, so that the next request is conditional."""
    error: str | None = None
    """Why the last request failed; None if it did not."""


@dataclass(frozen=True, slots=True)
class EconomySource:
    """A source, for those who read its figures."""

    name: str
    title: str
    url: str
    licence: str
    attribution: str
    """The line to show wherever a figure of the source is shown."""
    state: SourceState | None
    """None as long as nothing of it is here."""
    updated: bool
    """Whether it is fetched daily."""


class Bounds(NamedTuple):
    """An index for both readings of the remainder."""

    dispersed: float
    """The remainder as very many very small entities."""
    lumped: float
    """The remainder in lumps, as few as its definition allows."""

    @property
    def least(self) -> float:
        """The lower of both."""
        return min(self)

    @property
    def most(self) -> float:
        """The higher of both."""
        return max(self)


class Direction(StrEnum):
    """Where a trend goes, stated only if its 95 % interval excludes zero."""

    DISPERSING = "dispersing"
    CONCENTRATING = "concentrating"
    UNDECIDED = "undecided"


class Slope(NamedTuple):
    """The slope of ln(effective entities): 0.1 is a growth by about 10 % a year."""

    per_year: float
    lower: float
    """Lower end of the 95 % interval, over all combinations of readings of what is not attributed."""
    upper: float
    rising: float
    """Probability that the number of effective entities rises, by the combination that is least sure of the direction:
    1/2 if some combinations rise and others fall.
    """
    first: date
    last: date
    points: int
    start: float
    """Effective entities at the first point, by the line; the mean of both readings."""
    end: float
    """The same at the last point."""

    @property
    def direction(self) -> Direction:
        """What the interval allows to say."""
        if self.lower > 0:
            return Direction.DISPERSING
        return Direction.CONCENTRATING if self.upper < 0 else Direction.UNDECIDED

    @property
    def certainty(self) -> float:
        """Probability of the more probable direction."""
        return max(self.rising, 1 - self.rising)


class SeriesPoint(NamedTuple):
    """Effective entities of one period."""

    period: date
    """Its last day."""
    effective: Bounds
    interval: Interval
    """95 %, over both readings."""


class LayerShare(NamedTuple):
    """The share of one entity of a layer."""

    entity: str
    share: float
    interval: Interval | None
    """95 %, of the source's own uncertainty; None if it gives none."""


@dataclass(frozen=True, slots=True)
class LayerMeasure:
    """The concentration of one layer in its newest complete period, and its trend."""

    layer: Layer
    source: str
    period: date
    """The last day."""
    days: int
    """Length of a period that counts a flow; 0 for a stock."""
    is_flow: bool
    """Whether it counts what happens over a time, else what is there at a time."""
    entities: int
    """How many are named."""
    unattributed: float
    """Share of the remainder, 0..1."""
    coverage: str
    """What the source covers, in words."""
    has_errors: bool
    """Whether the source states errors. Without, the intervals are the bounds of the two readings and nothing more."""
    hhi: Bounds
    hhi_interval: Interval
    """95 %, over both readings; so are the other intervals."""
    effective: Bounds
    effective_interval: Interval
    majority: Bounds
    """The fewest entities with more than half."""
    majority_interval: Interval
    top_share: Mapping[int, Bounds]
    """Of the largest one, three, five together."""
    top_share_interval: Mapping[int, Interval]
    shares: Sequence[LayerShare]
    """Largest first."""
    series: Sequence[SeriesPoint]
    """Oldest first."""
    slope: Slope | None
    """None with too few points."""
    vintage: str
    """Of the newest period."""

    def age_days(self, now: float) -> int:
        """Days from the last day of the period to that of `now`, Unix time."""
        return (day_of(now) - self.period).days


@dataclass(frozen=True, slots=True)
class MiningSide:
    """Mining over one span of time, at one level."""

    level: str
    since: date
    """The first day of the span that was asked for; stored history may begin later."""
    days: int
    """Window of each point."""
    series: Sequence[SeriesPoint]
    """Oldest first."""
    slope: Slope | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One layer of both economies. A side without a source is not measured, for a reason."""

    key: str
    title: str
    mining_title: str
    ai_title: str
    mining: MiningSide | None = None
    mining_missing: str = ""
    """Why there is no mining side."""
    beside: MiningSide | None = None
    """Where there is no mining side: template builders over the span of the AI side, for the direction only."""
    ai: LayerMeasure | None = None
    ai_missing: str = ""
    verdict: str = ""


class Claim(NamedTuple):
    """A sentence about both economies, and what the data say of it."""

    sentence: str
    answer: str


@dataclass(frozen=True, slots=True)
class EconomyView:
    """Everything that is published of both economies."""

    made_at: float
    """Unix time."""
    comparisons: tuple[Comparison, ...]
    sources: tuple[EconomySource, ...]
    answer: str = ""
    """Which sides disperse and concentrate, and where the directions are opposite."""
    summary: str = ""
    """All trends in one sentence."""
    claims: tuple[Claim, ...] = ()
    mining: tuple[MiningSide, ...] = ()
    """Over the newest twelve months, at each level that is compared."""
    changed: Mapping[str, float] = field(default_factory=dict)
    """When the direction of each side last changed, Unix time; by layer, and `mining` for the template builders."""

    @property
    def slopes(self) -> dict[str, Slope]:
        """The trend of each AI layer, and of `mining` (template builders over twelve months), where there is one."""
        sides: dict[str, Slope | None] = {str(each.layer): each.slope for each in self.measures}
        builders = next((each for each in self.mining if each.level == HEADLINE_LEVEL), None)
        sides["mining"] = builders.slope if builders else None
        return {name: slope for name, slope in sides.items() if slope}

    @property
    def measures(self) -> tuple[LayerMeasure, ...]:
        """The AI sides that are measured, each layer once."""
        return tuple(each.ai for each in self.comparisons if each.ai)

    def source(self, name: str) -> EconomySource:
        """A source by name."""
        return next(each for each in self.sources if each.name == name)
