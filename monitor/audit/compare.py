"""Compares a block with the templates of the minutes before, and gives a verdict on each transaction.

A pool is accused of nothing that relay, age of its template, replacement or policy explain; docs/audit.md has the
method in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, exp, sqrt

from monitor.audit.chunks import chunk_rates, rate_below
from monitor.audit.disorder import disorder
from monitor.audit.templates import LOW_FEE, Ranked, Template, count_traits, with_rate
from monitor.audit.transactions import Transaction
from monitor.model import AuditedTransaction, BlockAudit, BlockHash, BlockRef, Trait, Verdict

MARGINAL_SHARE = 0.05
"""Share of a block's weight that may pay less than its marginal fee rate: prioritised transactions, and the last ones
that fill it."""
_LATEST_SHARE = 200
"""One transaction in so many may be younger than the pool's template is taken to be."""
_ARRIVALS_SECONDS = 300.0
"""Over which the rate of new transactions is measured."""
_CHANCE = 1e-6
"""Probability that late relay explains as many unseen transactions, below which it does not."""
_MOST_TRANSACTIONS = 300
"""Transactions that are kept with an audit."""
_NORMAL = 400
"""Mean of a Poisson variable above which it is taken for a normal one."""
_LOW_MARGINS = 2
"""How many margins below all templates a transaction has to pay that was prioritised."""

_IMPORTANT = (
    Verdict.MISSED, Verdict.UNSEEN, Verdict.PRIORITISED, Verdict.POLICY, Verdict.OUR_POLICY, Verdict.CONFLICTED,
    Verdict.REPLACEMENT, Verdict.DEPENDENT, Verdict.UNRANKED, Verdict.RECENT, Verdict.LATE, Verdict.MARGINAL,
    Verdict.KNOWN, Verdict.SHARED,
)  # fmt: skip
_TRAIT_TEXTS = {
    Trait.LOW_FEE: "that pays less than 1 sat/vB",
    Trait.OP_RETURN: "with a data output",
    Trait.LARGE_OP_RETURN: "with a data output above 83 bytes",
    Trait.SEVERAL_OP_RETURN: "with several data outputs",
    Trait.RUNESTONE: "with a runestone",
    Trait.INSCRIPTION: "with an inscription",
    Trait.OTHER_DATA: "with other data in a witness",
    Trait.BARE_MULTISIG: "with a bare multisig output",
    Trait.DUST: "with an output of dust",
    Trait.VERSION: "of a version above 2",
}


@dataclass(frozen=True, slots=True)
class AuditRules:
    """What counts as an accusation."""

    grace_seconds: float = 180.0
    """How long a transaction must have stood before the pool made its template."""
    margin: float = 0.1
    """How far its fee rate must be above the marginal one, as a ratio."""
    lag_seconds: float = 30.0
    """How much later than a pool the node may have a transaction."""
    full_weight: int = 3_800_000
    """Weight of a block, from which on transactions compete for space."""


@dataclass(frozen=True, slots=True)
class FullBlock:
    """A block with all of its transactions."""

    ref: BlockRef
    parent: BlockHash
    time: int
    """Header time."""
    arrived: float
    """Unix time."""
    transactions: Sequence[Transaction]
    """Without the coinbase."""
    fees_sat: Sequence[int | None]
    """Of each transaction; None where it is not known."""
    payouts: frozenset[bytes] = frozenset()
    """Scripts that the coinbase pays."""


def compare(
    block: FullBlock,
    templates: Sequence[Template],
    first_seen: Callable[[str], float | None],
    *,
    rules: AuditRules,
    sanctioned: frozenset[bytes] = frozenset(),
) -> BlockAudit | None:
    """Audit a block.

    Args:
        block: the block.
        templates: those of the minutes before it, oldest first.
        first_seen: when the node first had a transaction; None if it never did.
        rules: what counts as an accusation.
        sanctioned: scripts of the user's list.

    Returns:
        None if there is no template on the block's parent.
    """
    before = [each for each in templates if each.at <= block.arrived]
    on_parent = [each for each in before if each.parent == block.parent]
    if not on_parent:
        return None
    return _Comparison(block, before, on_parent=on_parent, first_seen=first_seen, rules=rules).audit(sanctioned)


