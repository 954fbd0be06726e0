"""What the pool mined and the node would not have: every explanation comes before an accusation."""

from __future__ import annotations

import pytest

from monitor.audit.compare import AuditRules, FullBlock, compare
from monitor.audit.templates import Ranked, Template
from monitor.audit.transactions import Transaction
from monitor.model import BlockHash, BlockRef, Trait, Verdict

PARENT = BlockHash("11" * 32)
AT = 1_700_000_000.0
WEIGHT = 400
"""100 virtual bytes: a fee in satoshi is a hundred times the rate."""
ADDED = "ad" * 32


def transaction(txid: str, *traits: Trait) -> Transaction:
    return Transaction(txid, WEIGHT, (bytes.fromhex(txid) + bytes(4),), frozenset(traits), frozenset(), frozenset(), 1)


def audited(*traits: Trait, fee: int | None, seen: float | None, cheapest: float, place: int) -> tuple[Verdict, str]:
    """The verdict on it, and the reason, where the template and the rest of the block are the same twenty others."""
    known = [transaction(f"{number:064x}") for number in range(1, 21)]
    rates = [cheapest + number for number in range(20, 0, -1)]
    entries = {each.txid: Ranked(each, round(100 * rate), rate) for each, rate in zip(known, rates, strict=True)}
    mined: list[tuple[Transaction, int | None]] = [(each.transaction, each.fee_sat) for each in entries.values()]
    mined.insert(place, (transaction(ADDED, *traits), fee))
    transactions, fees = zip(*mined, strict=True)
    block = FullBlock(BlockRef(1, BlockHash("22" * 32)), PARENT, int(AT), AT, transactions, fees)
    times = dict.fromkeys(entries, AT - 3600) | ({} if seen is None else {ADDED: seen})
    audit = compare(block, [Template(PARENT, AT - 5, entries)], times.get, rules=AuditRules())
    assert audit
    found = [(each.verdict, each.reason) for each in audit.transactions if each.txid == ADDED]
    return found[0] if found else (Verdict.KNOWN, "")  # what needs no explanation is only counted


@pytest.mark.parametrize(
    ("traits", "fee", "seen", "cheapest", "place", "expected", "reason"),
    [
        ((), 5_000, AT - 60, 10.0, 0, Verdict.KNOWN, ""),
        ((), 300, AT - 60, 10.0, 20, Verdict.KNOWN, ""),
        ((), None, AT - 60, 10.0, 0, Verdict.UNRANKED, "its fee is not known"),
        ((), 5_000, None, 10.0, 0, Verdict.RECENT, "late relay may explain it"),
        ((Trait.INSCRIPTION,), 300, None, 10.0, 0, Verdict.OUR_POLICY, "no transaction with an inscription"),
        ((), 50, AT - 60, 0.1, 0, Verdict.OUR_POLICY, "that pays less than 1 sat/vB"),
        ((), 300, AT - 60, 10.0, 0, Verdict.PRIORITISED, "pays 3.00 sat/vB; the node would have mined none below 11"),
        ((), 300, None, 10.0, 0, Verdict.UNSEEN, "never in the mempool of the node, and pays 3.00 sat/vB"),
    ],
    ids=[
        "it waited in the mempool", "it fills the end of the block", "its fee is not known", "it may have come late",
        "the node has none of its kind", "the node mines none so cheap", "it ranks below", "it ranks below, unseen",
    ],
)  # fmt: skip
def test_a_transaction_is_explained_before_anyone_is_accused(  # noqa: PLR0913 -- what the verdict depends on
    *, traits: tuple[Trait, ...], fee: int | None, seen: float | None, cheapest: float, place: int,
    expected: Verdict, reason: str,
) -> None:  # fmt: skip
    verdict, because = audited(*traits, fee=fee, seen=seen, cheapest=cheapest, place=place)

    assert verdict is expected
    assert reason in because
