"""Profiles of pools, from the current registry and memberships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitor.model import PoolMembership, PoolSlug, Profile
from monitor.registry.address import address_of
from monitor.registry.loading import Registry
from monitor.registry.memberships import ASPECTS, Membership


class Directory:
    """Looks pools up in `registry`, which is replaced on a reload."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def profiles(self) -> Iterator[Profile]:
        """Every pool of the registry, by slug."""
        for slug in self.registry.pools.by_slug:
            if profile := self.profile(slug):
                yield profile

    def profile(self, slug: str) -> Profile | None:
        """The profile of a pool; None if the registry does not have it."""
        pool = self.registry.pools.by_slug.get(PoolSlug(slug))
        if pool is None:
            return None
        return Profile(
            slug=pool.slug,
            name=pool.name,
            kind=pool.kind.value,
            link=pool.link,
            addresses=pool.addresses,
            tags=(*pool.tags, *pool.plain_tags),
            sources=pool.sources,
            memberships=tuple(self._membership(row) for row in self.registry.memberships.rows if row.pool == pool.slug),
        )

    def belongs(self, slug: str, time: int) -> Mapping[str, str | None]:
        """By level, the entity that a pool belonged to at a time (Unix seconds); None if unknown or none."""
        return self.registry.memberships.at(PoolSlug(slug), time)

    def address(self, script: bytes) -> str | None:
        """The address that a script pays; None for one that has none."""
        return address_of(script, self.registry.pools.network)

    def _membership(self, row: Membership) -> PoolMembership:
        return PoolMembership(
            belongs={aspect: value for aspect in ASPECTS if (value := getattr(row, aspect))},
            since=row.since,
            until=row.until,
            confidence=row.confidence.name.lower(),
            counts=row.confidence >= self.registry.memberships.min_confidence,
            source=row.source,
            note=row.note,
        )
