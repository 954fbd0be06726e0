"""The past in groups, counted by the database: as many rows as there are changes, however many blocks.

Everything here is answered from the index `counted` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, case, func, null, select

from monitor.model import Grid, Group
from monitor.store.queries import ON_BEST_CHAIN
from monitor.store.schema import attributions, blocks


def span(connection: Connection) -> tuple[int, int] | None:
    """The earliest header time, and the newest block's; None when nothing is stored."""
    newest = select(blocks.c.time).where(ON_BEST_CHAIN).order_by(blocks.c.height.desc()).limit(1)
    last: int | None = connection.execute(newest).scalar()
    if last is None:
        return None
    earliest = select(blocks.c.time).where(ON_BEST_CHAIN).order_by(blocks.c.time).limit(1)
    return connection.execute(earliest).scalar_one(), last


def groups(
    connection: Connection, grid: Grid, within: tuple[int, int], *, by_miner: Collection[str]
) -> Iterator[Group]:
    """The blocks with a header time from one moment up to before another, as the grid's points count them.

    Args:
        connection: where to ask.
        grid: the points.
        within: the two moments, after the grid's begin and up to its last point.
        by_miner: pools whose miners count for themselves.
    """
    pools = {row.id: row.pool for row in connection.execute(select(attributions.c.id, attributions.c.pool))}
    by_name = [number for number, pool in pools.items() if pool in by_miner]
    time, attribution = blocks.c.time, blocks.c.attribution
    # As `Grid.stay` has it. Quotients are rounded up, so one is taken off first: what is divided is never negative.
    stays = (
        select(
            case((time <= grid.first, 0), else_=(time - grid.first - 1) // grid.step + 1).label("enter"),
            ((time - grid.begin - 1) // grid.step + 1).label("leave"),
            attribution.label("attribution"),
            (case((attribution.in_(by_name), blocks.c.miner)) if by_name else null()).label("miner"),
        )
        .where(ON_BEST_CHAIN, time >= within[0], time < within[1])
        .subquery()
        .c
    )
    grouped = (stays.enter, stays.leave, stays.attribution, stays.miner)
    for enter, leave, number, miner, many in connection.execute(select(*grouped, func.count()).group_by(*grouped)):
        yield Group(enter, min(leave, grid.points), pools[number], miner=miner, blocks=many)


def unattributed(connection: Connection, within: tuple[int, int]) -> list[tuple[int, int]]:
    """Height and header time of the unattributed blocks with a header time in this range."""
    time = blocks.c.time
    unknown = select(attributions.c.id).where(attributions.c.pool.is_(None))
    rows = connection.execute(
        select(blocks.c.height, time).where(
            ON_BEST_CHAIN, time >= within[0], time < within[1], blocks.c.attribution.in_(unknown)
        )
    )
    return [(row.height, row.time) for row in rows]
