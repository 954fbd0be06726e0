"""Assigns colours: a pool has the same one on every page, and on every daemon with the same blocks.

page.css has the colours: eight that can be distinguished with any kind of colour vision (M. A. Petroff, Accessible
Color Sequences for Data Visualization, arXiv:2107.02270, 2021). Smaller entities are grey. No information is in the
colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import TypeAlias

from monitor.model import Snapshot

SLOTS = 8
_BASE = "pool"

Belongs: TypeAlias = Callable[[str, int], Mapping[str, str | None]]
"""What a pool belonged to at a time, by level."""


def palette(snapshot: Snapshot, level: str, belongs: Belongs) -> Mapping[str, int]:
    """The slots of the largest entities of a level, by the window with the most blocks, which changes least.

    A pool has the same colour at every level, and a group that of its largest pool.
    """
    pools = slots(_largest(snapshot, _BASE))
    if level == _BASE:
        return pools
    given: dict[str, int] = {}
    for pool in _largest(snapshot, _BASE):
        group = belongs(pool, snapshot.tip.time).get(level) or pool
        if pool in pools:
            given.setdefault(group, pools[pool])
    return slots(_largest(snapshot, level), given=given)


def slots(largest_first: Iterable[str], given: Mapping[str, int] | None = None) -> dict[str, int]:
    """A slot for each of the first entities.

    Each prefers a slot by its name, and takes the next free one if a larger entity has it. Small entities that appear
    or disappear change no other colour.

    Args:
        largest_first: the entities.
        given: slots that some entities have already.
    """
    entities = list(largest_first)
    found = {entity: slot for entity, slot in (given or {}).items() if entity in entities}
    for entity in entities:
        free = set(range(SLOTS)) - set(found.values())
        if not free:
            break
        if entity not in found:
            wanted = blake2b(entity.encode(), digest_size=1).digest()[0]
            found[entity] = next(at % SLOTS for at in range(wanted, wanted + SLOTS) if at % SLOTS in free)
    return found


def _largest(snapshot: Snapshot, level: str) -> list[str]:
    windows = [each for each in snapshot.concentration if each.level == level]
    widest = max(windows, key=lambda each: each.blocks, default=None)
    return [share.entity for share in widest.shares] if widest else []
