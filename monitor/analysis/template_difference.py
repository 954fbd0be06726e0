"""The difference between the levels `template` and `pool`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.levels import POOL
from monitor.analysis.counting.rows import ALONE, FIRST, UNKNOWN
from monitor.analysis.counting.windows import covered
from monitor.model import Concentration, Difference

_TEMPLATE: Final = "template"


def differences(table: BlockTable, found: Sequence[Concentration]) -> tuple[Difference, ...]:
    """What it changes to count by template instead of by pool, window by window; nothing unless both are counted."""
    numbers = {level.name: number for number, level in enumerate(table.levels)}
    if POOL.name not in numbers or _TEMPLATE not in numbers:
        return ()
    return tuple(_differences(table, found, pool=numbers[POOL.name], template=numbers[_TEMPLATE]))


def _differences(
    table: BlockTable, found: Sequence[Concentration], *, pool: int, template: int
) -> Iterator[Difference]:
    builders = {entity: code for code, entity in enumerate(table.entities(template), FIRST)}
    own = np.array([UNKNOWN, ALONE, *(builders.get(entity, -1) for entity in table.entities(pool))])
    entities = table.rows["entity"]
    elsewhere = (entities[:, template] != own[entities[:, pool]]) & (entities[:, template] >= FIRST)
    templates = {one.window: one for one in found if one.level == _TEMPLATE}
    for paid in found:
        built = templates.get(paid.window)
        if paid.level != POOL.name or built is None:
            continue
        if not (paid.split and paid.merged and built.split and built.merged):
            continue
        blocks = int(elsewhere[covered(table.rows, paid.window)].sum())
        pairs = {"split": (built.split, paid.split), "merged": (built.merged, paid.merged)}
        yield Difference(
            window=paid.window.name,
            blocks=blocks,
            ratio=blocks / paid.blocks,
            hhi={reading: by.hhi - to.hhi for reading, (by, to) in pairs.items()},
            nakamoto={reading: by.nakamoto - to.nakamoto for reading, (by, to) in pairs.items()},
        )
