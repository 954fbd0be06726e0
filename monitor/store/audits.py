"""Blocks compared with what the node would have mined: aggregates for ever, transactions for a while."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, Table, delete, select

from monitor.model import (
    ADDED,
    AuditedTransaction,
    AuditRow,
    BlockAudit,
    BlockHash,
    BlockRef,
    Disorder,
    SanctionedSighting,
    StoredAudit,
    Trait,
    Verdict,
)
from monitor.store.queries import ON_BEST_CHAIN
from monitor.store.rows import block_hash
from monitor.store.schema import attributions, audit_transactions, audits, blocks, sanctioned_sightings
from monitor.store.transactions import StorePart, reads, writes

_SANCTIONED = 2000
"""Newest sightings of transactions of the user's list that are read."""
_MINED = {Verdict.SHARED, *ADDED}
"""Verdicts on transactions that are in the block."""


def _save(connection: Connection, audit: BlockAudit, *, keep_seconds: float) -> None:
    """Store an audit; one of the same block is replaced. Transactions of older audits are deleted."""
    key = bytes.fromhex(audit.ref.hash)
    for table in (audits, audit_transactions, sanctioned_sightings):
        connection.execute(delete(table).where(table.c.hash == key))
    connection.execute(audits.insert().values(**_row(audit)))
    if audit.transactions:
        connection.execute(
            audit_transactions.insert(),
            [_transaction_row(audit, each, place) for place, each in enumerate(audit.transactions)],
        )
    if sightings := _sightings(audit):
        connection.execute(sanctioned_sightings.insert(), sightings)
    older = select(audits.c.height).where(audits.c.time < audit.time - keep_seconds)
    newest_of_them = older.order_by(audits.c.time.desc()).limit(1).scalar_subquery()  # not each of years of audits
    connection.execute(delete(audit_transactions).where(audit_transactions.c.height <= newest_of_them))


def _find(connection: Connection, block: BlockHash) -> BlockAudit | None:
    """The audit of a block, with its transactions while they are kept; None if it was not audited."""
    key = bytes.fromhex(block)
    row = connection.execute(select(audits).where(audits.c.hash == key)).first()
    if row is None:
        return None
    query = select(audit_transactions).where(audit_transactions.c.hash == key).order_by(audit_transactions.c.place)
    return _audit(row, tuple(map(_transaction, connection.execute(query))))


def _newest(connection: Connection, limit: int, *, below: int | None = None) -> list[StoredAudit]:
    """The newest audits of the best chain without their transactions, highest first, and the pools of the blocks."""
    query = _with_pool(select(audits, attributions.c.pool), audits).order_by(audits.c.height.desc()).limit(limit)
    if below is not None:
        query = query.where(audits.c.height < below)
    return [StoredAudit(_audit(row), row.pool) for row in connection.execute(query)]


def _rows(connection: Connection, since: int, *, until: int | None = None) -> list[AuditRow]:
    """Audits of blocks of the best chain that are not empty, lowest first, by header time."""
    query = _with_pool(
        select(
            audits.c.height, audits.c.time, attributions.c.pool, audits.c.expected_weight, audits.c.missed_weight,
            audits.c.missed_count, audits.c.weight, audits.c.unseen_weight, audits.c.prioritised_weight, audits.c.fees,
            audits.c.foregone, audits.c.tx_count, audits.c.own_payouts, audits.c.traits,
        ), audits,
    )  # fmt: skip
    query = query.where(audits.c.time >= since, audits.c.tx_count > 0).order_by(audits.c.height)
    if until is not None:
        query = query.where(audits.c.time <= until)
    return [AuditRow(*row) for row in connection.execute(query)]


def _sanctioned(connection: Connection, *, up_to: int | None = None) -> list[SanctionedSighting]:
    """Sightings of transactions of the user's list in blocks of the best chain up to a height, lowest first."""
    query = _with_pool(
        select(
            sanctioned_sightings.c.txid, sanctioned_sightings.c.height, attributions.c.pool,
            sanctioned_sightings.c.mined,
        ), sanctioned_sightings,
    )  # fmt: skip
    if up_to is not None:
        query = query.where(sanctioned_sightings.c.height <= up_to)
    found = connection.execute(query.order_by(sanctioned_sightings.c.height.desc()).limit(_SANCTIONED)).all()
    return [SanctionedSighting(row.txid.hex(), row.height, row.pool, mined=row.mined) for row in reversed(found)]


