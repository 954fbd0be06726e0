"""Pools: what the registry knows of them, what they mined, and what their blocks say."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from monitor.model import Method
from monitor.outputs.schemas.base import Hex, Schema
from monitor.outputs.schemas.blocks import Tip
from monitor.outputs.schemas.concentration import Change, Share
from monitor.outputs.schemas.signals import EmptyBlocks, Luck, Race, RaceRecord, Reward, Streak


class PoolShare(Share):
    """The pool's share of one window."""

    window: str
    """Name of the window."""
    total: int = Field(alias="of")
    """All blocks of the window."""


class PoolSummary(Schema):
    """A pool in a list."""

    slug: str
    """Identifies the pool."""
    name: str
    """Name of the pool."""
    kind: str | None
    """`pool`, `solo` (its miners each mine alone) or `marketplace`; null: not in the registry."""
    link: str | None
    """Website."""
    belongs: dict[str, str | None]
    """What the pool belongs to now, by level; null: no known affiliation."""
    shares: list[PoolShare]
    """Its share of each window in which it mined."""


class Pools(Schema):
    """Every pool of the registry."""

    tip: Tip
    """The newest block."""
    pools: list[PoolSummary]
    """Largest first."""


class Membership(Schema):
    """What one source says a pool belongs to, for a time."""

    belongs: dict[str, str]
    """By level."""
    since: date | None
    """First day (UTC); null: from the beginning."""
    until: date | None
    """First day on which it no longer holds; null: until today."""
    confidence: str
    """How sure it is."""
    counts: bool
    """Whether that is sure enough for the configuration to count it."""
    source: str
    """Where it is stated."""
    note: str
    """Remarks."""


class PoolSignalling(Schema):
    """Blocks of the pool that signal."""

    window: str
    """Name of the window."""
    bit: int | None
    """The version bit; null for BIP54."""
    blocks: int
    """How many."""


class PoolSignals(Schema):
    """What the blocks of the pool say beyond its share."""

    streak: Streak | None
    """Blocks in a row; null: none in any window."""
    luck: list[Luck]
    """Blocks found over expected, by window."""
    empty_blocks: list[EmptyBlocks]
    """Empty blocks, by window."""
    rewards: list[Reward]
    """Subsidy and fees, by window."""
    signalling: list[PoolSignalling]
    """Version bits, by window."""
    bip54: list[PoolSignalling]
    """Coinbases that BIP54 would accept, by window."""
    race_record: RaceRecord | None
    """Races won and lost; null: none."""
    races: list[Race]
    """Its races, newest first."""


class Evidence(Schema):
    """What identified some of the blocks."""

    method: Method | None
    """`address` or `tag`; null: unknown."""
    evidence: str
    """The address or text."""
    blocks: int
    """How many blocks."""


class Payout(Schema):
    """The destination of the largest output of some of the blocks."""

    address: str | None
    """Its address; null where the script has none."""
    script_hex: Hex
    """Its script, in hex."""
    blocks: int
    """How many blocks."""


class NewestBlocks(Schema):
    """What the newest blocks of the pool show."""

    blocks: int
    """How many were read."""
    conflicts: int
    """Blocks with candidates that name more than one pool."""
    evidence: list[Evidence]
    """What identified them, most frequent first."""
    payouts: list[Payout]
    """Where the largest output goes, most frequent first."""


class Pool(PoolSummary):
    """One pool with everything."""

    tip: Tip
    """The newest block."""
    memberships: list[Membership]
    """Every known membership."""
    addresses: list[str]
    """Addresses that identify it."""
    tags: list[str]
    """Coinbase texts that identify it."""
    sources: list[str]
    """Lists that have the pool."""
    changes: list[Change]
    """Significant changes of its share of hashrate, newest first."""
    signals: PoolSignals
    """What its blocks say beyond its share."""
    newest: NewestBlocks
    """What its newest blocks show."""
