"""What blocks say beyond shares: streaks, luck, empty blocks, rewards, signalling, races."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator

from monitor import model
from monitor.model import Snapshot
from monitor.outputs.schemas.base import Name, PoolRef, Schema, Time, field, fields_of
from monitor.outputs.schemas.blocks import Tip


class Streak(PoolRef):
    """Blocks that one pool found in a row, up to the tip."""

    blocks: int = field("How many; 0 for all pools but that of the tip")
    probability: float = field("Probability of so many or more by chance")
    a_year: float = field("How many runs of at least so many blocks chance gives this pool in a year")
    longest: int = field("Blocks of the longest run in the longest window")


class Luck(PoolRef):
    """Blocks found, compared with those expected."""

    window: str = field("Name of the window")
    blocks: int = field("Blocks found")
    expected: float = field("Blocks that the pool's share of the longest window predicts")
    ratio: float | None = field("Found over expected; null where none is expected. A pool that has grown appears lucky")
    zscore: float | None = field(
        "Standard deviations of luck and of the pool's usual drift together, above the expectation; null where there "
        "is no deviation"
    )


class EmptyBlocks(PoolRef):
    """Blocks without a transaction but the coinbase."""

    window: str = field("Name of the window")
    blocks: int = field("All blocks of the pool")
    empty: int = field("Number of empty blocks")
    within: dict[int, int] = field("Empty ones with a header time at most so many seconds after their parent's")
    timed: int = field("Number of empty blocks that nodes saw arrive after they saw the parent arrive")
    soon: int | None = field(
        f"Those seen within {model.SOON_SECONDS} seconds of the parent: probably mined before there was a template; "
        "null if none is timed"
    )
    median_seconds: float | None = field("Median interval of the timed ones; null if none is timed")


class Spacing(Schema):
    """Seconds from one header time to the next."""

    window: str = field("Name of the window")
    blocks: int = field("Blocks with a known parent time")
    mean: float | None = field("Mean; null without blocks")
    median: float | None = field("Median; null without blocks")
    longest: float | None = field("Maximum; null without blocks")
    backwards: int = field("Blocks with a time before their parent's")


class Reward(PoolRef):
    """What blocks paid."""

    window: str = field("Name of the window")
    blocks: int = field("Blocks with a known reward")
    reward_sat: int = field("Subsidy and fees, in satoshi")
    fees_sat: int = field("Fees, in satoshi")
    underclaimed: int = field("Blocks that claimed less than the subsidy")
    underclaimed_sat: int = field("How much less, in satoshi")
    overclaimed: int = field("Empty blocks that claimed more than the subsidy: not valid on mainnet")
    fee_ratio: float | None = field("Share of the fees in the reward; null without a reward")


class Advantage(PoolRef):
    """What a pool was paid for a unit of work, beside the network's mean."""

    window: str = field("Name of the window")
    blocks: int = field("Blocks of the best chain with a known reward")
    stale: int = field("Blocks that went stale, as far as they are known: work without a reward")
    ratio: float | None = field("Reward for a unit of work; 1 is the network's mean; null without blocks")
    lower: float | None = field("Lower end of its 95 % interval; null with fewer than ten blocks")
    upper: float | None = field("Upper end")


class PoolBlocks(PoolRef):
    """Blocks of one pool."""

    blocks: int = field("How many")


def _by_pool(pools: Mapping[str | None, int]) -> list[dict[str, Any]]:
    return [{"pool": pool, "blocks": blocks} for pool, blocks in pools.items()]


class Signalling(Schema):
    """Blocks that signal for one thing."""

    window: str = field("Name of the window; `period` is the retarget period of the tip")
    blocks: int = field("All blocks of the window")
    signalling: int = field("Number of blocks that signal")
    pools: Annotated[list[PoolBlocks], BeforeValidator(_by_pool)] = field("Those that signal by pool, most first")
    bit: int | None = field("Number of the version bit; null for a coinbase that is ready for BIP54")


class Period(Schema):
    """A retarget period."""

    first_height: int = field("Its first block")
    blocks: int = field("Blocks that are stored")
    signalling: dict[int, int] = field("Blocks that signal, by version bit")


