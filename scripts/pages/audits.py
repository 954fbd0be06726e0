"""An audit as an example, for the documentation of the API."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.model import (
    AuditedTransaction,
    AuditRow,
    AuditView,
    BlockAudit,
    BlockHash,
    BlockRecord,
    BlockRef,
    Disorder,
    SanctionedSighting,
    StoredAudit,
    Trait,
    Verdict,
)
from monitor.processing.audits import audit_view

_TXID = "5e4a" * 16


class Audits:
    """The audits of these blocks, as a store returns them."""

    def __init__(self, records: Sequence[BlockRecord]) -> None:
        self._stored = [StoredAudit(_audit(each), each.judged.attribution.pool) for each in records]

    async def newest(self, limit: int, *, below: int | None = None) -> list[StoredAudit]:  # noqa: ARG002
        """Highest first."""
        return self._stored[::-1][:limit]

    async def find(self, block: BlockHash) -> BlockAudit | None:
        """One of them."""
        return next((each.audit for each in self._stored if each.audit.ref.hash == block), None)

    async def view(self, tip: BlockRef, time: int) -> AuditView:  # noqa: ARG002 -- the examples are of now
        """As of an earlier block."""
        return self.counted()

    def counted(self) -> AuditView:
        """What they say of the pools."""
        rows = [
            AuditRow(
                each.audit.ref.height, each.audit.time, each.pool,
                expected_weight=each.audit.expected_weight, missed_weight=each.audit.weights[Verdict.MISSED],
                missed_count=1, block_weight=each.audit.weight, unseen_weight=0, prioritised_weight=0,
                fees_sat=each.audit.fees_sat, foregone_sat=each.audit.foregone_sat, tx_count=each.audit.tx_count,
                own_payouts=0, traits={str(name): many for name, many in each.audit.traits.items()},
            )
            for each in self._stored
        ]  # fmt: skip
        tip = self._stored[-1]
        seen = [SanctionedSighting(_TXID, tip.audit.ref.height, tip.pool, mined=False)]
        return audit_view(rows, seen, lambda *_: {})


def _audit(record: BlockRecord) -> BlockAudit:
    block = record.judged.block
    missed = AuditedTransaction(
        _TXID, Verdict.MISSED, "pays 12.40 sat/vB, above the marginal 3.10 sat/vB, and was there for 912 s",
        weight=561, fee_sat=1739, fee_rate=12.4, first_seen=block.header.time - 940.0, sanctioned=True,
    )  # fmt: skip
    return BlockAudit(
        block.ref, block.header.time, block.header.time + 4.5,
        template_age=32.5, marginal_rate=3.1, weight=3_989_400, tx_count=block.tx_count - 1,
        weights={Verdict.SHARED: 3_951_200, Verdict.MISSED: 561, Verdict.LATE: 20_400, Verdict.KNOWN: 38_200},
        counts={Verdict.SHARED: block.tx_count - 40, Verdict.MISSED: 1, Verdict.LATE: 24, Verdict.KNOWN: 39},
        fees_sat=4_120_000, foregone_sat=1304, traits={Trait.LOW_FEE: 12, Trait.OP_RETURN: 420},
        disorder=Disorder.NOWHERE, transactions=(missed,),
    )  # fmt: skip
