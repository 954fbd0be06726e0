"""At which level blocks are counted: a name, and whom a block counts for there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor.model import BlockRow


@dataclass(frozen=True, slots=True)
class Level:
    """One way to count blocks."""

    name: str
    entity_of: Callable[[BlockRow], str | None]
    """Whom a block counts for, by what was true at the block's own time; None: nobody can tell."""


POOL = Level("pool", lambda row: row.pool)
"""The brand that the coinbase names."""

LEVELS = (POOL,)
"""Every level there is."""
