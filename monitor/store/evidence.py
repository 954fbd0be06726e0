"""Where rewards are spent, and what pools have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, exists, func, not_, select

from monitor.model import (
    BlockHash,
    BlockRef,
    Coinbase,
    CoinbaseSpend,
    Evidence,
    EvidenceKind,
    PassedOver,
    PoolSlug,
    Verdict,
)
from monitor.store.dialects import insert, insert_rows
from monitor.store.queries import ON_BEST_CHAIN, newest_time
from monitor.store.rows import block_hash
from monitor.store.schema import attributions, audit_transactions, blocks, coinbase_spends, custody_scans, evidence
from monitor.store.transactions import StorePart, reads, writes
from monitor.wire import decode_outputs

_MATURITY = 100
"""Blocks after which a coinbase may be spent, by consensus."""


def _coinbases(connection: Connection, first: int) -> list[tuple[BlockRef, Coinbase]]:
    """The coinbases of the best chain from a height on, lowest first."""
    query = (
        select(
            blocks.c.height, blocks.c.hash, blocks.c.coinbase_script, blocks.c.coinbase_outputs,
            blocks.c.coinbase_version, blocks.c.coinbase_sequence, blocks.c.coinbase_locktime,
        )
        .where(ON_BEST_CHAIN, blocks.c.height >= first)
        .order_by(blocks.c.height)
    )  # fmt: skip
    return [
        (
            BlockRef(height, block_hash(own)),
            Coinbase(script, decode_outputs(outputs)[0], version, sequence=sequence, locktime=locktime),
        )
        for height, own, script, outputs, version, sequence, locktime in connection.execute(query)
    ]


def _lowest_since(connection: Connection, time: int) -> int | None:
    """Height of the lowest block of the best chain with a header time of `time` or later."""
    return connection.execute(
        select(func.min(blocks.c.height + 0)).where(ON_BEST_CHAIN, blocks.c.time >= time)
    ).scalar()


def _to_scan(known_from: int) -> ColumnElement[bool]:
    """Blocks of the best chain that were not searched for spends of all coinbases from a height on."""
    scanned = exists().where(custody_scans.c.hash == blocks.c.hash, custody_scans.c.known_from <= known_from)
    return ON_BEST_CHAIN & (blocks.c.height >= known_from + _MATURITY) & not_(scanned)


def _unscanned(connection: Connection, known_from: int, *, lowest: int, limit: int) -> list[tuple[BlockRef, int]]:
    """Blocks to be searched, with their header times, highest first; none below `lowest`."""
    query = select(blocks.c.height, blocks.c.hash, blocks.c.time).where(
        _to_scan(known_from), blocks.c.height >= lowest
    )  # fmt: skip
    rows = connection.execute(query.order_by(blocks.c.height.desc()).limit(limit))
    return [(BlockRef(row.height, block_hash(row.hash)), row.time) for row in rows]


def _counts(connection: Connection, known_from: int, *, lowest: int) -> tuple[int, int, int]:
    """Blocks searched, blocks still to be searched, and spends found, all on the best chain."""
    missing = select(func.count()).select_from(blocks).where(_to_scan(known_from), blocks.c.height >= lowest)
    scanned, found = (
        select(func.count()).select_from(table.join(blocks, blocks.c.hash == table.c.hash)).where(ON_BEST_CHAIN)
        for table in (custody_scans, coinbase_spends)
    )
    return tuple(connection.execute(query).scalar_one() for query in (scanned, missing, found))  # type: ignore[return-value]


def _save_scans(
    connection: Connection, scans: Sequence[tuple[BlockRef, int, list[CoinbaseSpend]]], *, known_from: int
) -> None:
    """Store the spends of blocks, each with its header time. What an earlier search of a block found is replaced."""
    for ref, time, spends in scans:
        own = bytes.fromhex(ref.hash)
        for table in (custody_scans, coinbase_spends):
            connection.execute(delete(table).where(table.c.hash == own))
        connection.execute(custody_scans.insert().values(hash=own, height=ref.height, known_from=known_from))
        rows = [
            {
                "coinbase": bytes.fromhex(each.coinbase), "output": each.output, "hash": own, "height": ref.height,
                "time": time, "txid": bytes.fromhex(each.txid), "swept_to": each.swept_to,
            }
            for each in spends
        ]  # fmt: skip
        insert_rows(connection, insert(connection, coinbase_spends), rows)


def _spends(connection: Connection) -> Mapping[tuple[BlockHash, int], tuple[CoinbaseSpend, int]]:
    """By coinbase and output, the spend on the best chain and the header time of its block."""
    joined = coinbase_spends.join(blocks, blocks.c.hash == coinbase_spends.c.hash)
    rows = connection.execute(select(coinbase_spends).select_from(joined).where(ON_BEST_CHAIN))
    return {
        (block_hash(row.coinbase), row.output): (
            CoinbaseSpend(block_hash(row.coinbase), row.output, row.txid.hex(), swept_to=row.swept_to), row.time
        )
        for row in rows
    }  # fmt: skip


def _passed_over(connection: Connection, since: int) -> list[PassedOver]:
    """What audited blocks of known pools since a header time passed over, lowest first, as far as it is kept."""
    joined = audit_transactions.join(blocks, blocks.c.hash == audit_transactions.c.hash).join(attributions)
    query = (
        select(blocks.c.height, attributions.c.pool, audit_transactions.c.txid)
        .select_from(joined)
        .where(
            ON_BEST_CHAIN, blocks.c.time >= since, attributions.c.pool.is_not(None),
            audit_transactions.c.verdict == Verdict.MISSED,
        )
        .order_by(blocks.c.height)
    )  # fmt: skip
    return [PassedOver(row.height, PoolSlug(row.pool), row.txid.hex()) for row in connection.execute(query)]


def _replace(connection: Connection, kinds: Iterable[EvidenceKind], found: Sequence[Evidence], *, since: int) -> None:
    """Store the newest evidence of some kinds, which was looked for from a time on.

    What ended before that stays, and what began before it keeps its beginning.
    """
    names = {str(kind) for kind in kinds}
    known = [each for each in _evidence(connection) if each.kind in names]
    begun = {(each.kind, each.pools): each for each in known if each.since < since <= each.until}
    connection.execute(delete(evidence).where(evidence.c.kind.in_(names), evidence.c.until >= since))
    rows = []
    for each in sorted(found, key=lambda each: each.since):
        before = begun.get((each.kind, each.pools))
        start = before.since if before and each.since <= before.until else each.since
        rows.append({
            "kind": each.kind, "pool": each.pools[0], "other": each.pools[1], "since": start, "until": each.until,
            "similarity": each.similarity, "n": each.n, "p": each.p, "text": each.text,
        })  # fmt: skip
    insert_rows(connection, insert(connection, evidence), rows)


def _sizes(connection: Connection) -> dict[PoolSlug, int]:
    """Blocks of each pool on the best chain."""
    counted = select(attributions.c.pool, func.count()).select_from(blocks.join(attributions))
    rows = connection.execute(
        counted.where(ON_BEST_CHAIN, attributions.c.pool.is_not(None)).group_by(attributions.c.pool)
    )
    return {PoolSlug(pool): many for pool, many in rows}


def _evidence(connection: Connection) -> list[Evidence]:
    """All evidence, oldest first."""
    rows = connection.execute(select(evidence).order_by(evidence.c.since, evidence.c.pool, evidence.c.other))
    return [
        Evidence(
            EvidenceKind(row.kind), (PoolSlug(row.pool), PoolSlug(row.other)), row.since, until=row.until,
            similarity=row.similarity, n=row.n, p=row.p, text=row.text,
        )
        for row in rows
    ]  # fmt: skip


class StoredEvidence(StorePart):
    """The part of the store about custody and template builders."""

    coinbases = reads(_coinbases)
    lowest_since = reads(_lowest_since)
    unscanned = reads(_unscanned)
    counts = reads(_counts)
    spends = reads(_spends)
    passed_over = reads(_passed_over)
    evidence = reads(_evidence)
    sizes = reads(_sizes)
    newest_time = reads(newest_time)
    save_scans = writes(_save_scans)
    replace = writes(_replace)
