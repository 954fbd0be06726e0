"""What the registry says of a pool."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from monitor.model import PoolSlug


class Kind(StrEnum):
    """What stands behind a name."""

    POOL = "pool"
    """One party that builds the blocks."""
    SOLO = "solo"
    """A service for solo miners: each block is one miner's."""
    MARKETPLACE = "marketplace"
    """Sells hashrate: the buyer mined."""


class Place(StrEnum):
    """Where in a coinbase script a pool signs."""

    ANYWHERE = "anywhere"
    """Not known."""
    START = "start"
    """Where the text starts: before the tag come only the height, numbers, delimiters and commitments."""


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool and the marks by which its blocks are known."""

    slug: PoolSlug
    name: str
    kind: Kind
    link: str = ""
    addresses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    plain_tags: tuple[str, ...] = ()
    """Everyday words: they identify the pool only if nothing better does."""
    place: Place = Place.ANYWHERE
    """Where it signs: elsewhere its tags count as plain ones."""
    sources: tuple[str, ...] = ()
    """Which lists know it."""


@dataclass(frozen=True, slots=True)
class Custodian:
    """Payout addresses that several pools share: they never name a pool by themselves."""

    name: str
    addresses: tuple[str, ...]


def slug_of(name: str) -> PoolSlug:
    """The slug that mempool.space gives a pool of this name: in lower case, letters a-z and digits only."""
    return PoolSlug(re.sub(r"[^a-z0-9]", "", name.lower()))
