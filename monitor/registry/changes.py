"""What is different between two registries."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model import PoolSlug
from monitor.registry.registry import PoolRegistry


@dataclass(frozen=True, slots=True)
class Moved:
    """An address or a tag that is another pool's now, or is new, or is gone."""

    kind: str
    """`address`, `tag`, or `plain tag`, which names a pool only where nothing better does."""
    text: str
    before: PoolSlug | None
    after: PoolSlug | None


@dataclass(frozen=True, slots=True)
class Changes:
    """From one registry to the next."""

    added: tuple[PoolSlug, ...]
    removed: tuple[PoolSlug, ...]
    renamed: tuple[tuple[PoolSlug, str, str], ...]
    """Pools that stay and are called otherwise: slug, name before, name after."""
    moved: tuple[Moved, ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.renamed or self.moved)


def changes(before: PoolRegistry, after: PoolRegistry) -> Changes:
    """What differs, in an order that does not depend on theirs."""
    was, will = _marks(before), _marks(after)
    both = sorted(before.by_slug.keys() & after.by_slug.keys())
    return Changes(
        added=tuple(sorted(after.by_slug.keys() - before.by_slug.keys())),
        removed=tuple(sorted(before.by_slug.keys() - after.by_slug.keys())),
        renamed=tuple(
            (slug, before.by_slug[slug].name, after.by_slug[slug].name)
            for slug in both
            if before.by_slug[slug].name != after.by_slug[slug].name
        ),
        moved=tuple(
            Moved(*mark, was.get(mark), will.get(mark))
            for mark in sorted(was.keys() | will.keys())
            if was.get(mark) != will.get(mark)
        ),
    )


def _marks(registry: PoolRegistry) -> dict[tuple[str, str], PoolSlug]:
    return {
        (kind, text): slug
        for slug, pool in registry.by_slug.items()
        for kind, texts in (("address", pool.addresses), ("tag", pool.tags), ("plain tag", pool.plain_tags))
        for text in texts
    }
