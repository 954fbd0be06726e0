"""What a node would have mined, what was mined, and how both compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from monitor.model.chain import BlockRef
from monitor.model.names import BlockHash, PoolSlug


class TemplateEntry(NamedTuple):
    """One transaction of a template."""

    txid: str
    """In display order."""
    raw: bytes
    """As serialised."""
    fee_sat: int
    weight: int
    depends: tuple[int, ...]
    """Positions of its unconfirmed parents in the template, from 0; all are lower than its own."""


@dataclass(frozen=True, slots=True)
class BlockTemplate:
    """The block that the node would mine, without its coinbase."""

    parent: BlockHash
    entries: tuple[TemplateEntry, ...]
    """In the order of the block."""


class Trait(StrEnum):
    """A property of transactions that nodes and pools have different policies about."""

    LOW_FEE = "low_fee"
    """Pays less than 1 sat/vB, as a package."""
    OP_RETURN = "op_return"
    """Has a data output."""
    LARGE_OP_RETURN = "large_op_return"
    """Has a data output script of more than 83 bytes, the limit of Bitcoin Core before version 30."""
    SEVERAL_OP_RETURN = "several_op_return"
    """Has more than one data output."""
    RUNESTONE = "runestone"
    """Has a data output of the protocol Runes."""
    INSCRIPTION = "inscription"
    """A witness has an envelope of the protocol Ordinals."""
    OTHER_DATA = "other_data"
    """A witness has another envelope: data in a branch that is never executed."""
    BARE_MULTISIG = "bare_multisig"
    """Has a multisig output without a script hash, which often holds data."""
    DUST = "dust"
    """Has an output below the smallest dust limit, 240 satoshi, which is not a data output."""
    VERSION = "version"
    """Its version is neither 1 nor 2."""


class Verdict(StrEnum):
    """How a transaction of template or block is judged."""

    SHARED = "shared"
    """In the template and in the block."""
    MISSED = "missed"
    """Passed over: it stood well above the block's marginal fee rate for long enough, and nothing explains it."""
    LATE = "late"
    """Not in the block, which may have been made before the pool knew it."""
    MARGINAL = "marginal"
    """Not in the block, near or below its marginal fee rate."""
    CONFLICTED = "conflicted"
    """Not in the block, which has a transaction that spends the same output."""
    DEPENDENT = "dependent"
    """Not in the block, because a transaction that it spends is not."""
    POLICY = "policy"
    """Not in the block, which has no transaction of its kind although the template has: a rule of the pool."""
    KNOWN = "known"
    """In the block, not in the template, and nothing about it is unusual."""
    PRIORITISED = "prioritised"
    """In the block, though it pays less than all that the node would have mined."""
    UNSEEN = "unseen"
    """In the block, and never in the node's mempool: more of them than late relay explains."""
    RECENT = "recent"
    """In the block, and never in the node's mempool, which late relay may explain."""
    REPLACEMENT = "replacement"
    """In the block; the node had a transaction that spends the same output."""
    OUR_POLICY = "our_policy"
    """In the block; of a kind that the node had none of: a rule of the node."""
    UNRANKED = "unranked"
    """In the block, not in the template, and its fee is not known."""


ADDED = (
    Verdict.KNOWN, Verdict.PRIORITISED, Verdict.UNSEEN, Verdict.RECENT, Verdict.REPLACEMENT, Verdict.OUR_POLICY,
    Verdict.UNRANKED,
)  # fmt: skip
"""Verdicts on transactions of the block that are not in the template."""


class Disorder(StrEnum):
    """Where the transactions of a block stand out of the order of falling chunk fee rates."""

    NOWHERE = "nowhere"
    FRONT = "front"
    """Among the first ones: prioritised transactions, for example."""
    END = "end"
    """Among the last ones."""
    ENDS = "ends"
    """Among the first and the last ones."""
    THROUGHOUT = "throughout"
    """Between both ends, too."""
    EVERYWHERE = "everywhere"
    """The block is in another order."""


@dataclass(frozen=True, slots=True)
class AuditedTransaction:
    """The verdict on one transaction, and why."""

    txid: str
    verdict: Verdict
    reason: str
    """A sentence."""
    weight: int
    fee_sat: int | None = None
    """None where it is not known."""
    fee_rate: float | None = None
    """Of its chunk: satoshi per virtual byte."""
    first_seen: float | None = None
    """When the node had it, Unix time; None if it never did."""
    traits: tuple[Trait, ...] = ()
    sanctioned: bool = False
    """Whether it pays or spends an address of the user's list."""
    own_payout: bool = False
    """Whether it spends what the block's own payout address received."""


