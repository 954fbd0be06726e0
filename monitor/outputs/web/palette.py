"""Which colour a pool has: the same one wherever it is shown, and on every daemon that knows the same blocks.

The colours themselves are in page.css. They are eight that people with any kind of colour vision tell apart (M. A.
Petroff, Accessible Color Sequences for Data Visualization, arXiv:2107.02270, 2021); whoever is too small for one of
them is grey. Nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b

from monitor.model import Concentration, Snapshot

SLOTS = 8


def palette(snapshot: Snapshot, level: str) -> Mapping[str, int]:
    """The slots of a level's largest entities, by the window that has the most blocks: the one that changes least."""
    windows = [each for each in snapshot.concentration if each.level == level]
    return slots(share.entity for share in max(windows, key=_blocks).shares) if windows else {}


def slots(largest_first: Iterable[str]) -> dict[str, int]:
    """A slot for each of the first entities.

    Each prefers one that only its name decides, and takes the next free one where a larger entity has it. So the coming
    and going of small ones moves nobody.
    """
    taken: dict[int, str] = {}
    for entity in largest_first:
        if len(taken) == SLOTS:
            break
        wanted = blake2b(entity.encode(), digest_size=2).digest()
        slot = next(at % SLOTS for at in range(int.from_bytes(wanted), int.from_bytes(wanted) + SLOTS)
                    if at % SLOTS not in taken)  # fmt: skip
        taken[slot] = entity
    return {entity: slot for slot, entity in taken.items()}


def _blocks(one: Concentration) -> int:
    return one.blocks
