"""Attributions as rows: one plain object for each input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.attribution import attribute
from monitor.cli.attribute.inputs import Given, Input
from monitor.errors import PoolMonitorError
from monitor.model import Attribution, BlockRow
from monitor.processing.levels import levels
from monitor.registry.loading import Registry

_LEVELS = ("template", "operator", "origin", "country")
_TABLE = "{:<24} {:<8} {:<44} {:<10} {:<9} {}"
TABLE_HEAD = _TABLE.format("POOL", "METHOD", "EVIDENCE", "CONFIDENCE", "CONFLICT", "MINER")


class Judge:
    """Attributes blocks, at all levels."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry.pools
        self._levels = {level.name: level for level in levels(registry)}

    def row(self, given: Input) -> dict[str, Any]:
        """One attribution, with the field names of the public interface; `{"error": ...}` for an error.

        The levels are None without the block's time, because memberships depend on it.
        """
        if isinstance(given, PoolMonitorError):
            return {"error": str(given)}
        judged = attribute(given.coinbase, self.registry)
        return {
            "pool_slug": judged.pool,
            "pool_name": None if judged.pool is None else self.registry.by_slug[judged.pool].name,
            "method": judged.method,
            "evidence": judged.evidence,
            "confidence": judged.confidence,
            "conflict": judged.conflict,
            "candidates": [
                {"pool_slug": candidate.pool, "method": candidate.method, "evidence": candidate.evidence}
                for candidate in judged.candidates
            ],
            **{name: self._entity(name, given, judged) for name in _LEVELS},
            "miner": judged.miner,
        }

    def _entity(self, level: str, given: Given, judged: Attribution) -> str | None:
        if given.time is None:
            return None
        row = BlockRow(given.height or 0, given.time, bits=0, pool=judged.pool, miner=judged.miner)
        entity = self._levels[level].entity_of(row)
        return entity if isinstance(entity, str) else None


def as_line(found: Mapping[str, Any]) -> str:
    """A row of the table under `TABLE_HEAD`."""
    if "error" in found:
        return f"error: {found['error']}"
    conflict = "conflict" if found["conflict"] else ""
    name = found["pool_name"] or "unknown"
    return _TABLE.format(
        name, found["method"] or "", found["evidence"], found["confidence"] or "", conflict, found["miner"] or ""
    ).rstrip()
