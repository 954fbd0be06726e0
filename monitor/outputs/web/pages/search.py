"""What a search may mean: a block, a pool, a payout address, a group or a country."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from monitor.model import BlockRecord, Profile, Snapshot
from monitor.outputs.web.pages.entity import POOL

MAX_LENGTH = 128
"""Characters; an address has 90 at most."""
MAX_HEIGHT = 2**31 - 1
_HASH = re.compile(r"[0-9a-f]{64}")
_HEIGHT = re.compile(r"[0-9]{1,9}")
_MOST = 50


class Match(NamedTuple):
    """Something that was found."""

    path: str
    name: str
    what: str


@dataclass(frozen=True)
class Wanted:
    """A search text, read."""

    text: str

    @classmethod
    def of(cls, text: str) -> Wanted:
        """Without the space around, and not longer than anything that can be found."""
        return cls(text.strip()[:MAX_LENGTH])

    @property
    def hash(self) -> str | None:
        """The hash of a block."""
        return self.text.lower() if _HASH.fullmatch(self.text.lower()) else None

    @property
    def height(self) -> int | None:
        """The height of a block; thousands may be separated by commas."""
        digits = self.text.replace(",", "")
        return int(digits) if _HEIGHT.fullmatch(digits) else None

    @property
    def is_number(self) -> bool:
        """Whether it can only be a block."""
        return self.hash is not None or self.height is not None

    def named(self, profiles: Iterable[Profile], snapshot: Snapshot | None, names: Mapping[str, str]) -> list[Match]:
        """Pools with exactly this name, slug or payout address; else all pools, groups and countries that contain it.

        Groups and countries are those that have blocks in a window, or may have some.
        """
        wanted, every = self.text.casefold(), list(profiles)
        if not wanted or self.is_number:
            return []
        exact = [
            pool
            for pool in every
            if wanted in {pool.slug.casefold(), pool.name.casefold()} or self.text in pool.addresses
        ]
        alike = [pool for pool in every if wanted in pool.name.casefold() or wanted in pool.slug.casefold()]
        pools = [
            Match(f"/pool/{pool.slug}", pool.name, "pool")
            for pool in exact or sorted(alike, key=lambda pool: pool.name.casefold())
        ]
        return pools if exact else [*pools, *(_entities(wanted, snapshot, names) if snapshot else ())][:_MOST]


def match_of(found: BlockRecord) -> Match:
    """A block."""
    block = found.judged.block
    where = "not on the counted chain" if found.stale else "on the counted chain"
    return Match(f"/block/{block.hash}", f"Block {block.height:,}", where)


def _entities(wanted: str, snapshot: Snapshot, names: Mapping[str, str]) -> list[Match]:
    every = {
        (one.level, share.entity): names.get(share.entity, share.entity)
        for one in snapshot.concentration
        if one.level != POOL
        for share in snapshot.shares(one)
        if share.entity not in snapshot.pool_names
    }
    return [
        Match(f"/entity/{level}/{quote(entity, safe='')}", name, level)
        for (level, entity), name in every.items()
        if wanted in name.casefold() or wanted == entity.casefold()
    ]
