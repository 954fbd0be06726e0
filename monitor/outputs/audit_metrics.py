"""The metrics of the audit: names, help texts, labels, and where its state has each number."""

from __future__ import annotations

from typing import Final, TypeAlias

from monitor.model import AuditView, Trait
from monitor.outputs.samples import PublishedOf, Rows, SourceOf

_POOLS: Final = 10
"""Largest pools of each window that are published."""
_WINDOWS: Final = ("7d", "30d")
_CASES: Final = 20
_LEAST_MISSES: Final = 3
_TRAITS: Final = (Trait.LOW_FEE, Trait.LARGE_OP_RETURN, Trait.INSCRIPTION, Trait.OTHER_DATA)
_LOWER, _UPPER = "Lower end of the 95 % interval of", "Upper end of the 95 % interval of"

AuditMetric: TypeAlias = PublishedOf[AuditView]


def _pools(view: AuditView) -> Rows:
    counts = dict[str, int]()
    for each in view.pools:
        if each.level == "pool" and each.window in _WINDOWS and counts.get(each.window, 0) < _POOLS:
            counts[each.window] = counts.get(each.window, 0) + 1
            yield (each.entity, each.window), each


def _traits(view: AuditView) -> Rows:
    for labels, each in _pools(view):
        for trait in _TRAITS:
            yield (*labels, trait.value), each.traits[trait.value]


def _passed_over(view: AuditView) -> Rows:
    for each in view.sanctioned[:_CASES]:
        if each.waited >= _LEAST_MISSES:
            yield (each.txid,), each.missed_ratio


_pool = SourceOf[AuditView](("pool", "window"), _pools)
_trait = SourceOf[AuditView](("pool", "window", "trait"), _traits)
_on = SourceOf[AuditView]((), lambda view: [((), view.off is None)])
_whole = SourceOf[AuditView]((), lambda view: [((), view)])
_case = SourceOf[AuditView](("txid",), _passed_over)

AUDIT_CATALOGUE: Final = (
    AuditMetric("audit_up", "Whether blocks are audited now (1); /audit has the reason if not.", _on),
    AuditMetric("audit_interval_seconds", "Time between two templates at present.", _whole, "interval_seconds"),
    AuditMetric("audit_blocks", "Audited blocks of a window that are not empty.", _pool, "blocks"),
    AuditMetric(
        "audit_template_match_ratio", "Weight that the pool mined, of the weight that had to be.", _pool, "match.value"
    ),
    AuditMetric("audit_template_match_lower_ratio", f"{_LOWER} the match rate.", _pool, "match.lower"),
    AuditMetric("audit_template_match_upper_ratio", f"{_UPPER} the match rate.", _pool, "match.upper"),
    AuditMetric(
        "audit_missed_blocks", "Audited blocks that passed over at least one transaction.", _pool, "missed_blocks"
    ),
    AuditMetric(
        "audit_missed_p_value",
        "Probability of so many such blocks, or more, if all pools passed over equally often; adjusted for the number "
        "of pools.", _pool, "missed_p",
    ),
    AuditMetric(
        "audit_missing_fees_btc", "Fees above the marginal fee rate that were passed over, in bitcoin.", _pool,
        "foregone_btc.value",
    ),
    AuditMetric("audit_missing_fees_lower_btc", f"{_LOWER} these fees.", _pool, "foregone_btc.lower"),
    AuditMetric("audit_missing_fees_upper_btc", f"{_UPPER} these fees.", _pool, "foregone_btc.upper"),
    AuditMetric(
        "audit_unseen_weight_ratio", "Share of the weight that was never in the node's mempool.", _pool, "unseen.value"
    ),
    AuditMetric("audit_unseen_weight_lower_ratio", f"{_LOWER} this share.", _pool, "unseen.lower"),
    AuditMetric("audit_unseen_weight_upper_ratio", f"{_UPPER} this share.", _pool, "unseen.upper"),
    AuditMetric(
        "audit_prioritised_weight_ratio",
        "Share of the weight that pays less than all that the node would have mined.", _pool, "prioritised.value",
    ),
    AuditMetric("audit_prioritised_weight_lower_ratio", f"{_LOWER} this share.", _pool, "prioritised.lower"),
    AuditMetric("audit_prioritised_weight_upper_ratio", f"{_UPPER} this share.", _pool, "prioritised.upper"),
    AuditMetric(
        "audit_trait_ratio", "Share of the transactions with a trait that policies differ about.", _trait, "value"
    ),
    AuditMetric("audit_trait_lower_ratio", f"{_LOWER} this share.", _trait, "lower"),
    AuditMetric("audit_trait_upper_ratio", f"{_UPPER} this share.", _trait, "upper"),
    AuditMetric(
        "audit_sanctioned_missed",
        "How often the pool passed over a transaction of the user's list that another mined.", _pool,
        "sanctioned_missed",
    ),
    AuditMetric(
        "audit_sanctioned_passed_over_ratio",
        "Share of the audited blocks that passed over a transaction of the user's list, of those that could have mined "
        "it; of the newest transactions, from three such blocks on.",
        _case,
    ),
    AuditMetric(
        "audit_sanctioned_p_value",
        "Probability of so many, or more, if all pools were indifferent; absent without an opportunity.", _pool,
        "sanctioned_p",
    ),
)  # fmt: skip
