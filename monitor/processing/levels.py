"""The levels at which blocks are counted, made from the registry and the memberships."""

from __future__ import annotations

from monitor.analysis.counting.levels import POOL, Alone, Entity, Level
from monitor.model import BlockRow
from monitor.registry.loading import Registry
from monitor.registry.pool import Kind

_DATUM = "ocean"
"""The pool with miners that build their own templates and state it in the coinbase."""


def levels(registry: Registry) -> tuple[Level, ...]:
    """The levels at which blocks are counted: pool, template, operator, country."""
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

    def operator(row: BlockRow) -> Entity:
        """Parent company of the pool; the pool itself if none is known."""
        if row.pool is None:
            return row.cluster
        if row.pool in solo:
            return Alone.ALONE
        return known.of("operator", row.pool, row.time) or row.pool

    def country(row: BlockRow) -> Entity:
        """Country of the operator's registered seat. Unknown for miners of a solo service."""
        if row.pool is None or row.pool in solo:
            return None
        return known.of("country", row.pool, row.time)

    return (
        POOL,
        Level("template", template, known.turns("template"), by_miner={_DATUM}),
        Level("operator", operator, known.turns("operator")),
        Level("country", country, known.turns("country")),
    )
