"""What is known of a pool itself, blocks aside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from monitor.model.names import PoolSlug


@dataclass(frozen=True, slots=True)
class PoolMembership:
    """A dated statement of one source: which template group, operator, origin and country a pool belongs to."""

    belongs: Mapping[str, str]
    """By level: `template`, `operator`, `origin`, `country`."""
    since: date | None
    """The first day (UTC); None: from the beginning."""
    until: date | None
    """The first day on which it no longer holds; None: until today."""
    confidence: str
    counts: bool
    """Whether that is sure enough for the configuration: what is not is shown, and left out of the count."""
    source: str
    note: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A pool, by the registry and the memberships."""

    slug: PoolSlug
    name: str
    kind: str
    """`pool`, `solo` (a service for miners each of whom mines alone) or `marketplace`."""
    link: str
    addresses: tuple[str, ...]
    tags: tuple[str, ...]
    sources: tuple[str, ...]
    """The lists that know it."""
    memberships: tuple[PoolMembership, ...]
