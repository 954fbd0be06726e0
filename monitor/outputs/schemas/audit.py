"""The audit: blocks compared with what the node would have mined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from monitor.model import AuditView, Disorder, PoolSlug, StoredAudit, Trait, Verdict
from monitor.outputs.schemas.base import Name, PoolRef, PreciseTime, Schema, Time, field, fields_of


class Ratio(Schema):
    """A rate with its 95 % interval."""

    value: float = field("The rate over the audited blocks")
    lower: float = field("Lower end of the 95 % interval")
    upper: float = field("Upper end of the 95 % interval")


class PoolAudit(Schema):
    """The audited blocks of a pool or template group in a window."""

    level: str = field("`pool` or `template`")
    window: str = field("`7d`, `30d` or `90d`, ending at the newest audited block")
    entity: str = field("Slug of the pool, or the template group; `unknown` for blocks without a pool")
    name: Name = field("Its name", at="entity")
    blocks: int = field("Audited blocks that are not empty")
    match: Ratio = field("Weight that was mined, of the weight that had to be")
    missed_blocks: int = field("Blocks that passed over at least one transaction")
    missed_p: float = field(
        "Probability of so many such blocks, or more, if all entities passed over equally often; adjusted for their "
        "number"
    )
    foregone: Ratio = field("Fees that were passed over, as a share of those and the fees that were earned")
    foregone_btc: Ratio = field("The same in bitcoin, over the window")
    unseen: Ratio = field("Share of the weight that was never in the node's mempool")
    prioritised: Ratio = field("Share of the weight that pays less than all that the node would have mined")
    own_payouts: Ratio = field("Share of the transactions that spend what the pool's payout address received")
    traits: dict[str, Ratio] = field("Share of the transactions with each trait")
    sanctioned_missed: int = field("How often it passed over a transaction of your list that another mined")
    sanctioned_p: float | None = field(
        "Probability of so many, or more, if all entities were indifferent; null without an opportunity"
    )


class PolicyChange(PoolRef):
    """A pool began or ceased to mine transactions with a trait."""

    trait: str = field("The trait")
    height: int = field("Height of the first block after the change")
    time: Time = field("Its header time")
    before: Ratio = field("Share of the pool's blocks with such transactions, before")
    after: Ratio = field("The same after")


class SanctionedCase(Schema):
    """What became of a transaction of your list."""

    txid: str = field("The transaction")
    first_height: int = field("Height of the first block that had it, or passed over it")
    missed_by: list[str | None] = field("Pools of the blocks that passed over it, in order; null: unknown")
    mined_by: str | None = field("The pool that mined it; null: unknown, or not mined")
    mined_height: int | None = field("Height of its block; null as long as it is not mined")


class BlockAuditSummary(PoolRef):
    """What was expected of a block, and what came."""

    height: int = field("Height of the block", at="audit.ref.height")
    hash: str = field("Hash of the block", at="audit.ref.hash")
    time: Time = field("Header time", at="audit.time")
    template_age_seconds: float | None = field(
        "Age of the pool's template when the block arrived, at most; null of an empty block", at="audit.template_age"
    )
    marginal_rate: float = field(
        "95 % of the block's weight pays at least this, in satoshi per virtual byte", at="audit.marginal_rate"
    )
    weight: int = field("Weight units, without the coinbase", at="audit.weight")
    weights: dict[Verdict, int] = field("Weight units by verdict", at="audit.weights")
    counts: dict[Verdict, int] = field("Transactions by verdict", at="audit.counts")
    fees_sat: int = field("Fees of the block in satoshi, as far as they are known", at="audit.fees_sat")
    foregone_sat: int = field(
        "Fees above the marginal rate, in satoshi, that were passed over", at="audit.foregone_sat"
    )
    traits: dict[Trait, int] = field("Transactions of the block with each trait", at="audit.traits")
    own_payouts: int = field(
        "Transactions of the block that spend what its payout address received", at="audit.own_payouts"
    )
    disorder: Disorder | None = field(
        "Where transactions stand out of the order of falling fee rates; null where that is not known",
        at="audit.disorder",
    )


class AuditedTx(Schema):
    """The verdict on a transaction, and why."""

    txid: str = field("The transaction")
    verdict: Verdict = field("The verdict; docs/audit.md explains each")
    reason: str = field("Why, in a sentence")
    weight: int = field("Weight units")
    fee_sat: int | None = field("Its fee in satoshi; null where it is not known")
    fee_rate: float | None = field("Fee rate of its chunk, satoshi per virtual byte; null where it is not known")
    first_seen: PreciseTime | None = field("When the node had it; null if it never did")
    traits: list[Trait] = field("Traits that policies differ about")
    sanctioned: bool = field("Whether it pays or spends an address of your list")
    own_payout: bool = field("Whether it spends what the block's payout address received")


class BlockAuditDetail(BlockAuditSummary):
    """A block's audit, with its transactions."""

    transactions: list[AuditedTx] = field(
        "Those that are not simply in both, the most important first; empty once they are no longer kept",
        at="audit.transactions",
    )


class Audit(Schema):
    """The state of the audit, and what it has found."""

    off: str | None = field("Why blocks are not audited now; null while they are")
    interval_seconds: float | None = field("Time between two templates; null while there is no audit")
    pools: list[PoolAudit] = field("By window and level, most blocks first")
    changes: list[PolicyChange] = field("Changes of policy in 90 days, newest first")
    sanctioned: list[SanctionedCase] = field("Transactions of your list, newest first")
    blocks: list[BlockAuditSummary] = field("The newest audited blocks, highest first")

    @classmethod
    def of_view(cls, view: AuditView, newest: Sequence[StoredAudit], names: Mapping[PoolSlug, str]) -> Self:
        """All of a view, and the newest audits."""
        return cls.of({**fields_of(view), "blocks": newest}, names)
