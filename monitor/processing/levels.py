"""The levels at which blocks are counted, made from the registry and the memberships."""

from __future__ import annotations

from collections.abc import Callable

from monitor.analysis.counting.levels import POOL, Alone, Entity, Level, Nameless
from monitor.model import BlockRow
from monitor.registry.loading import Registry
from monitor.registry.pool import Kind

_DATUM = "ocean"
"""The pool whose miners build their own templates, and say so in the coinbase."""


def levels(registry: Registry) -> tuple[Level, ...]:
    """The levels at which blocks are counted: pool, template, operator, origin, country."""
    known = registry.memberships
    solo = {slug for slug, pool in registry.pools.by_slug.items() if pool.kind is Kind.SOLO}

    def template(row: BlockRow) -> Entity:
        """Who built the block: the pool's template group; at OCEAN, the miner; without a row, the pool."""
        if row.pool is None:
            return row.cluster
        if row.pool in solo:
            return Alone.ALONE
        if row.pool == _DATUM and row.miner:
            return f"datum {row.miner}"
        return known.of("template", row.pool, row.time) or row.pool

    def operator(row: BlockRow) -> Entity:
        """The company behind the pool; a pool without a known operator counts as its own."""
        if row.pool is None:
            return row.cluster
        if row.pool in solo:
            return Alone.ALONE
        return known.of("operator", row.pool, row.time) or row.pool

    def by_country(aspect: str) -> Callable[[BlockRow], Entity]:
        """The country of a pool; without a row it is unknown. Of a solo service's miners nothing is known."""

        def country(row: BlockRow) -> Entity:
            if row.pool is None or row.pool in solo:
                return None
            return known.of(aspect, row.pool, row.time) or Nameless(row.pool)

        return country

    return (
        POOL,
        Level("template", template, known.turns("template"), {_DATUM}),
        Level("operator", operator, known.turns("operator")),
        *(Level(aspect, by_country(aspect), known.turns(aspect)) for aspect in ("origin", "country")),
    )