def disorders(connection: Connection, since: int) -> dict[int, Disorder]:
    """By height, where audited blocks of the best chain with a header time of `since` or later are out of order.

    Those of which that is not known are left out.
    """
    known = select(audits.c.height, audits.c.disorder).where(audits.c.time >= since, audits.c.disorder.is_not(None))
    on_best_chain = known.join(blocks, blocks.c.hash == audits.c.hash).where(ON_BEST_CHAIN)
    return {height: Disorder(order) for height, order in connection.execute(on_best_chain)}


class StoredAudits(StorePart):
    """The audit's part of the store."""

    save = writes(_save)
    find = reads(_find)
    newest = reads(_newest)
    rows = reads(_rows)
    sanctioned = reads(_sanctioned)


def _with_pool(query: Select[Any], table: Table) -> Select[Any]:
    joined = table.join(blocks, blocks.c.hash == table.c.hash).join(attributions)
    return query.select_from(joined).where(ON_BEST_CHAIN)


def _row(audit: BlockAudit) -> dict[str, Any]:
    return {
        "hash": bytes.fromhex(audit.ref.hash), "height": audit.ref.height, "time": audit.time,
        "arrived": audit.arrived, "template_age": audit.template_age, "marginal_rate": audit.marginal_rate,
        "weight": audit.weight, "tx_count": audit.tx_count, "expected_weight": audit.expected_weight,
        "missed_weight": audit.weights.get(Verdict.MISSED, 0), "missed_count": audit.counts.get(Verdict.MISSED, 0),
        "unseen_weight": audit.weights.get(Verdict.UNSEEN, 0),
        "prioritised_weight": audit.weights.get(Verdict.PRIORITISED, 0), "fees": audit.fees_sat,
        "foregone": audit.foregone_sat, "own_payouts": audit.own_payouts,
        "traits": {str(name): many for name, many in audit.traits.items()},
        "weights": {str(name): many for name, many in audit.weights.items()},
        "counts": {str(name): many for name, many in audit.counts.items()}, "disorder": audit.disorder,
    }  # fmt: skip


def _transaction_row(audit: BlockAudit, each: AuditedTransaction, place: int) -> dict[str, Any]:
    return {
        "hash": bytes.fromhex(audit.ref.hash), "txid": bytes.fromhex(each.txid), "height": audit.ref.height,
        "place": place, "verdict": str(each.verdict), "reason": each.reason, "weight": each.weight,
        "fee": each.fee_sat, "fee_rate": each.fee_rate, "first_seen": each.first_seen,
        "traits": [str(trait) for trait in each.traits], "sanctioned": each.sanctioned, "own_payout": each.own_payout,
    }  # fmt: skip


def _sightings(audit: BlockAudit) -> list[dict[str, Any]]:
    return [
        {
            "txid": bytes.fromhex(each.txid), "hash": bytes.fromhex(audit.ref.hash), "height": audit.ref.height,
            "mined": each.verdict in _MINED,
        }
        for each in audit.transactions
        if each.sanctioned and each.verdict in {*_MINED, Verdict.MISSED}
    ]  # fmt: skip


def _audit(row: Row[Any], transactions: tuple[AuditedTransaction, ...] = ()) -> BlockAudit:
    return BlockAudit(
        BlockRef(row.height, block_hash(row.hash)), row.time, row.arrived,
        template_age=row.template_age, marginal_rate=row.marginal_rate, weight=row.weight, tx_count=row.tx_count,
        weights={Verdict(name): many for name, many in row.weights.items()},
        counts={Verdict(name): many for name, many in row.counts.items()},
        fees_sat=row.fees, foregone_sat=row.foregone,
        traits={Trait(name): many for name, many in row.traits.items()}, own_payouts=row.own_payouts,
        disorder=Disorder(row.disorder) if row.disorder else None, transactions=transactions,
    )  # fmt: skip


def _transaction(row: Row[Any]) -> AuditedTransaction:
    return AuditedTransaction(
        row.txid.hex(), Verdict(row.verdict), row.reason,
        weight=row.weight, fee_sat=row.fee, fee_rate=row.fee_rate, first_seen=row.first_seen,
        traits=tuple(map(Trait, row.traits)), sanctioned=row.sanctioned, own_payout=row.own_payout,
    )  # fmt: skip
