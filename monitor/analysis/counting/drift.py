"""Compares two counts of the same blocks, which must be equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.analysis.counting.block_table import BlockTable
from monitor.model import Window

_UNNAMED = ("blocks of unknown entities", "miners without a name")
"""Those with the codes `UNKNOWN` and `ALONE`."""
_NOTHING = (0, 0.0)


@dataclass(frozen=True, slots=True)
class Drift:
    """An entity that has different numbers in two counts."""

    level: str
    window: str
    entity: str
    counted: int
    """Blocks; as many as `recounted` if only their work differs."""
    recounted: int


def drift(counted: BlockTable, recounted: BlockTable, windows: Sequence[Window]) -> list[Drift]:
    """Where two tables with the same levels differ. Work is compared too: its sums are exact, whatever the order."""
    ours, theirs = _cells(counted, windows), _cells(recounted, windows)
    return [
        Drift(*cell, ours.get(cell, _NOTHING)[0], theirs.get(cell, _NOTHING)[0])
        for cell in sorted(ours.keys() | theirs.keys())
        if ours.get(cell, _NOTHING) != theirs.get(cell, _NOTHING)
    ]


def _cells(table: BlockTable, windows: Sequence[Window]) -> dict[tuple[str, str, str], tuple[int, float]]:
    """Blocks and work by level, window and entity."""
    counts = table.counts(windows)
    found = {}
    for place, level in enumerate(table.levels):
        names = [*_UNNAMED, *table.entities(place)]
        for pool, code in table.nameless(place).items():
            names[code] = f"unknown entity of {pool}"
        for at, window in enumerate(windows):
            numbers = zip(names, counts.blocks[place, at].tolist(), counts.work[place, at].tolist(), strict=False)
            found.update({(level.name, window.name, name): (blocks, work) for name, blocks, work in numbers})
    return found
