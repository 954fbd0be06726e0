"""The levels at which blocks are counted, made from the registry and the memberships."""

from __future__ import annotations

from collections.abc import Callable

from monitor.analysis.counting.levels import POOL, Alone, Entity, Level, Nameless
from monitor.model import BlockRow
from monitor.registry.loading import Registry
from monitor.registry.pool import Kind

_DATUM = "ocean"
"""The pool with miners that build their own templates and state it in the coinbase."""


_OPTIONAL = "custodian"
"""Counted only where something is known of it."""


def levels(registry: Registry) -> tuple[Level, ...]:
    """The levels at which blocks are counted."""
    has_custodians = registry.memberships.states(_OPTIONAL)
    return tuple(level for level in all_levels(registry) if has_custodians or level.name != _OPTIONAL)


def all_levels(registry: Registry) -> tuple[Level, ...]:
    """Every level, also one of which nothing is known."""
    known = registry.memberships
    solo = {slug for slug, pool in registry.pools.by_slug.items() if pool.kind is Kind.SOLO}

    def template(row: BlockRow) -> Entity:
        """Builder of the block template: the pool's template group; at OCEAN, a miner with its own template."""
        if row.pool is None:
            return row.cluster
        if row.pool in solo:
            return Alone.ALONE
        if row.pool == _DATUM and row.miner:
            return f"datum {row.miner}"
        return known.of("template", row.pool, row.time) or row.pool

    def by_owner(aspect: str) -> Callable[[BlockRow], Entity]:
        """The company or custodian of a pool; the pool itself if none is known."""

        def owner(row: BlockRow) -> Entity:
            if row.pool is None:
                return row.cluster
            if row.pool in solo:
                return Alone.ALONE
            return known.of(aspect, row.pool, row.time) or row.pool

        return owner

    def by_country(aspect: str) -> Callable[[BlockRow], Entity]:
        """The country of a pool; without a row it is unknown. Of a solo service's miners nothing is known."""

        def country(row: BlockRow) -> Entity:
            if row.pool is None or row.pool in solo:
                return None
            return known.of(aspect, row.pool, row.time) or Nameless(row.pool)

        return country

    return (
        POOL,
        Level("template", template, known.turns("template"), by_miner={_DATUM}),
        Level("operator", by_owner("operator"), known.turns("operator")),
        *(Level(aspect, by_country(aspect), known.turns(aspect)) for aspect in ("origin", "country")),
        Level(_OPTIONAL, by_owner(_OPTIONAL), known.turns(_OPTIONAL)),
    )
