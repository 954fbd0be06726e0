"""Profiles of pools, from the current registry and memberships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from monitor.model import PoolSlug, Profile, Tie
from monitor.registry.address import address_of
from monitor.registry.loading import Knowledge
from monitor.registry.memberships import ASPECTS, Membership


class Directory:
    """Looks pools up in `knowledge`, which is replaced on a reload."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge

    def profiles(self) -> Iterator[Profile]:
        """Every pool of the registry, by slug."""
        for slug in self.knowledge.registry.pools:
            if profile := self.profile(slug):
                yield profile

    def profile(self, slug: str) -> Profile | None:
        """The profile of a pool; None if the registry does not have it."""
        pool = self.knowledge.registry.pools.get(PoolSlug(slug))
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
            ties=tuple(self._tie(row) for row in self.knowledge.memberships.rows if row.pool == pool.slug),
        )

    def belongs(self, slug: str, time: int) -> Mapping[str, str | None]:
        """By level, the entity that a pool belonged to at a time (Unix seconds); None if unknown or none."""
        return self.knowledge.memberships.at(PoolSlug(slug), time)

    def address(self, script: bytes) -> str | None:
        """The address that a script pays; None for one that has none."""
        return address_of(script, self.knowledge.registry.network)

    def _tie(self, row: Membership) -> Tie:
        return Tie(
            belongs={aspect: value for aspect in ASPECTS if (value := getattr(row, aspect))},
            since=row.since,
            until=row.until,
            confidence=row.confidence.name.lower(),
            counts=row.confidence >= self.knowledge.memberships.min_confidence,
            source=row.source,
            note=row.note,
        )
