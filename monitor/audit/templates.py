"""The templates of the last minutes: what the node would have mined at each of these times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property

from monitor.audit.chunks import chunk_rates
from monitor.audit.transactions import Transaction, decode_transaction
from monitor.model import BlockHash, BlockTemplate, Trait

LOW_FEE = 1.0
"""Satoshi per virtual byte: the least that Bitcoin Core mined and relayed before version 30."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A transaction of a template."""

    transaction: Transaction
    fee_sat: int
    rate: float
    """Of its chunk: satoshi per virtual byte."""

    @property
    def traits(self) -> frozenset[Trait]:
        """All traits, by the rate of its chunk."""
        return with_rate(self.transaction.traits, self.rate)


@dataclass(frozen=True)
class Template:
    """What the node would have mined on a parent at a time."""

    parent: BlockHash
    at: float
    """Unix time."""
    entries: dict[str, Ranked]
    """By txid, in the order of the block."""

    @cached_property
    def lowest(self) -> float:
        """The lowest chunk fee rate; 0 of an empty template."""
        return min((each.rate for each in self.entries.values()), default=0.0)

    @cached_property
    def traits(self) -> Counter[Trait]:
        """Number of transactions with each trait."""
        return Counter(trait for each in self.entries.values() for trait in each.traits)

    @cached_property
    def spends(self) -> frozenset[bytes]:
        """All outputs that its transactions spend."""
        return frozenset(spent for each in self.entries.values() for spent in each.transaction.spends)


@dataclass(slots=True)
class Templates:
    """The templates that are kept, oldest first. Successive ones share the transactions that both have."""

    seconds: float
    """How long one is kept. The newest stays whatever its age, and the last one on the parent before."""
    most: int = 60
    """Number that is kept at most."""
    kept: list[Template] = field(default_factory=list)

    def add(self, template: BlockTemplate, at: float, watched: AbstractSet[bytes] = frozenset()) -> Template:
        """Rank a new template and keep it; `watched` are scripts to look for in new transactions.

        Raises:
            WireError: a transaction cannot be decoded.
        """
        known = self.kept[-1].entries if self.kept else {}
        transactions = [
            known[each.txid].transaction if each.txid in known else decode_transaction(each.raw, watched)
            for each in template.entries
        ]
        fees = [each.fee_sat for each in template.entries]
        rates = chunk_rates(fees, [each.weight for each in transactions], [each.depends for each in template.entries])
        ranked = {
            transaction.txid: Ranked(transaction, fee, rate)
            for transaction, fee, rate in zip(transactions, fees, rates, strict=True)
        }
        made = Template(template.parent, at, ranked)
        self.kept.append(made)
        while len(self.kept) > 1 and (self.kept[1].at < at - self.seconds or len(self.kept) > self.most):
            del self.kept[0]
        return made


def with_rate(traits: frozenset[Trait], rate: float | None) -> frozenset[Trait]:
    """Traits of a transaction that is mined at a chunk fee rate."""
    return traits | {Trait.LOW_FEE} if rate is not None and rate < LOW_FEE else traits


def count_traits(traits: Iterable[frozenset[Trait]]) -> Counter[Trait]:
    """Number of transactions with each trait."""
    return Counter(trait for each in traits for trait in each)