class _Comparison:
    """One block, and what its verdicts depend on."""

    def __init__(
        self,
        block: FullBlock,
        templates: Sequence[Template],
        *,
        on_parent: Sequence[Template],
        first_seen: Callable[[str], float | None],
        rules: AuditRules,
    ) -> None:
        self.block = block
        self.templates = templates
        self.first_seen = first_seen
        self.rules = rules
        self.mined = {each.txid: each for each in block.transactions}
        self.template = max(on_parent, key=self._likeness)
        self.fees = self._known_fees()
        self.rates = self._block_rates()
        known = [(rate, self.mined[txid].weight) for txid, rate in self.rates.items()]
        self.marginal = rate_below([rate for rate, _ in known], [weight for _, weight in known], MARGINAL_SHARE)
        self.weight = sum(each.weight for each in block.transactions)
        self.traits = count_traits(with_rate(each.traits, self.rates.get(each.txid)) for each in block.transactions)
        self.lowest = min((each.lowest for each in templates if each.entries), default=0.0)
        self._low_rate = (1 - _LOW_MARGINS * rules.margin) * self.lowest
        self._places = {txid: at for at, txid in enumerate(self.mined)}
        self._last_ordinary = max(
            (self._places[txid] for txid, rate in self.rates.items() if rate >= self._low_rate), default=0
        )
        """The last place in the block where not just what happened to fit was added."""
        self.youngest = self._youngest()
        self.made_at = min(self.template.at, self.youngest or self.template.at)
        """When the pool made its template, at the earliest."""
        self.standing = self._standing()
        self.spends = {spent for each in block.transactions for spent in each.spends}

    def audit(self, sanctioned: frozenset[bytes]) -> BlockAudit:
        """All verdicts."""
        block = self.block
        judged = [
            replace(
                each,
                sanctioned=bool(touches & sanctioned),
                own_payout=each.txid in self.mined and bool(spends_from & block.payouts),
            )
            for each, touches, spends_from in self._all()
        ]
        weights, counts = Counter[Verdict](), Counter[Verdict]()
        for each in judged:
            weights[each.verdict] += each.weight
            counts[each.verdict] += 1
        foregone = sum(
            max(0.0, (each.fee_sat or 0) - self.marginal * each.weight / 4)
            for each in judged if each.verdict is Verdict.MISSED
        )  # fmt: skip
        shown = [
            each for each in judged
            if each.verdict not in {Verdict.SHARED, Verdict.KNOWN} or each.sanctioned or each.own_payout
        ]  # fmt: skip
        shown.sort(key=lambda each: (not each.sanctioned, _IMPORTANT.index(each.verdict), -each.weight))
        return BlockAudit(
            block.ref,
            block.time,
            block.arrived,
            template_age=None if self.youngest is None else max(0.0, block.arrived - self.made_at),
            marginal_rate=self.marginal,
            weight=self.weight,
            tx_count=len(block.transactions),
            weights=dict(weights),
            counts=dict(counts),
            fees_sat=sum(fee or 0 for fee in self.fees.values()),
            foregone_sat=round(foregone),
            traits=dict(self.traits),
            own_payouts=sum(each.own_payout for each in judged),
            disorder=disorder([*self.rates.values()], len(block.transactions)),
            transactions=tuple(shown[:_MOST_TRANSACTIONS]),
        )

    def _all(self) -> Iterator[tuple[AuditedTransaction, frozenset[bytes], frozenset[bytes]]]:
        verdicts = dict[str, Verdict]()
        for txid, ranked in self.template.entries.items():
            verdict, reason = (
                (Verdict.SHARED, "in the template and in the block")
                if txid in self.mined
                else self._absent(txid, ranked, verdicts)
            )
            verdicts[txid] = verdict
            transaction = self.mined.get(txid, ranked.transaction)
            yield (
                AuditedTransaction(
                    txid, verdict, reason, weight=transaction.weight, fee_sat=ranked.fee_sat, fee_rate=ranked.rate,
                    first_seen=self.first_seen(txid), traits=tuple(sorted(ranked.traits)),
                ),
                transaction.touches, transaction.spends_from,
            )  # fmt: skip
        added = [each for each in self.block.transactions if each.txid not in self.template.entries]
        judged = {each.txid: self._added(each) for each in added}
        unseen = [txid for txid, found in judged.items() if found is None]
        late_relay = len(unseen) <= self._late_at_most()
        for each in added:
            verdict, reason = judged[each.txid] or (
                (Verdict.RECENT, "never in the mempool of the node; late relay may explain it")
                if late_relay
                else (Verdict.UNSEEN, f"never in the mempool of the node, like {len(unseen)} of this block")
            )
            rate = self.rates.get(each.txid)
            yield (
                AuditedTransaction(
                    each.txid, verdict, reason, weight=each.weight, fee_sat=self.fees[each.txid], fee_rate=rate,
                    first_seen=self.first_seen(each.txid), traits=tuple(sorted(with_rate(each.traits, rate))),
                ),
                each.touches, each.spends_from,
            )  # fmt: skip

    # -- transactions of the template that are not in the block --------------------------------------------------------

    def _absent(self, txid: str, ranked: Ranked, verdicts: dict[str, Verdict]) -> tuple[Verdict, str]:
        if not self.spends.isdisjoint(ranked.transaction.spends):
            return Verdict.CONFLICTED, "the block spends the same output by another transaction"
        for parent in ranked.transaction.parents:
            match verdicts.get(parent, Verdict.SHARED):
                case Verdict.SHARED:
                    continue
                case Verdict.CONFLICTED | Verdict.LATE as same:
                    return same, f"it spends {parent}, which is not in the block for this reason"
                case _:
                    return Verdict.DEPENDENT, f"it spends {parent}, which is not in the block"
        seen, grace = self.first_seen(txid), self.rules.grace_seconds
        if self.youngest is None:
            return Verdict.LATE, "the block is empty"
        if seen is None or seen > self.made_at - grace:
            return Verdict.LATE, f"first seen less than {grace:.0f} s before the pool's template"
        stood = [each.entries.get(txid) for each in self.standing]
        if not stood or None in stood:
            return Verdict.LATE, f"not in every template of the {grace:.0f} s before the pool's template"
        rate = min(each.rate for each in stood if each)
        is_full = self.weight > self.rules.full_weight
        demanded = self.marginal * (1 + self.rules.margin) if is_full else self.marginal
        if rate < demanded:
            return Verdict.MARGINAL, f"pays {rate:.2f} sat/vB; the marginal fee rate is {self.marginal:.2f} sat/vB"
        for trait in sorted(ranked.traits):
            if not self.traits[trait]:
                many = self.template.traits[trait]
                return Verdict.POLICY, f"the block has no transaction {_TRAIT_TEXTS[trait]}; the template has {many}"
        age = self.made_at - seen
        return Verdict.MISSED, (
            f"pays {rate:.2f} sat/vB, above the marginal {self.marginal:.2f} sat/vB, and was there for {age:.0f} s"
        )

    # -- transactions of the block that are not in the template --------------------------------------------------------

    def _added(self, added: Transaction) -> tuple[Verdict, str] | None:
        """The verdict; None for a transaction that was never seen and that only their number judges."""
        if any(added.txid in each.entries for each in self.templates):
            return Verdict.KNOWN, "in another of the last templates"
        rate = self.rates.get(added.txid)
        is_low = rate is not None and rate < self._low_rate and self._places[added.txid] < self._last_ordinary
        if rate is not None and rate < LOW_FEE <= self.lowest < 2 * LOW_FEE:
            return Verdict.OUR_POLICY, f"the node would not have mined a transaction {_TRAIT_TEXTS[Trait.LOW_FEE]}"
        if self.first_seen(added.txid) is not None:
            if is_low:
                return Verdict.PRIORITISED, self._low(rate)
            if rate is None:
                return Verdict.UNRANKED, "in the mempool of the node; its fee is not known"
            return Verdict.KNOWN, f"in the mempool of the node, at {rate:.2f} sat/vB"
        if any(not each.spends.isdisjoint(added.spends) for each in self.templates):
            return Verdict.REPLACEMENT, "the node had another transaction that spends the same output"
        for trait in sorted(added.traits):
            if not any(each.traits[trait] for each in self.templates):
                return Verdict.OUR_POLICY, f"the node has had no transaction {_TRAIT_TEXTS[trait]}"
        return (Verdict.UNSEEN, f"never in the mempool of the node, and {self._low(rate)}") if is_low else None

    def _low(self, rate: float | None) -> str:
        return f"pays {rate:.2f} sat/vB; the node would have mined none below {self.lowest:.2f} sat/vB"

    def _late_at_most(self) -> int:
        """How many transactions late relay may have kept from the node before it saw the block."""
        earliest = self.made_at - _ARRIVALS_SECONDS
        times = [self.first_seen(each.txid) for each in self.block.transactions]
        arrivals = sum(1 for at in times if at is not None and at >= earliest)
        mean = arrivals * self.rules.lag_seconds / _ARRIVALS_SECONDS
        return _poisson_bound(mean)

    # -- the whole -----------------------------------------------------------------------------------------------------

    def _likeness(self, template: Template) -> tuple[int, float]:
        """Weight that the block shares with a template; of equal ones the older is more likely that of the pool."""
        shared = sum(each.transaction.weight for txid, each in template.entries.items() if txid in self.mined)
        return shared, -template.at

    def _known_fees(self) -> dict[str, int | None]:
        """Fees of all transactions of the block, in satoshi; None where neither node nor templates have it."""
        ranked = {txid: each.fee_sat for template in self.templates for txid, each in template.entries.items()}
        return {
            txid: ranked.get(txid) if fee is None else fee
            for txid, fee in zip(self.mined, self.block.fees_sat, strict=True)
        }

    def _block_rates(self) -> dict[str, float]:
        """Chunk fee rates of the transactions of the block with a known fee, in its order."""
        known = {txid: fee for txid, fee in self.fees.items() if fee is not None}
        places = {txid: at for at, txid in enumerate(known)}
        parents = [
            [places[parent] for parent in self.mined[txid].parents if places.get(parent, at) < at]
            for at, txid in enumerate(known)
        ]
        rates = chunk_rates([*known.values()], [self.mined[txid].weight for txid in known], parents)
        return dict(zip(known, rates, strict=True))

    def _youngest(self) -> float | None:
        """When the node first saw the youngest transaction of the block, apart from a few; None of an empty block."""
        if not self.mined:
            return None
        times = sorted((at for at in map(self.first_seen, self.mined) if at is not None), reverse=True)
        return times[len(times) // _LATEST_SHARE] if times else float("-inf")

    def _standing(self) -> list[Template]:
        """The templates in which a transaction must have stood: those of the grace period, and the last one before."""
        since = self.made_at - self.rules.grace_seconds
        old = [each for each in self.templates if each.at <= since]
        return [*old[-1:], *(each for each in self.templates if since < each.at <= self.template.at)] if old else []


def _poisson_bound(mean: float) -> int:
    """The smallest number that a Poisson variable exceeds with a probability below `_CHANCE`."""
    if mean > _NORMAL:
        return ceil(mean + 5 * sqrt(mean))
    term = left = exp(-mean)
    number = 0
    while 1 - left > _CHANCE:
        number += 1
        term *= mean / number
        left += term
    return number
