"""The view of the memberships page: every row, those of the largest pools first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.model import PoolMembership, Profile, PublishedShare, Snapshot

LEVELS: Final = ("template", "operator", "origin", "country", "custodian")


@dataclass(frozen=True)
class MembershipRow:
    """What one source says of one pool at one level."""

    pool: Profile
    level: str
    entity: str
    stated: PoolMembership
    share: PublishedShare | None
    """The pool's own, over the longest window; None without blocks."""


@dataclass(frozen=True)
class MembershipView:
    """The rows of one level or of all, and of one entity or of all."""

    level: str | None
    entity: str | None
    window: str
    """That of the shares."""
    rows: Sequence[MembershipRow]

    @classmethod
    def of(
        cls, snapshot: Snapshot, profiles: Iterable[Profile], *, level: str | None, entity: str | None
    ) -> MembershipView:
        """An unknown level is all of them."""
        level = level if level in LEVELS else None
        longest = max((one for one in snapshot.concentration if one.level == "pool"), key=lambda one: one.blocks)
        shares = {share.entity: share for share in snapshot.shares(longest)}
        rows = [
            MembershipRow(pool, at, value, stated=stated, share=shares.get(pool.slug))
            for pool in profiles
            for stated in pool.memberships
            for at, value in stated.belongs.items()
            if level in {None, at} and (not entity or entity == value)
        ]
        rows.sort(key=lambda row: (-row.share.blocks if row.share else 0, row.pool.slug, LEVELS.index(row.level)))
        return cls(level, entity or None, longest.window.name, rows)
