"""The levels at which blocks are counted, made from the registry and the memberships."""

from __future__ import annotations

from monitor.analysis.counting.levels import POOL, Alone, Entity, Level
from monitor.model import BlockRow
from monitor.registry.loading import Registry
from monitor.registry.pool import Kind

_DATUM = "ocean"
"""The pool whose miners build their own templates, and say so in the coinbase."""


def levels(registry: Registry) -> tuple[Level, ...]:
    """The levels at which blocks are counted: pool, template, operator, country."""
    known = registry.memberships
    solo = {slug for slug, pool in registry.pools.by_slug.items() if pool.kind is Kind.SOLO}

    def template(row: BlockRow) -> Entity:
        """Who built the block: the pool's template group; at OCEAN, a miner who built his own."""
        if row.pool is None:
            return row.cluster
        if row.pool in solo:
            return Alone.ALONE
        if row.pool == _DATUM and row.miner:
            return f"datum {row.miner}"
        return known.of("template", row.pool, row.time) or row.pool

    def operator(row: BlockRow) -> Entity:
        """The company behind the pool; where nobody knows of one, the pool stands for itself."""
        if row.pool is None:
            return row.cluster
        if row.pool in solo:
            return Alone.ALONE
        return known.of("operator", row.pool, row.time) or row.pool

    def country(row: BlockRow) -> Entity:
        """Where the operator is at home. Of who mines with a solo service, that says nothing."""
        if row.pool is None or row.pool in solo:
            return None
        return known.of("country", row.pool, row.time)

    return (
        POOL,
        Level("template", template, known.turns("template"), by_miner={_DATUM}),
        Level("operator", operator, known.turns("operator")),
        Level("country", country, known.turns("country")),
    )
