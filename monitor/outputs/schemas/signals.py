"""What blocks say beyond shares: streaks, luck, empty blocks, rewards, signalling, races."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from monitor import model
from monitor.model import Snapshot
from monitor.outputs.schemas.base import Name, PoolRef, Schema, Time, at
from monitor.outputs.schemas.blocks import Tip


class Streak(PoolRef):
    """Blocks that one pool found in a row, up to the tip."""

    blocks: int
    """How many; 0 for all pools but that of the tip."""
    probability: float
    """Probability of so many or more by chance."""
    a_year: float
    """How many runs of at least so many blocks chance gives this pool in a year."""
    longest: int
    """The longest run in the longest window."""


class Luck(PoolRef):
    """Blocks found, compared with those expected."""

    window: str
    """Name of the window."""
    blocks: int
    """Blocks found."""
    expected: float
    """Blocks that the pool's share of the longest window predicts."""
    ratio: float | None
    """Found over expected; null where none is expected."""
    zscore: float | None
    """Standard deviations above the expectation; null where there is no deviation."""


class EmptyBlocks(PoolRef):
    """Blocks without a transaction but the coinbase."""

    window: str
    """Name of the window."""
    blocks: int
    """All blocks of the pool."""
    empty: int
    """The empty ones."""
    within: dict[int, int]
    """How many empty ones have a header time at most so many seconds after their parent's."""


class Spacing(Schema):
    """Seconds from one header time to the next."""

    window: str
    """Name of the window."""
    blocks: int
    """Blocks with a known parent time."""
    mean: float | None
    """Mean; null without blocks."""
    median: float | None
    """Median; null without blocks."""
    longest: float | None
    """Maximum; null without blocks."""
    backwards: int
    """Blocks with a time before their parent's."""


class Reward(PoolRef):
    """What blocks paid."""

    window: str
    """Name of the window."""
    blocks: int
    """Blocks with a known reward."""
    reward_sat: int
    """Subsidy and fees, in satoshi."""
    fees_sat: int
    """Fees, in satoshi."""
    underclaimed: int
    """Blocks that claimed less than the subsidy."""
    underclaimed_sat: int
    """How much less, in satoshi."""
    overclaimed: int
    """Empty blocks that claimed more than the subsidy: not valid on mainnet."""
    fee_ratio: float | None
    """Share of the fees in the reward; null without a reward."""


class PoolBlocks(PoolRef):
    """Blocks of one pool."""

    blocks: int
    """How many."""


def _by_pool(pools: Mapping[str | None, int]) -> list[dict[str, Any]]:
    return [{"pool": pool, "blocks": blocks} for pool, blocks in pools.items()]


class Signalling(Schema):
    """Blocks that signal for one thing."""

    window: str
    """Name of the window; `period` is the retarget period of the tip."""
    blocks: int
    """All blocks of the window."""
    signalling: int
    """Those that signal."""
    pools: Annotated[list[PoolBlocks], BeforeValidator(_by_pool)]
    """Those that signal by pool, most first."""
    bit: int | None
    """The version bit; null for a coinbase that is ready for BIP54."""


class Period(Schema):
    """A retarget period."""

    first_height: int
    """Its first block."""
    blocks: int
    """Blocks that are stored."""
    signalling: dict[int, int]
    """Blocks that signal, by version bit."""


class Forecast(Schema):
    """Whether a version bit reaches a threshold in the retarget period of the tip."""

    bit: int
    """The version bit."""
    ratio: float
    """The threshold as a share of the period's blocks."""
    threshold: int
    """The threshold in blocks."""
    signalling: int
    """Blocks that signal so far."""
    remaining: int
    """Blocks that the period still gets."""
    probability: float
    """Probability that it is reached, at the rate of the last period's worth of blocks."""
    missing: int
    """Blocks that must still signal."""


class Following(Schema):
    """How often a block of one pool comes directly after a block of another."""

    leader_slug: str = at("leader")
    """The pool that comes first."""
    leader_name: Name = at("leader")
    """Its name."""
    follower_slug: str = at("follower")
    """The pool that follows; the leader itself in the test for selfish mining."""
    follower_name: Name = at("follower")
    """Its name."""
    seen: int
    """How often it did."""
    expected: float
    """How often it does by chance."""
    p_value: float
    """Probability of as many or more by chance."""
    adjusted: float
    """The p-value, adjusted for the number of tests (Holm)."""


class Race(Schema):
    """Two branches on one block, one of which went stale."""

    height: int
    """The lowest block of both branches."""
    time: Time
    """Header time of the lowest stale block."""
    stale: list[str]
    """Hashes of the stale blocks, lowest first."""
    losers: list[str | None]
    """Pools of the stale blocks; null: unknown."""
    winners: list[str | None]
    """Pools of the blocks on the best chain in their place; null: unknown."""
    depth: int
    """How many blocks went stale."""


class RaceRecord(PoolRef):
    """Races of one pool against others."""

    won: int
    """Races won."""
    lost: int
    """Races lost."""
    expected: float
    """Races that it wins by chance."""
    p_value: float
    """Probability of as many or more by chance."""
    adjusted: float
    """The p-value, adjusted for the number of tests (Holm)."""


class Signals(Schema):
    """What blocks say beyond shares. Pools come largest first, the unknown last."""

    tip: Tip
    """The newest block."""
    streaks: list[Streak]
    """Blocks in a row."""
    luck: list[Luck]
    """Blocks found over expected."""
    empty_blocks: list[EmptyBlocks] = Field(validation_alias="empty")
    """Empty blocks."""
    rewards: list[Reward]
    """Subsidy and fees."""
    spacing: list[Spacing]
    """Time between blocks."""
    signalling: list[Signalling]
    """Version bits, most blocks first."""
    bip54: list[Signalling]
    """Coinbases that BIP54 would accept."""
    periods: list[Period]
    """Retarget periods, oldest first; the last one is the tip's."""
    forecasts: list[Forecast]
    """Activation forecasts."""
    following: list[Following]
    """Succession of pools, lowest p-value first."""
    races: list[Race]
    """Races for a height, newest first."""
    race_records: list[RaceRecord]
    """Races won and lost by pool."""

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot, window: str | None = None) -> Self:
        """All signals; with a window, those of other windows are left out."""
        seen = snapshot.signals or model.Signals()

        def chosen(rows: Iterable[Any]) -> list[Any]:
            return [each for each in rows if window is None or getattr(each, "window", window) == window]

        found = {name: chosen(getattr(seen, name)) for name in seen.__dataclass_fields__}
        return cls.of({"tip": snapshot, **found}, snapshot.pool_names)
