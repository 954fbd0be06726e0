"""Transactions, nodes that have them sooner or later, and pools that mine them: honest ones and others.

Blocks are smaller than real ones, so that thousands take seconds; lags, template ages and fee rates are as measured on
mainnet, or worse.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from monitor.audit.chunks import chunk_rates
from monitor.audit.compare import FullBlock
from monitor.audit.templates import Ranked, Template
from monitor.audit.transactions import Transaction
from monitor.model import BlockHash, BlockRef, Trait

BLOCK_WEIGHT = 60_000
"""Of a full block: about 70 transactions."""
MEMPOOL = 150
"""Transactions that wait after a block, at most."""
TEMPLATE_SECONDS = 30.0
BLOCK_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Relayed:
    """A transaction, and when node and pools have it."""

    transaction: Transaction
    fee_sat: int
    ours: float | None
    """None: the node never has it."""
    theirs: float | None
    conflicts: str | None = None
    """The transaction that it replaces, where it arrives first."""


@dataclass
class World:
    """One node that audits, and one pool."""

    seed: int
    rate_per_second: float = 0.14
    """New transactions: somewhat more than blocks can hold."""
    transactions: dict[str, Relayed] = field(default_factory=dict)
    now: float = 1_000_000.0
    height: int = 100
    first_seen: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)  # noqa: S311 -- a simulation
        self.tip = BlockHash(f"{0:064x}")
        self._waiting: dict[str, Relayed] = {}
        self._parents: dict[str, tuple[str, ...]] = {}
        """Of all that were ever sent."""
        self._tip_since = self.now
        self._last_block = self.now
        self._number = 0
        self._kept: list[Template] = []

    # -- transactions --------------------------------------------------------------------------------------------------

    def lag(self) -> float:
        """Seconds until a node has a transaction: mostly a few, now and then a minute and more."""
        usual = self.random.expovariate(1 / 3)
        return usual + (self.random.expovariate(1 / 40) if self.random.random() < 0.02 else 0)

    def send(
        self,
        at: float,
        *,
        fee_rate: float | None = None,
        traits: frozenset[Trait] = frozenset(),
        **known: float | None,
    ) -> Relayed:
        """A new transaction at a time; `ours` and `theirs` say when node and pool have it."""
        weight = self.random.choice((561, 561, 665, 832, 900, 1200, 3000))
        rate = fee_rate or self.random.lognormvariate(1.6, 0.8)
        made = self._transaction(weight, (self._outpoint(),), traits)
        return self._relay(made, round(rate * weight / 4), at, **known)

    def _relay(self, transaction: Transaction, fee: int, at: float, **known: float | None) -> Relayed:
        made = Relayed(
            transaction, fee, ours=known.get("ours", at + self.lag()), theirs=known.get("theirs", at + self.lag())
        )
        self._waiting[transaction.txid] = made
        self._parents[transaction.txid] = tuple(transaction.parents)
        if made.ours is not None:
            self.first_seen[transaction.txid] = made.ours
        return made

    def _transaction(
        self, weight: int, spends: tuple[bytes, ...], traits: frozenset[Trait] = frozenset()
    ) -> Transaction:
        self._number += 1
        return Transaction(
            f"{self._number:064x}", weight, spends,
            traits=traits, touches=frozenset(), spends_from=frozenset(), value_sat=0,
        )  # fmt: skip

    def _outpoint(self, txid: str | None = None) -> bytes:
        self._number += 1
        return bytes.fromhex(txid or f"{self._number:064x}")[::-1] + bytes(4)

    def _arrive(self, until: float) -> None:
        """Ordinary traffic: single ones, children that pay for their parents, and replacements."""
        at = self.now
        while (at := at + self.random.expovariate(self.rate_per_second)) < until:
            kind = self.random.random()
            first = self.send(at, fee_rate=1.2 if kind < 0.08 else None)
            if kind < 0.08:
                child = self._transaction(561, (self._outpoint(first.transaction.txid),))
                later = at + self.random.expovariate(1 / 120)
                base = max(each for each in (first.ours, first.theirs, later) if each is not None)
                fee = self.random.randint(2000, 12000)
                self._relay(child, fee, later, ours=base + self.lag(), theirs=base + self.lag())
            elif kind < 0.14:
                other = self._transaction(first.transaction.weight, first.transaction.spends)
                later = at + self.random.expovariate(1 / 60)
                made = self._relay(other, first.fee_sat * 2, later)
                self._waiting[other.txid] = replace(made, conflicts=first.transaction.txid)
        self.now = until

    # -- templates -----------------------------------------------------------------------------------------------------

    def template(self, at: float, *, ours: bool, parent: BlockHash) -> Template:
        """What the node (or the pool) mines at a time."""
        there = {}
        for txid, each in self._waiting.items():
            arrived = each.ours if ours else each.theirs
            if arrived is not None and arrived <= at:
                there[txid] = each
        for each in list(there.values()):
            if each.conflicts in there:
                del there[each.conflicts]
        order = list(there)
        places = {txid: place for place, txid in enumerate(order)}
        spent = [[p for p in self._parents[txid] if p in self._waiting] for txid in order]
        parents = [[places[p] for p in each if p in places] for each in spent]
        orphans = set[int]()
        for place, known in enumerate(parents):
            if len(known) < len(spent[place]) or not orphans.isdisjoint(known):
                orphans.add(place)
        rates = chunk_rates(
            [there[txid].fee_sat for txid in order], [there[txid].transaction.weight for txid in order], parents
        )
        entries, weight, taken = {}, 0, set[int]()
        for place in sorted(range(len(order)), key=lambda p: (-rates[p], p)):
            txid = order[place]
            size = there[txid].transaction.weight
            if place in orphans or weight + size > BLOCK_WEIGHT or not taken.issuperset(parents[place]):
                continue
            weight += size
            taken.add(place)
            entries[txid] = Ranked(there[txid].transaction, there[txid].fee_sat, rates[place])
        return Template(parent, at, entries)

    def _templates(self, since: float, until: float, *, keep: float) -> list[Template]:
        """The node's templates at its interval, those of the last `keep` seconds."""
        count = int((until - since) // TEMPLATE_SECONDS)
        times = [since + 1 + TEMPLATE_SECONDS * n for n in range(count + 1)]
        return [self.template(at, ours=True, parent=self.tip) for at in times if until - keep <= at <= until]

    # -- blocks --------------------------------------------------------------------------------------------------------

    def blocks(
        self,
        number: int,
        miner: Callable[[World, Template], Template] = lambda _, template: template,
        *,
        stale_seconds: float | None = None,
    ) -> Iterator[tuple[FullBlock, list[Template]]]:
        """Blocks of the pool with the templates before them. `miner` changes what an honest pool would mine.

        The pool renews its template every 30 s, its machines take up to 60 s to work on it, and the block takes a few
        seconds to the node; `stale_seconds` is the age of its template instead.
        """
        for _ in range(number):
            mined_at = self._last_block + 1 + self.random.expovariate(1 / BLOCK_SECONDS)
            arrived = mined_at + self.random.expovariate(1 / 2)
            self._arrive(arrived + 120)
            age = self.random.uniform(0, 30) + self.random.uniform(0, 60) if stale_seconds is None else stale_seconds
            made_at = max(self._last_block + 0.5, mined_at - age)
            theirs = miner(self, self.template(made_at, ours=False, parent=self.tip))
            ours = self._templates(self._tip_since, arrived, keep=420)
            kept = [*self._kept[-14:], *ours]
            self.height += 1
            block = FullBlock(
                BlockRef(self.height, BlockHash(f"{self.height:064x}")), self.tip, int(mined_at), arrived=arrived,
                transactions=[each.transaction for each in theirs.entries.values()],
                fees_sat=[each.fee_sat for each in theirs.entries.values()],
            )  # fmt: skip
            yield block, kept
            self._kept = kept
            self._connect(block)

    def seen_at(self, arrived: float) -> Callable[[str], float | None]:
        """What the node knows of first-seen times at a time."""

        def time(txid: str) -> float | None:
            at = self.first_seen.get(txid)
            return at if at is not None and at <= arrived else None

        return time

    def _connect(self, block: FullBlock) -> None:
        spent = {spend for each in block.transactions for spend in each.spends}
        mined = {each.txid for each in block.transactions}
        self._waiting = {
            txid: each
            for txid, each in self._waiting.items()
            if txid not in mined and spent.isdisjoint(each.transaction.spends)
        }
        if len(self._waiting) > MEMPOOL:  # it is full
            ranked = sorted(self._waiting.values(), key=lambda each: each.fee_sat / each.transaction.weight)
            for each in ranked[: len(self._waiting) - MEMPOOL]:
                del self._waiting[each.transaction.txid]
        self.tip, self._last_block, self._tip_since = block.ref.hash, block.time + 0.0, block.arrived