class Forecast(Schema):
    """Whether a version bit reaches a threshold in the retarget period of the tip."""

    bit: int = field("Number of the version bit")
    ratio: float = field("The threshold as a share of the period's blocks")
    threshold: int = field("The threshold in blocks")
    signalling: int = field("Blocks that signal so far")
    remaining: int = field("Blocks that the period still gets")
    probability: float = field("Probability that it is reached, at the rate of the last period's worth of blocks")
    missing: int = field("Blocks that must still signal")


class SuccessionTest(Schema):
    """How often a block of one pool comes directly after a block of another."""

    leader_slug: str = field("The pool that comes first", at="leader")
    leader_name: Name = field("Its name", at="leader")
    follower_slug: str = field("The pool that follows; the leader itself in the test for selfish mining", at="follower")
    follower_name: Name = field("Its name", at="follower")
    seen: int = field("How often it did")
    expected: float = field("How often it does by chance")
    p_value: float = field("Probability of as many or more by chance")
    adjusted: float = field("The p-value, adjusted for the number of tests (Holm)")


class Race(Schema):
    """Two branches on one block, one of which went stale."""

    height: int = field("The lowest block of both branches")
    time: Time = field("Header time of the lowest stale block")
    stale: list[str] = field("Hashes of the stale blocks, lowest first")
    losers: list[str | None] = field("Pools of the stale blocks; null: unknown")
    winners: list[str | None] = field("Pools of the blocks on the best chain in their place; null: unknown")
    depth: int = field("How many blocks went stale")
    stored: bool = field(
        "Whether `/api/v1/blocks/{hash}` has the lowest stale block; else only header or hash are known"
    )
    builder: str | None = field("Pool of the next block of the best chain, which decided the race; null: unknown")


class RaceRecord(PoolRef):
    """Races of one pool against others."""

    won: int = field("Number of races won")
    lost: int = field("Number of races lost")
    expected: float = field("Number of races that it wins by chance")
    p_value: float = field("Probability of as many or more by chance")
    adjusted: float = field("The p-value, adjusted for the number of tests (Holm)")


class StaleRate(PoolRef):
    """Which part of a pool's blocks went stale, as far as stale blocks are known."""

    window: str = field("Name of the window")
    blocks: int = field("Blocks of the best chain")
    stale: int = field("Known stale blocks")
    share: float = field("Share of all blocks of the window, stale ones included")
    rate: float = field("Stale blocks over all blocks that the pool found")
    lower: float = field("Lower end of its 95 % interval")
    upper: float = field("Upper end")
    expected: float = field("Rate of a pool of this size if all blocks travel equally fast")
    p_value: float | None = field("Probability of a number as far from it by chance; null if less than one is expected")
    adjusted: float | None = field("The p-value, adjusted for the number of tests (Holm)")


class Signals(Schema):
    """What blocks say beyond shares. Pools come largest first, the unknown last."""

    tip: Tip = field("The newest block")
    streaks: list[Streak] = field("Blocks in a row")
    luck: list[Luck] = field("Blocks found over expected")
    empty_blocks: list[EmptyBlocks] = field("Empty blocks", at="empty")
    rewards: list[Reward] = field("Subsidy and fees")
    advantages: list[Advantage] = field("Reward for a unit of work")
    spacing: list[Spacing] = field("Time between blocks")
    signalling: list[Signalling] = field("Version bits, most blocks first")
    bip54: list[Signalling] = field("Coinbases that BIP54 would accept")
    periods: list[Period] = field("Retarget periods, oldest first; the last one is the tip's")
    forecasts: list[Forecast] = field("Activation forecasts")
    following: list[SuccessionTest] = field("Succession of pools, lowest p-value first")
    races: list[Race] = field("Races for a height, newest first")
    race_records: list[RaceRecord] = field("Races won and lost by pool")
    stale_rates: list[StaleRate] = field("Stale rates, in windows with a known stale block")

    @classmethod
    def of_snapshot(cls, snapshot: Snapshot, window: str | None = None) -> Self:
        """All signals; with a window, those of other windows are left out."""
        seen = snapshot.signals or model.Signals()

        def chosen(rows: Iterable[Any]) -> list[Any]:
            return [each for each in rows if window is None or getattr(each, "window", window) == window]

        found = {name: chosen(rows) for name, rows in fields_of(seen).items()}
        return cls.of({"tip": snapshot, **found}, snapshot.pool_names)
