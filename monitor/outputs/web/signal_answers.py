"""What the answer about signals holds, as types, like `answers`. `monitor.model.signals` says what each field means."""

from __future__ import annotations

from typing_extensions import TypedDict

from monitor.outputs.web.answers import Tip


class OfPool(TypedDict):
    """Whose; null is unknown."""

    pool_slug: str | None
    pool_name: str | None


class Streak(OfPool):
    """Blocks in a row."""

    blocks: int
    probability: float
    a_year: float
    longest: int


class Luck(OfPool):
    """Blocks found beside those expected."""

    window: str
    blocks: int
    expected: float
    ratio: float | None
    zscore: float | None


class EmptyBlocks(OfPool):
    """Blocks without transactions."""

    window: str
    blocks: int
    empty: int
    within: dict[str, int]


class Spacing(TypedDict):
    """Seconds between blocks."""

    window: str
    blocks: int
    mean: float | None
    median: float | None
    longest: float | None
    backwards: int


class Reward(OfPool):
    """What blocks paid."""

    window: str
    blocks: int
    reward_sat: int
    fees_sat: int
    underclaimed: int
    underclaimed_sat: int
    overclaimed: int
    fee_ratio: float | None


class PoolBlocks(OfPool):
    """How many are whose."""

    blocks: int


class Signalling(TypedDict):
    """Blocks that say yes to something."""

    window: str
    blocks: int
    signalling: int
    pools: list[PoolBlocks]
    bit: int | None


class Period(TypedDict):
    """A retarget period."""

    first_height: int
    blocks: int
    signalling: dict[str, int]


class Forecast(TypedDict):
    """Whether a bit comes to a threshold."""

    bit: int
    ratio: float
    threshold: int
    signalling: int
    remaining: int
    probability: float
    missing: int


class Following(TypedDict):
    """How often one pool's block follows another's."""

    leader_slug: str
    leader_name: str
    follower_slug: str
    follower_name: str
    seen: int
    expected: float
    p_value: float
    adjusted: float


class Race(TypedDict):
    """Two branches on one block."""

    height: int
    time: str
    stale: list[str]
    losers: list[str | None]
    winners: list[str | None]
    depth: int


class RaceRecord(OfPool):
    """How a pool did in races."""

    won: int
    lost: int
    expected: float
    p_value: float
    adjusted: float


class Signals(TypedDict):
    """What blocks tell besides."""

    tip: Tip
    streaks: list[Streak]
    luck: list[Luck]
    empty_blocks: list[EmptyBlocks]
    rewards: list[Reward]
    spacing: list[Spacing]
    signalling: list[Signalling]
    bip54: list[Signalling]
    periods: list[Period]
    forecasts: list[Forecast]
    following: list[Following]
    races: list[Race]
    race_records: list[RaceRecord]
