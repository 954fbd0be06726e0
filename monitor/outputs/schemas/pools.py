"""Pools: what the registry knows of them, what they mined, and what their blocks say."""

from __future__ import annotations

from datetime import date

from monitor.model import Method
from monitor.outputs.schemas.base import Hex, Schema, field
from monitor.outputs.schemas.blocks import Tip
from monitor.outputs.schemas.concentration import Change, Share
from monitor.outputs.schemas.signals import Advantage, EmptyBlocks, Luck, Race, RaceRecord, Reward, StaleRate, Streak


class PoolShare(Share):
    """The pool's share of one window."""

    window: str = field("Name of the window")
    total: int = field("All blocks of the window", alias="of")
    complete: float = field("How much of the window is stored, 0 to 1")


class PoolSummary(Schema):
    """A pool in a list."""

    slug: str = field("Identifies the pool")
    name: str = field("Name of the pool")
    kind: str | None = field("`pool`, `solo` (its miners each mine alone) or `marketplace`; null: not in the registry")
    link: str | None = field("Website")
    belongs: dict[str, str | None] = field("What the pool belongs to now, by level; null: no known affiliation")
    shares: list[PoolShare] = field("Its share of each window in which it mined")


class Pools(Schema):
    """Every pool of the registry."""

    tip: Tip = field("The newest block")
    pools: list[PoolSummary] = field("Largest first")


class Membership(Schema):
    """What one source says a pool belongs to, for a time."""

    belongs: dict[str, str] = field("By level")
    since: date | None = field("First day (UTC); null: from the beginning")
    until: date | None = field("First day on which it no longer holds; null: until today")
    confidence: str = field("How sure it is")
    counts: bool = field("Whether that is sure enough for the configuration to count it")
    source: str = field("Where it is stated")
    note: str = field("Remarks")


class PoolSignalling(Schema):
    """Blocks of the pool that signal."""

    window: str = field("Name of the window")
    bit: int | None = field("Number of the version bit; null for BIP54")
    blocks: int = field("How many")


class PoolSignals(Schema):
    """What the blocks of the pool say beyond its share."""

    streak: Streak | None = field("Blocks in a row; null: none in any window")
    luck: list[Luck] = field("Blocks found over expected, by window")
    empty_blocks: list[EmptyBlocks] = field("Empty blocks, by window")
    rewards: list[Reward] = field("Subsidy and fees, by window")
    advantages: list[Advantage] = field("Reward for a unit of work, by window")
    signalling: list[PoolSignalling] = field("Version bits, by window")
    bip54: list[PoolSignalling] = field("Coinbases that BIP54 would accept, by window")
    race_record: RaceRecord | None = field("Races won and lost; null: none")
    races: list[Race] = field("Its races, newest first")
    stale_rates: list[StaleRate] = field("Its stale rate, in windows with a known stale block")


class Evidence(Schema):
    """What identified some of the blocks."""

    method: Method | None = field("`address` or `tag`; null: unknown")
    evidence: str = field("The address or text")
    blocks: int = field("How many blocks")


class Payout(Schema):
    """The destination of the largest output of some of the blocks."""

    address: str | None = field("Its address; null where the script has none")
    script_hex: Hex = field("Its script, in hex")
    blocks: int = field("How many blocks")


class NewestBlocks(Schema):
    """What the newest blocks of the pool show."""

    blocks: int = field("How many were read")
    conflicts: int = field("Blocks with candidates that name more than one pool")
    evidence: list[Evidence] = field("What identified them, most frequent first")
    payouts: list[Payout] = field("Where the largest output goes, most frequent first")


class Pool(PoolSummary):
    """One pool with everything."""

    tip: Tip = field("The newest block")
    memberships: list[Membership] = field("Every known membership")
    addresses: list[str] = field("Addresses that identify it")
    tags: list[str] = field("Coinbase texts that identify it")
    sources: list[str] = field("Lists that have the pool")
    changes: list[Change] = field("Significant changes of its share of hashrate, newest first")
    signals: PoolSignals = field("What its blocks say beyond its share")
    newest: NewestBlocks = field("What its newest blocks show")
