"""The rules: all evidence in a coinbase, and which piece of it decides.

The pool that is paid at least half of the reward comes first, then a specific tag, then a payout of a substantial part,
then a generic tag. A smaller payout is recorded and decides nothing: anyone can add an output of a few satoshi to
anyone's address. Among payouts the larger wins, among tags the longer; what remains equal is broken by the evidence of
the next ranks, and is otherwise unknown, with a conflict. A contradiction is kept, not hidden.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple, TypeAlias, TypeVar

from monitor.attribution.commitments import OP_RETURN, signed_text
from monitor.attribution.inner_miners import inner_miner
from monitor.model import Attribution, Candidate, Coinbase, Method, Output, PoolSlug
from monitor.registry.registry import PoolRegistry

SUBSTANTIAL_PERCENT: Final = 5
"""A payout of at least this part of the reward is evidence. Fees and donations that pool software adds to other miners'
blocks take 0.5 to 2 %, side outputs of pools 546 sat; a forger has to give away more than twice the largest fee."""


class Rank(IntEnum):
    """How much a mark weighs: the lowest number the most."""

    MAJORITY_PAYOUT = 0
    """The pool's payouts together take at least half of the reward."""
    SPECIFIC_TAG = 1
    SUBSTANTIAL_PAYOUT = 2
    """They take at least `SUBSTANTIAL_PERCENT` of it."""
    GENERIC_TAG = 3
    MINOR_PAYOUT = 4
    """They take less: recorded as a candidate, decides nothing and contradicts nothing."""


class _Payout(NamedTuple):
    """A script that pays a pool. Holds no amounts, so that verdicts can be remembered by it."""

    script: bytes
    rank: Rank
    place: int
    """0 for the pool that is paid the most, 1 for the next amount, and so on."""
    order: int
    """The same for the script."""


_Paid: TypeAlias = frozenset[_Payout]
_Key = TypeVar("_Key", bytes, PoolSlug)


@dataclass(frozen=True, slots=True)
class Mark:
    """A candidate with what decides its place among the others."""

    candidate: Candidate
    rank: Rank
    weight: int
    """Among marks of one rank the greater wins: the bytes of a tag; for payouts, minus the pool's place by amount."""

    @property
    def strength(self) -> tuple[int, int]:
        """Sorts the strongest mark first."""
        return self.rank, -self.weight


@dataclass(frozen=True, slots=True)
class Findings:
    """What a coinbase carries, before anything is decided."""

    marks: tuple[Mark, ...]
    """The strongest first."""
    covered: tuple[Candidate, ...]
    """Tags that are part of a longer one that is there too: they say nothing of their own."""
    loose: bool
    """Whether tags were found only when capitals and small letters counted as equal."""


def attribute(coinbase: Coinbase, registry: PoolRegistry) -> Attribution:
    """Who mined the block with this coinbase, by this registry."""
    paid, tags, _ = _evidence(coinbase, registry)
    verdict = _judge(paid, tags, registry)
    miner = inner_miner(coinbase.script, verdict.pool)
    return verdict if miner is None else replace(verdict, miner=miner)


def findings(coinbase: Coinbase, registry: PoolRegistry) -> Findings:
    """Everything that `attribute` weighs, in its order."""
    paid, tags, loose = _evidence(coinbase, registry)
    marks, covered = _ranked(paid, tags, registry)
    return Findings(marks, covered, loose)


def _evidence(coinbase: Coinbase, registry: PoolRegistry) -> tuple[_Paid, frozenset[int], bool]:
    paid = _paid(coinbase.outputs, registry)
    text = signed_text(coinbase)
    tags = registry.index.tags_in(text)
    if paid or tags:
        return paid, tags, False
    return paid, registry.index.loose_tags_in(text), True


