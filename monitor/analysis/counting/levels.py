"""A level: its name, and the entity that a block counts for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from monitor.model import BlockRow, PoolSlug


class Alone(Enum):
    """A miner without a link to any other block: an entity of its own, without a name."""

    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Nameless:
    """The unknown entity of a known pool: of all its blocks together, which are therefore not split."""

    pool: PoolSlug


Entity: TypeAlias = str | Nameless | Alone | None
"""The entity that a block counts for; None if nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Level:
    """One way to count blocks."""

    name: str
    entity_of: Callable[[BlockRow], Entity]
    """The entity of a block, by the memberships of the block's own time."""
    turns: Sequence[int] = ()
    """Unix times at which the entity of some pool changes, ascending."""
    by_miner: Collection[str] = ()
    """Pools whose miners are entities of their own; for other pools the block's miner makes no difference."""


POOL = Level("pool", lambda row: row.pool or row.cluster)
"""The brand that the coinbase names; of an unknown miner, the pseudonym."""
