"""Deletes details that are older than they are kept, a day of them in a transaction, so that no block waits long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, Table, delete, func, select

from monitor.store.queries import ON_BEST_CHAIN, newest_time
from monitor.store.schema import audit_transactions, audits, blocks, sightings, stale_headers, stratum_rounds

_DAY_SECONDS = 86_400
_DAY_BLOCKS = 144


@dataclass(frozen=True, slots=True)
class Retention:
    """How long details are kept, in days; None is for ever."""

    audit_transactions: int
    stratum_rounds: int
    blocks: int | None = None
    """When nodes saw a block, and what the audit counted of it."""


class Expired(NamedTuple):
    """Rows of a table that are older than they are kept: those of lower blocks."""

    table: Table
    below: int
    """Height."""


def expired(connection: Connection, retention: Retention) -> list[Expired]:
    """What is to be deleted. Ages count from the newest block, so that a wrong clock deletes nothing."""
    lowest_audited = _height_before(connection, retention.audit_transactions)
    found = [
        Expired(audit_transactions, lowest_audited),
        Expired(stratum_rounds, _height_before(connection, retention.stratum_rounds)),
    ]
    if retention.blocks is not None:
        lowest = min(_height_before(connection, retention.blocks), lowest_audited)
        found += [Expired(sightings, lowest), Expired(audits, lowest)]
    return found


def below(height: int) -> list[Expired]:
    """The blocks below a height, and what nodes said of them."""
    return [Expired(each, height) for each in (sightings, stale_headers, blocks)]


def count_expired(connection: Connection, retention: Retention) -> dict[str, int]:
    """How many rows are to be deleted, by table."""
    return {
        each.table.name: connection.execute(
            select(func.count()).select_from(each.table).where(each.table.c.height < each.below)
        ).scalar_one()
        for each in expired(connection, retention)
    }


def delete_some(connection: Connection, some: Expired) -> int:
    """Delete the oldest day of them; return the number of rows, 0 if there are no more."""
    height = some.table.c.height
    lowest = connection.execute(select(func.min(height)).where(height < some.below)).scalar()
    if lowest is None:
        return 0
    return connection.execute(delete(some.table).where(height < min(some.below, lowest + _DAY_BLOCKS))).rowcount


def _height_before(connection: Connection, days: int) -> int:
    """The height above the last block that is more than so many days older than the newest."""
    latest = newest_time(connection) - days * _DAY_SECONDS
    older = select(blocks.c.height).where(ON_BEST_CHAIN, blocks.c.time < latest)
    highest = connection.execute(older.order_by(blocks.c.time.desc()).limit(1)).scalar()
    return 0 if highest is None else highest + 1
