"""At which level blocks are counted: a name, and whom a block counts for there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from monitor.model import BlockRow


class Alone(Enum):
    """A miner whom nothing ties to any other block: an entity of its own, without a name."""

    ALONE = "alone"


Entity: TypeAlias = str | Alone | None
"""Whom a block counts for. None: nobody can tell."""


@dataclass(frozen=True, slots=True)
class Level:
    """One way to count blocks."""

    name: str
    entity_of: Callable[[BlockRow], Entity]
    """Whom a block counts for, by what was true at the block's own time."""
    turns: Sequence[int] = ()
    """When (Unix seconds) it changes whom a pool counts for, in order: between them its blocks count for the same."""
    by_miner: Collection[str] = ()
    """Pools whose miners count for themselves; of all others, the block's miner makes no difference."""


POOL = Level("pool", lambda row: row.pool or row.cluster)
"""The brand that the coinbase names; of an unknown miner, the pseudonym."""
