"""Recognises pools by the names that other lists and explorers give them."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from re import sub
from typing import Final

from monitor.model import PoolSlug
from monitor.registry.pool import slug_of
from monitor.registry.registry import PoolRegistry

_ENDING: Final = r"(miningpool|mining|pool|com|io|net|org)$"
_SHORTEST: Final = 4
"""Letters that are left of a name without its ending: fewer could be anything."""


class PoolNames:
    """The slugs, names and tags of a registry, whatever their case, spaces, punctuation, and endings such as "Pool"."""

    def __init__(self, registry: PoolRegistry) -> None:
        pools = registry.by_slug.values()
        self._exact = {str(pool.slug): pool.slug for pool in pools}
        self._exact |= {key: pool.slug for pool in pools if (key := slug_of(pool.name)) and key not in self._exact}
        marks = defaultdict(set)
        for pool in pools:
            for name in (pool.slug, pool.name, *pool.tags):
                marks[_stem(slug_of(name))].add(pool.slug)
        self._stems = {stem: slugs.pop() for stem, slugs in marks.items() if len(slugs) == 1 and len(stem) >= _SHORTEST}
        self.slug = lru_cache(maxsize=100_000)(self._slug)
        """The slug of the pool with this name; None if no pool has it, or several could."""

    def _slug(self, name: str) -> PoolSlug | None:
        key = slug_of(name)
        return self._exact.get(key) or self._stems.get(_stem(key))


def _stem(key: str) -> str:
    shorter = sub(_ENDING, "", key)
    return _stem(shorter) if shorter != key and len(shorter) >= _SHORTEST else key
