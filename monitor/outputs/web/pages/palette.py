"""Which colour a pool has: the same one wherever it is shown, and on every daemon that knows the same blocks.

The colours themselves are in page.css. They are eight that people with any kind of colour vision tell apart (M. A.
Petroff, Accessible Color Sequences for Data Visualization, arXiv:2107.02270, 2021); whoever is too small for one of
them is grey. Nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from typing import TypeAlias

from monitor.model import Snapshot

SLOTS = 8
_BASE = "pool"

Belongs: TypeAlias = Callable[[str, int], Mapping[str, str | None]]
"""By level, whom a pool belongs to at a time."""


def palette(snapshot: Snapshot, level: str, belongs: Belongs) -> Mapping[str, int]:
    """The slots of a level's largest entities, by the window that has the most blocks: the one that changes least.

    Whoever is a pool has the same colour at every level, and a group has that of its largest pool.
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

    Each prefers one that only its name decides, and takes the next free one where a larger entity has it. So the coming
    and going of small ones moves nobody.

    Args:
        largest_first: the entities.
        given: slots that some of them have already, if they are among them.
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
