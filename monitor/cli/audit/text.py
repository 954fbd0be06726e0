"""What `pool-monitor audit` prints."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from rich.text import Text

from monitor.cli.tables import console, facts, table
from monitor.model import Verdict
from monitor.outputs.schemas.audit import BlockAuditDetail
from monitor.processing.audit_lookup import AuditLookup


def show(found: AuditLookup, form: str) -> None:
    """Print one audit as a table or as the JSON of the API."""
    if form == "json":
        sys.stdout.buffer.write(BlockAuditDetail.of(found.stored, found.names).encode() + b"\n")
        return
    out = console(200)
    audit, pool = found.stored.audit, found.stored.pool
    age = "not known: the block is empty" if audit.template_age is None else f"at most {audit.template_age:.0f} s"
    out.print(
        facts((
            ("block", f"{audit.ref.height}  {audit.ref.hash}"),
            ("pool", found.names.get(pool, pool) if pool else "unknown"),
            ("time", datetime.fromtimestamp(audit.time, UTC).isoformat(sep=" ").replace("+00:00", "Z")),
            ("age of the template", age),
            ("marginal fee rate", f"{audit.marginal_rate:.2f} sat/vB"),
            ("fees", f"{audit.fees_sat:,} sat"),
            ("fees foregone", f"{audit.foregone_sat:,} sat"),
            ("out of order", audit.disorder or "not known"),
        ))
    )  # fmt: skip
    counts = table("verdict", "transactions", "weight", right={"transactions", "weight"})
    for verdict in Verdict:
        if number := audit.counts.get(verdict):
            counts.add_row(verdict.value, f"{number:,}", f"{audit.weights.get(verdict, 0):,}")
    out.print(counts)
    if audit.transactions:
        listed = table("transaction", "verdict", "sat/vB", "why", right={"sat/vB"}, whole={"transaction"})
        for each in audit.transactions:
            rate = "" if each.fee_rate is None else f"{each.fee_rate:.2f}"
            marks = " (your list)" * each.sanctioned + " (own payout)" * each.own_payout
            listed.add_row(each.txid, each.verdict.value + marks, rate, Text(each.reason))
        out.print(listed)
