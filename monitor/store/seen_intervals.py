"""Seconds from a block's parent to the block, as our nodes saw them.

Header times are the miners' own; these are of our clock, and known only of blocks that were announced while the daemon
was running.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, FromClause, ScalarSelect, Select, bindparam, func, select

from monitor.store.dialects import in_parts
from monitor.store.queries import ON_BEST_CHAIN
from monitor.store.schema import blocks, sightings

_PROMPT_SECONDS = 300
"""A block that was first seen later than this after its header time was probably found while the nodes or the daemon
were away. Header times are rarely behind by as much; then too, the interval counts as not known."""
_TOGETHER_SECONDS = 1.0
"""Blocks that were seen closer together probably came in one step, as after an outage. By chance, one block in 600
comes as soon."""


def seen_intervals(connection: Connection, heights: Sequence[int]) -> dict[int, float]:
    """Seconds between the first sightings of a block and of its parent, by height, where both are known.

    Args:
        connection: to the database.
        heights: of blocks of the best chain.
    """
    return {height: seconds for some in in_parts(heights) for height, seconds in _known(connection, some)}


def _known(connection: Connection, heights: Sequence[int]) -> Iterator[tuple[int, float]]:
    for row in connection.execute(_FIRST_SEEN, {"heights": heights}):
        height, time, seen, parent_time, parent_seen = tuple(row)
        if seen is None or parent_seen is None:
            continue
        is_prompt = seen - time <= _PROMPT_SECONDS and parent_seen - parent_time <= _PROMPT_SECONDS
        if is_prompt and seen - parent_seen >= _TOGETHER_SECONDS:
            yield height, seen - parent_seen


def _first_seen() -> Select[Any]:
    """Header time and first sighting of blocks and of their parents. Built once, as it runs with every snapshot."""
    parents = blocks.alias()

    def earliest(of: FromClause) -> ScalarSelect[float | None]:
        # A subquery, not a join: that would pair each node's sighting of the block with each one's of the parent.
        return select(func.min(sightings.c.seen_at)).where(sightings.c.hash == of.c.hash).scalar_subquery()

    return (
        select(blocks.c.height, blocks.c.time, earliest(blocks), parents.c.time, earliest(parents))
        .join(parents, parents.c.hash == blocks.c.parent)
        .where(ON_BEST_CHAIN, blocks.c.height.in_(bindparam("heights", expanding=True)))
    )


_FIRST_SEEN = _first_seen()
