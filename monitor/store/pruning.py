"""Deletes details that are older than they are kept, a day of them in a transaction, so that no block waits long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Table, delete, func, select

from monitor.model import Moment
from monitor.store.queries import ON_BEST_CHAIN, newest_at
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
    """Rows of a table that are older than they are kept: those with a lower value of a column."""

    table: Table
    column: Column[Any]
    below: float
    step: int
    """What is deleted in one transaction: a day, in the unit of the column."""


def expired(connection: Connection, retention: Retention, *, now: float) -> list[Expired]:
    """What is to be deleted. Ages of blocks count from the newest one, others from `now`, Unix time."""
    lowest_audited = _height_before(connection, retention.audit_transactions)
    found = [
        Expired(audit_transactions, audit_transactions.c.height, lowest_audited, step=_DAY_BLOCKS),
        Expired(stratum_rounds, stratum_rounds.c.at, now - retention.stratum_rounds * _DAY_SECONDS, step=_DAY_SECONDS),
    ]
    if retention.blocks is not None:
        lowest = min(_height_before(connection, retention.blocks), lowest_audited)
        found += [
            Expired(sightings, sightings.c.height, lowest, step=_DAY_BLOCKS),
            Expired(audits, audits.c.height, lowest, step=_DAY_BLOCKS),
        ]
    return found


def below(height: int) -> list[Expired]:
    """The blocks below a height, and what nodes said of them."""
    return [Expired(each, each.c.height, height, step=_DAY_BLOCKS) for each in (sightings, stale_headers, blocks)]


def count_expired(connection: Connection, retention: Retention, *, now: float) -> dict[str, int]:
    """How many rows are to be deleted, by table."""
    return {
        each.table.name: connection.execute(
            select(func.count()).select_from(each.table).where(each.column < each.below)
        ).scalar_one()
        for each in expired(connection, retention, now=now)
    }


def delete_some(connection: Connection, some: Expired) -> int:
    """Delete the oldest day of them; return the number of rows, 0 if there are no more."""
    oldest = connection.execute(select(func.min(some.column)).where(some.column < some.below)).scalar()
    if oldest is None:
        return 0
    return connection.execute(delete(some.table).where(some.column < min(some.below, oldest + some.step))).rowcount


def _height_before(connection: Connection, days: int) -> int:
    """The height above the last block that is more than so many days older than the newest."""
    tip = newest_at(connection, Moment())
    if tip is None:
        return 0
    older = select(blocks.c.height).where(ON_BEST_CHAIN, blocks.c.time < tip.time - days * _DAY_SECONDS)
    highest = connection.execute(older.order_by(blocks.c.time.desc()).limit(1)).scalar()
    return 0 if highest is None else highest + 1