def deciding(marks: Iterable[Mark]) -> Mark | None:
    """The mark that decides; None where the evidence is evenly divided between pools.

    Args:
        marks: sorted, the strongest first.
    """
    marks = [mark for mark in marks if mark.rank is not Rank.MINOR_PAYOUT]
    contenders: set[PoolSlug] = set()
    for _, equals in groupby(marks, key=lambda mark: mark.strength):
        pools = {mark.candidate.pool for mark in equals}
        contenders = contenders & pools or contenders or pools
        if len(contenders) == 1:
            return next(mark for mark in marks if mark.candidate.pool in contenders)
    return None


def _paid(outputs: tuple[Output, ...], registry: PoolRegistry) -> _Paid:
    """The payouts to pools. Where no output has a value, as in bare lists of addresses, all count as equal."""
    payees = registry.index.payees
    if not any(output.script in payees for output in outputs):
        return frozenset()
    valued = any(output.value_sat for output in outputs)
    total = 0
    by_script: Counter[bytes] = Counter()
    by_pool: Counter[PoolSlug] = Counter()
    for output in outputs:
        value = output.value_sat if valued else int(not output.script.startswith(OP_RETURN))
        total += value
        payee = payees.get(output.script)
        if payee and value:
            by_script[output.script] += value
            by_pool[payee.pool] += value
    places, orders = _places(by_pool), _places(by_script)
    found = []
    for script, order in orders.items():
        pool = payees[script].pool
        found.append(_Payout(script, _payout_rank(by_pool[pool], total), places[pool], order=order))
    return frozenset(found)


def _places(amounts: Counter[_Key]) -> dict[_Key, int]:
    """0 for the largest amount, 1 for the next, the same for equal ones."""
    place = {amount: at for at, amount in enumerate(sorted(set(amounts.values()), reverse=True))}
    return {key: place[amount] for key, amount in amounts.items()}


def _payout_rank(amount: int, total: int) -> Rank:
    if 2 * amount >= total:
        return Rank.MAJORITY_PAYOUT
    return Rank.SUBSTANTIAL_PAYOUT if 100 * amount >= SUBSTANTIAL_PERCENT * total else Rank.MINOR_PAYOUT


@lru_cache(maxsize=10_000)  # blocks of one pool carry the same marks
def _judge(paid: _Paid, tags: frozenset[int], registry: PoolRegistry) -> Attribution:
    marks, _ = _ranked(paid, tags, registry)
    first = deciding(marks)
    candidates = tuple(dict.fromkeys(mark.candidate for mark in ((first, *marks) if first else marks)))
    named = {mark.candidate.pool for mark in marks if mark.rank is not Rank.MINOR_PAYOUT}
    conflict = len(named) > 1
    if first is None:
        return Attribution(None, None, "", conflict=conflict, candidates=candidates, registry=registry.hash)
    chosen = first.candidate
    return Attribution(
        chosen.pool, chosen.method, chosen.evidence, conflict=conflict, candidates=candidates, registry=registry.hash
    )


def _ranked(
    paid: _Paid, tags: frozenset[int], registry: PoolRegistry
) -> tuple[tuple[Mark, ...], tuple[Candidate, ...]]:
    """The marks, the strongest first; and the tags that say nothing of their own."""
    index = registry.index
    marks: list[Mark] = []
    covered: list[Candidate] = []
    for payout in sorted(paid, key=lambda payout: (payout.order, payout.script)):
        payee = index.payees[payout.script]
        marks.append(Mark(Candidate(payee.pool, Method.ADDRESS, payee.address), payout.rank, -payout.place))
    found = [index.tags[at] for at in sorted(tags)]
    for tag in found:
        candidate = Candidate(tag.pool, Method.TAG, tag.evidence)
        if any(tag.text in longer.text and tag is not longer for longer in found):
            covered.append(candidate)
        else:
            marks.append(Mark(candidate, Rank.GENERIC_TAG if tag.generic else Rank.SPECIFIC_TAG, len(tag.text)))
    marks.sort(key=lambda mark: (mark.strength, mark.candidate.pool))
    covered.sort(key=lambda candidate: (candidate.pool, candidate.evidence))
    return tuple(marks), tuple(covered)
