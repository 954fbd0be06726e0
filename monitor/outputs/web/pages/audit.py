"""The views of the audit: the page of all pools, and a block's part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.model import ADDED, AuditView, BlockAudit, PoolAudit, StoredAudit, Verdict

WINDOWS = ("7d", "30d", "90d")
LEVELS = {"pool": "Pools", "template": "Template builders"}
_POOLS = 20
VERDICTS = {
    Verdict.MISSED: ("passed over", "minable, and nothing explains its absence"),
    Verdict.UNSEEN: ("unseen", "never in the node's mempool: probably given to the pool directly"),
    Verdict.PRIORITISED: ("prioritised", "pays less than all that the node would have mined"),
    Verdict.POLICY: ("pool's policy", "the block has none of its kind"),
    Verdict.OUR_POLICY: ("node's policy", "the node has none of its kind"),
    Verdict.CONFLICTED: ("conflicted", "another transaction spends the same output"),
    Verdict.REPLACEMENT: ("replacement", "the node had another transaction that spends the same output"),
    Verdict.DEPENDENT: ("dependent", "a transaction that it spends is not in the block"),
    Verdict.UNRANKED: ("unranked", "its fee is not known"),
    Verdict.RECENT: ("recent", "unseen, which late relay may explain"),
    Verdict.LATE: ("late", "the pool may not have known it in time"),
    Verdict.MARGINAL: ("marginal", "near or below the block's marginal fee rate"),
    Verdict.KNOWN: ("known", "not in the template, and nothing is unusual about it"),
    Verdict.SHARED: ("shared", "in the template and in the block"),
}
"""In words: the verdict, and what it means."""


class Bar(NamedTuple):
    """A block's weight by kind, as percentages of the wider of template and block."""

    shared: float
    missed: float
    added: float
    unusual: float
    """Added, and prioritised or unseen."""


@dataclass(frozen=True)
class AuditPage:
    """All pools, and the newest blocks."""

    view: AuditView
    level: str
    window: str
    pools: Sequence[PoolAudit]
    """Most blocks first."""
    blocks: Sequence[StoredAudit]
    """Highest first."""

    @classmethod
    def of(
        cls,
        view: AuditView,
        newest: Sequence[StoredAudit],
        *,
        level: str | None,
        window: str | None,
    ) -> AuditPage:
        """The page of a view; the first level and window where another one is asked for."""
        level = level if level in LEVELS else "pool"
        window = window if window in WINDOWS else "30d"
        pools = [each for each in view.pools if (each.level, each.window) == (level, window)][:_POOLS]
        return cls(view, level, window, pools=pools, blocks=newest)


def bar(audit: BlockAudit) -> Bar:
    """The bar of a block."""
    shared, missed = audit.weights.get(Verdict.SHARED, 0), audit.weights.get(Verdict.MISSED, 0)
    unusual = audit.weights.get(Verdict.PRIORITISED, 0) + audit.weights.get(Verdict.UNSEEN, 0)
    added = sum(audit.weights.get(verdict, 0) for verdict in ADDED) - unusual
    whole = max(1, shared + missed + added + unusual)
    return Bar(*(100 * part / whole for part in (shared, missed, added, unusual)))


def verdict_rows(audit: BlockAudit) -> Iterator[tuple[str, str, int, int]]:
    """Each verdict of a block in words, its meaning, and the number and weight of its transactions."""
    for verdict, (name, meaning) in VERDICTS.items():
        if count := audit.counts.get(verdict, 0):
            yield name, meaning, count, audit.weights.get(verdict, 0)
