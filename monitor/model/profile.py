"""A pool's entry in the registry, with its memberships."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitor.model.names import PoolSlug


@dataclass(frozen=True, slots=True)
class PoolMembership:
    """A dated statement of one source: which template group, operator and country a pool belongs to."""

    belongs: Mapping[str, str]
    """By level: `template`, `operator`, `country`."""
    since: date | None
    """First day (UTC); None if it has always held."""
    until: date | None
    """First day on which it no longer holds; None if it still does."""
    confidence: str
    counts: bool
    """Whether its confidence is at least `registry.min_confidence`; otherwise it is displayed but not counted."""
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A pool with its marks and memberships."""

    slug: PoolSlug
    name: str
    kind: str
    """`pool`, `solo` (a service for solo miners) or `marketplace`."""
    link: str
    addresses: tuple[str, ...]
    tags: tuple[str, ...]
    sources: tuple[str, ...]
    """The upstream lists that contain it."""
    memberships: tuple[PoolMembership, ...]
