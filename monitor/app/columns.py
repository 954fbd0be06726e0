"""The columns of exported blocks, and what is asked of the columns of a file of blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from monitor.analysis.levels import POOL, Alone, Level
from monitor.app.registry import Knowledge, levels
from monitor.errors import InputError
from monitor.model import StoredBlock


class Column(NamedTuple):
    """One value of each block."""

    name: str
    kind: Literal["text", "flag", "small", "large", "time"]
    """A text, a boolean, an integer of 32 or 64 bits, or unix seconds."""
    read: Callable[[StoredBlock], Any]
    null: bool = False


def columns(knowledge: Knowledge, *, stale: bool) -> Sequence[Column]:
    """The columns of an exported row, in order."""
    names = knowledge.registry.names
    found = [
        Column("height", "small", lambda block: block.row.height),
        Column("hash", "text", lambda block: block.hash),
        Column("time", "time", lambda block: block.row.time),
        Column("pool", "text", lambda block: block.row.pool, null=True),
        Column(
            "pool_name", "text", lambda block: block.row.pool and names.get(block.row.pool, block.row.pool), null=True
        ),
        Column("method", "text", lambda block: block.method, null=True),
        Column("evidence", "text", lambda block: block.evidence or None, null=True),
        Column("conflict", "flag", lambda block: block.conflict),
        *(
            Column(level.name, "text", partial(_entity, level), null=True)
            for level in levels(knowledge)
            if level.name != POOL.name
        ),
        Column("miner", "text", lambda block: block.row.miner, null=True),
        Column("tx_count", "small", lambda block: block.row.tx_count),
        Column("value_sat", "large", lambda block: block.row.value_sat),
        Column("bits", "large", lambda block: block.row.bits),
        Column("version", "small", lambda block: block.row.version),
    ]
    return [*found, Column("stale", "flag", lambda block: block.stale)] if stale else found


def demand(wanted: Sequence[str], names: Sequence[str], file: Path) -> None:
    """Check that a file has each of the wanted columns exactly once.

    Raises:
        InputError: it has not.
    """
    for name in wanted:
        if list(names).count(name) != 1:
            raise InputError(f"{file} must have one column {name!r}; its columns are: {', '.join(names)}")


def _entity(level: Level, block: StoredBlock) -> str | None:
    """The entity of a block; a solo miner's has a name of its own, so that grouping by the column counts right."""
    entity = level.entity_of(block.row)
    return f"alone-{block.row.height}" if isinstance(entity, Alone) else entity
