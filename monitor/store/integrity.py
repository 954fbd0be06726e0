"""Verifies a stored history: pages, one best chain, every block on its parent, attributions as they were written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, func, select

from monitor.store.dialects import damage
from monitor.store.engines import open_database
from monitor.store.migrations import demand_newest
from monitor.store.queries import ON_BEST_CHAIN, PAGE
from monitor.store.rows import attribution_of, attribution_row
from monitor.store.schema import attributions, blocks

_MOST = 100
"""Problems that are listed."""


@dataclass(frozen=True, slots=True)
class Integrity:
    """What a database holds, and what is wrong with it."""

    first: int | None
    """Lowest and highest block of the best chain; None without blocks."""
    last: int | None
    blocks: int
    """Of the best chain."""
    stale: int
    attributions: int
    registries: dict[str, int]
    """Blocks by the content hash of the registry that attributed them. Several: a re-attribution is not finished."""
    problems: tuple[str, ...]


def check(url: str, progress: Callable[[int, int], None]) -> Integrity:
    """Read everything that is stored, as it was at one moment; a daemon may be running.

    Args:
        url: of the database.
        progress: called with the number of blocks read, and of all.

    Raises:
        StoreError: it cannot be opened or read.
    """
    database = open_database(url)
    try:
        database.demand()
        with database.explained(), database.readers.connect() as connection:
            demand_newest(connection)
            best, stale = (
                connection.execute(select(func.count()).select_from(blocks).where(kind)).scalar_one()
                for kind in (ON_BEST_CHAIN, blocks.c.stale)
            )
            by_registry = (
                select(attributions.c.registry, func.count())
                .join_from(blocks, attributions)
                .group_by(attributions.c.registry)
            )
            ends = connection.execute(
                select(func.min(blocks.c.height), func.max(blocks.c.height)).where(ON_BEST_CHAIN)
            ).one()
            return Integrity(
                *ends,
                blocks=best,
                stale=stale,
                attributions=connection.execute(select(func.count()).select_from(attributions)).scalar_one(),
                registries=dict(map(tuple, connection.execute(by_registry))),
                problems=tuple(islice(_problems(connection, lambda done: progress(done, best)), _MOST)),
            )
    finally:
        database.close()


def _problems(connection: Connection, progress: Callable[[int], None]) -> Iterator[str]:
    yield from damage(connection)
    yield from _breaks(connection, progress)
    for row in connection.execute(select(attributions)).mappings():
        written_before_confidence = row["confidence"] is None and row["pool"] is not None
        if not written_before_confidence and attribution_row(attribution_of(dict(row)))["digest"] != row["digest"]:
            yield f"attribution {row['id']} of pool {row['pool']} is not the one that was written"


def chain_problems(connection: Connection, newest: int) -> list[str]:
    """Where the newest blocks of the best chain are not a chain."""
    highest = connection.execute(select(func.max(blocks.c.height)).where(ON_BEST_CHAIN)).scalar() or 0
    return [*_breaks(connection, lambda _: None, above=highest - newest)]


def _breaks(connection: Connection, progress: Callable[[int], None], *, above: int = -1) -> Iterator[str]:
    """Where the best chain above a height is not a chain."""
    chain = select(blocks.c.height, blocks.c.hash, blocks.c.parent).where(ON_BEST_CHAIN, blocks.c.height > above)
    chain = chain.order_by(blocks.c.height)
    below = None
    for done, row in enumerate(connection.execution_options(yield_per=PAGE).execute(chain)):
        if done % PAGE == 0:
            progress(done)
        if below is not None:
            if row.height == below.height:
                yield f"the best chain has two blocks of height {row.height}"
            elif row.height != below.height + 1:
                yield f"the blocks {below.height + 1} to {row.height - 1} are missing"
            elif row.parent != below.hash:
                yield f"block {row.height} does not stand on block {below.height}"
        below = row