@dataclass(frozen=True, slots=True)
class BlockAudit:
    """A block compared with what the node would have mined."""

    ref: BlockRef
    time: int
    """Header time."""
    arrived: float
    """Unix time."""
    template_age: float | None
    """Seconds from the youngest transaction that the pool included to the arrival: the age of the pool's template, at
    most. None of an empty block."""
    marginal_rate: float
    """Satoshi per virtual byte: 95 % of the block's weight pays at least this."""
    weight: int
    """Of the block without its coinbase."""
    tx_count: int
    """Without the coinbase."""
    weights: dict[Verdict, int]
    """Weight of the transactions with each verdict."""
    counts: dict[Verdict, int]
    """Their number."""
    fees_sat: int
    """Fees of its transactions, as far as they are known."""
    foregone_sat: int
    """What the transactions that were passed over paid above the marginal fee rate."""
    traits: dict[Trait, int]
    """Transactions of the block with each trait."""
    own_payouts: int = 0
    """Transactions of the block that spend what its own payout address received."""
    disorder: Disorder | None = None
    """None where that is not known: few transactions, few known fees, or most pay the same."""
    transactions: tuple[AuditedTransaction, ...] = field(default=(), compare=False)
    """Those that are not simply shared; the most important first, and at most a few hundred."""

    @property
    def judged(self) -> bool:
        """Whether the block can be compared: an empty one cannot."""
        return self.tx_count > 0

    @property
    def expected_weight(self) -> int:
        """Weight of the transactions that the block had to have: those that it has, and those that it passed over."""
        return self.weights.get(Verdict.SHARED, 0) + self.weights.get(Verdict.MISSED, 0)


@dataclass(frozen=True, slots=True)
class StoredAudit:
    """An audit, and the pool of its block."""

    audit: BlockAudit
    pool: PoolSlug | None


class PassedOver(NamedTuple):
    """A transaction that a block passed over."""

    height: int
    pool: PoolSlug
    """Of the block."""
    txid: str


class AuditRow(NamedTuple):
    """A stored audit, as far as it is counted, with the pool of its block."""

    height: int
    time: int
    pool: PoolSlug | None
    expected_weight: int
    missed_weight: int
    missed_count: int
    block_weight: int
    unseen_weight: int
    prioritised_weight: int
    fees_sat: int
    foregone_sat: int
    tx_count: int
    own_payouts: int
    traits: dict[str, int]


class SanctionedSighting(NamedTuple):
    """A transaction of the user's list, and a block that had it or passed over it."""

    txid: str
    height: int
    pool: PoolSlug | None
    mined: bool


class Ratio(NamedTuple):
    """A share with its 95 % interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class PoolAudit:
    """All audits of the blocks of one entity in a window."""

    level: str
    """`pool` or `template`."""
    window: str
    entity: str
    blocks: int
    """Audited blocks that are not empty."""
    match: Ratio
    """Weight that was mined of the weight that had to be."""
    missed_blocks: int
    """Blocks that passed over at least one transaction."""
    missed_p: float
    """Probability of so many such blocks, or more, if all entities passed over equally often; adjusted for the number
    of entities."""
    foregone: Ratio
    """Fees that were passed over, as a share of those and the fees that were claimed."""
    foregone_btc: Ratio
    unseen: Ratio
    """Share of the weight."""
    prioritised: Ratio
    """Share of the weight."""
    own_payouts: Ratio
    """Share of the transactions."""
    traits: dict[str, Ratio]
    """Share of the transactions with each trait."""
    sanctioned_missed: int
    """Times that a block passed over a minable transaction of the user's list which another pool mined."""
    sanctioned_p: float | None
    """Probability of so many, or more, if all entities were indifferent; None without an opportunity."""


class PolicyChange(NamedTuple):
    """A pool began or ceased to mine transactions with a trait."""

    pool: PoolSlug
    trait: str
    height: int
    """Of the first block after the change."""
    time: int
    before: Ratio
    """Share of the blocks with such transactions since the change before."""
    after: Ratio


class SanctionedCase(NamedTuple):
    """What became of a transaction of the user's list."""

    txid: str
    first_height: int
    """Of the first block that had it, or passed over it."""
    missed_by: tuple[PoolSlug | None, ...]
    """Pools of the blocks that passed over it, in order."""
    mined_by: PoolSlug | None
    mined_height: int | None
    """None as long as it is not mined."""

    @property
    def waited(self) -> int:
        """Blocks that passed over it."""
        return len(self.missed_by)

    @property
    def missed_ratio(self) -> float:
        """Share of the audited blocks that passed over it, of those that could have mined it."""
        return self.waited / (self.waited + (self.mined_height is not None))


@dataclass(frozen=True, slots=True)
class AuditView:
    """The state of the audit, and what it has found."""

    off: str | None
    """Why there is no audit, in a sentence; None while there is."""
    interval_seconds: float | None = None
    """Time between templates at present."""
    pools: tuple[PoolAudit, ...] = ()
    changes: tuple[PolicyChange, ...] = ()
    """Newest first."""
    sanctioned: tuple[SanctionedCase, ...] = ()
    """Newest first."""
    newest: BlockHash | None = None
    """The last block that was audited."""
    drops: dict[str, float] = field(default_factory=dict)
    """By pool: how much its match rate of 7 days is at least below that of the 30 days before."""
