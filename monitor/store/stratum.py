"""Rounds of the stratum watch: one row for each block, for a limited time."""

from __future__ import annotations

from sqlalchemy import Connection, select

from monitor.model import BlockRef, PoolTurn, StratumRound
from monitor.store.rows import block_hash
from monitor.store.schema import stratum_rounds
from monitor.store.transactions import StorePart, reads, writes


def _save(connection: Connection, found: StratumRound) -> None:
    """Store a round. One that is stored stays: a later one is its rest, after a restart."""
    key = bytes.fromhex(found.parent.hash)
    if connection.execute(select(stratum_rounds.c.parent).where(stratum_rounds.c.parent == key)).first():
        return
    connection.execute(
        stratum_rounds.insert().values(
            parent=key, height=found.parent.height, at=found.at, transactions=found.transactions,
            pools={pool: [*turn] for pool, turn in found.pools.items()},
            shared=[[*pair, both] for pair, both in found.shared.items()],
        )
    )  # fmt: skip


def _rounds(connection: Connection, since: float) -> list[StratumRound]:
    """The rounds that began at this Unix time or later, oldest first."""
    query = select(stratum_rounds).where(stratum_rounds.c.at >= since).order_by(stratum_rounds.c.at)
    return [
        StratumRound(
            BlockRef(row.height, block_hash(row.parent)),
            row.at,
            {pool: PoolTurn(*turn) for pool, turn in row.pools.items()},
            shared={(one, other): both for one, other, both in row.shared},
            transactions=row.transactions,
        )
        for row in connection.execute(query)
    ]


class StoredStratum(StorePart):
    """The part of the stratum watch in the store."""

    save = writes(_save)
    rounds = reads(_rounds)
