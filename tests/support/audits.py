"""Audits as a store has them, and the state of an audit that has gone on for a while."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import NoReturn

from monitor.hub import Hub
from monitor.model import (
    AuditedTransaction,
    AuditRow,
    AuditView,
    BlockAudit,
    BlockHash,
    BlockRef,
    Disorder,
    PoolSlug,
    SanctionedSighting,
    Trait,
    Verdict,
)
from monitor.processing.audits import audit_view

TXID = "5e4a" * 16


def audit_of(ref: BlockRef, *, time: int = 1_700_000_000, missed: int = 561) -> BlockAudit:
    """A block that passed over a transaction of the user's list, unless `missed` is 0."""
    transaction = AuditedTransaction(
        TXID, Verdict.MISSED if missed else Verdict.SHARED, "pays 12.40 sat/vB", weight=561, fee_sat=1739,
        fee_rate=12.4, first_seen=time - 900.0, traits=(Trait.OP_RETURN,), sanctioned=True,
    )  # fmt: skip
    return BlockAudit(
        ref, time, time + 3.0, template_age=32.5, marginal_rate=3.1, weight=3_989_000, tx_count=2_999,
        weights={Verdict.SHARED: 3_950_000, **({Verdict.MISSED: missed} if missed else {})},
        counts={Verdict.SHARED: 2_960, **({Verdict.MISSED: 1} if missed else {})},
        fees_sat=4_120_000, foregone_sat=2 * missed, traits={Trait.OP_RETURN: 420}, own_payouts=1,
        disorder=Disorder.NOWHERE, transactions=(transaction,),
    )  # fmt: skip


def row(height: int, pool: PoolSlug | None, *, missed: int = 0, **traits: int) -> AuditRow:
    """A block of full weight that passed over so much."""
    return AuditRow(
        height, 600 * height, pool,
        expected_weight=4_000_000, missed_weight=missed, missed_count=int(missed > 0), block_weight=4_000_000,
        unseen_weight=0, prioritised_weight=0, fees_sat=1_000_000, foregone_sat=missed // 4, tx_count=4_000,
        own_payouts=0, traits=traits,
    )  # fmt: skip


def view_of(*pools: PoolSlug) -> AuditView:
    """200 blocks of these pools in turn; the first passes over a little, and over a transaction of the list."""
    rows = [row(height, pools[height % len(pools)], missed=900 * (not height % 20)) for height in range(200)]
    seen = [SanctionedSighting(TXID, height, pools[height % len(pools)], mined=height == 5) for height in range(6)]
    made = audit_view(rows, seen, lambda *_: {})
    return replace(made, interval_seconds=30.0, newest=BlockHash("11" * 32))


def showing(view: AuditView) -> object:
    """In place of `run_audit`: shows this state."""

    async def run(*_: object, hub: Hub, **__: object) -> NoReturn:
        hub.show_audit(view)
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    return run
