"""An entity of a level: its shares, and the pools that belong to it."""

from __future__ import annotations

from datetime import date

from monitor.outputs.schemas.base import Schema, field
from monitor.outputs.schemas.blocks import Tip


class WindowShare(Schema):
    """The share of one window."""

    window: str = field("Name of the window")
    blocks: int = field("Blocks that are counted for it")
    total: int = field("All blocks of the window")
    complete: float = field("How much of the window is stored, 0 to 1")
    share: float = field("Share of the blocks, 0 to 1")
    lower: float | None = field("Lower end of the published 95 % interval of its hashrate; null: not estimated yet")
    upper: float | None = field("Upper end")


class EntityMember(Schema):
    """A pool that belongs to it, or may, by one statement."""

    pool_slug: str = field("The pool", at="pool.slug")
    pool_name: str = field("Its name", at="pool.name")
    share: float = field("The pool's share of the blocks of `window`, 0 to 1", at="weight")
    counted: bool = field("Whether it is counted now", at="is_counted")
    current: bool = field("Whether the statement is about now", at="is_current")
    since: date | None = field("First day (UTC); null: from the beginning", at="stated.since", default=None)
    until: date | None = field(
        "First day on which it no longer holds; null: until today", at="stated.until", default=None
    )
    confidence: str | None = field(
        "How sure the statement is; null: the pool counts as its own without one", at="stated.confidence", default=None
    )
    source: str | None = field("Where it is stated", at="stated.source", default=None)
    note: str | None = field("Remarks", at="stated.note", default=None)


class Entity(Schema):
    """A pool group, operator or country."""

    tip: Tip = field("The newest block")
    level: str = field("What is counted: `template`, `operator`, `origin` or `country`")
    entity: str = field("The entity, as in `/api/v1/shares`")
    name: str = field("Its name, where it has another")
    window: str = field("The window of the shares of the members, and of `possible` and `unknown`")
    shares: list[WindowShare] = field("Its share of each window in which it has blocks, or may have some")
    members: list[EntityMember] = field("Counted ones first, the largest first")
    possible: float = field("Share of the blocks of pools that may belong to it, and are not counted")
    unknown: float = field("Share of the blocks of which the pool is unknown")
