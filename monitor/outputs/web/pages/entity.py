"""The view of one entity of a level: its share, who belongs to it and by which statement, and what is not certain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.model import Concentration, PoolMembership, Profile, PublishedShare, Snapshot, day_of
from monitor.outputs.web.pages.comparison import shares_of
from monitor.outputs.web.pages.overview import Overview
from monitor.outputs.web.pages.published import ShareRow
from monitor.outputs.web.protocols import PoolDirectory

POOL = "pool"
"""The level of which each entity has a page of its own."""


@dataclass(frozen=True)
class Member:
    """A pool that belongs to the entity, or may."""

    pool: Profile
    share: PublishedShare | None
    """The pool's own, over the chosen window; None without blocks."""
    stated: PoolMembership | None
    """Who says so; None for a pool that counts as an entity of its own."""
    is_counted: bool
    """Whether it is counted now."""
    is_current: bool = True
    """Whether the statement is about now: it may hold for earlier or later days only."""

    @property
    def state(self) -> str:
        """In words."""
        return "counted" if self.is_counted else "not counted" if self.is_current else "other days"

    @property
    def weight(self) -> float:
        """Its share; 0 without blocks."""
        return self.share.share if self.share else 0.0


@dataclass(frozen=True)
class EntityView:
    """One entity over one window."""

    level: str
    entity: str
    chosen: Concentration
    windows: Sequence[tuple[Concentration, ShareRow | None]]
    """Each window of the level with the entity's share, None where it has none and may have none."""
    members: Sequence[Member]
    """Counted ones first, the largest first among them."""

    @classmethod
    def of(
        cls, snapshot: Snapshot, directory: PoolDirectory, entity: str, *, level: str, window: str | None
    ) -> EntityView | None:
        """None if nothing belongs to this entity, and it has no block in any window."""
        overview = Overview.of(snapshot, level, window)
        if overview.chosen.level != level:
            return None
        found = shares_of(snapshot, level, entity)
        windows = [(each, found.get(each.window.name)) for each in overview.windows]
        pools = next(
            one for one in snapshot.concentration if (one.level, one.window) == ("pool", overview.chosen.window)
        )
        shares = {share.entity: share for share in snapshot.shares(pools)}
        members = list(_members(snapshot, directory, shares, of=(level, entity)))
        if not members and not found:
            return None
        members.sort(key=_order)
        return cls(level, entity, overview.chosen, windows=windows, members=members)

    @property
    def share(self) -> ShareRow | None:
        """That of the chosen window."""
        return next(share for one, share in self.windows if one is self.chosen)

    @property
    def counted(self) -> Sequence[Member]:
        """Those that are counted, each pool once."""
        return [*{member.pool.slug: member for member in reversed(self.members) if member.is_counted}.values()][::-1]

    @property
    def possible(self) -> float:
        """Share of the blocks of pools that may belong to it, and are not counted."""
        counted = {member.pool.slug for member in self.counted}
        current = (member for member in self.members if member.is_current)
        others = {member.pool.slug: member.weight for member in current if member.pool.slug not in counted}
        return sum(others.values())

    @property
    def unknown(self) -> float:
        """Share of the blocks of which the pool is unknown: they may be anyone's."""
        return (self.chosen.unknown - sum(self.chosen.nameless.values())) / (self.chosen.blocks or 1)


def _order(member: Member) -> tuple[bool, bool, float, str]:
    return not member.is_counted, not member.is_current, -member.weight, member.pool.name.casefold()


def _members(
    snapshot: Snapshot, directory: PoolDirectory, shares: Mapping[str, PublishedShare], *, of: tuple[str, str]
) -> Iterator[Member]:
    level, entity = of
    today = day_of(snapshot.tip.time)
    for pool in directory.profiles():
        belongs = directory.belongs(pool.slug, snapshot.tip.time).get(level)
        is_counted = (belongs or pool.slug) == entity
        stated = [each for each in pool.memberships if each.belongs.get(level) == entity]
        share = shares.get(pool.slug)
        for each in stated:
            is_current = (each.since or today) <= today and (each.until is None or today < each.until)
            yield Member(pool, share, each, is_counted=is_counted and is_current and each.counts, is_current=is_current)
        if is_counted and not stated:
            yield Member(pool, share, None, is_counted=True)
