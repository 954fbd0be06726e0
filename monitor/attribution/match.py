"""The rules: all evidence in a coinbase, and which piece of it decides.

The pool that is paid at least half of the reward comes first, then a specific tag where the text of the script
starts, then one elsewhere, then a payout of a substantial part, then a generic tag. Two kinds of evidence are remarks,
which are recorded and decide nothing: smaller payouts, because anyone can add an output of a few satoshi to anyone's
address; and text where workers and customers can write. Among payouts the larger wins, among tags the longer; what
remains equal is broken by the evidence of the next ranks, and is otherwise unknown, with a conflict. A contradiction is
kept, not hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache, partial
from itertools import groupby
from typing import Final, NamedTuple, TypeAlias, TypeVar

from monitor.attribution.commitments import OP_RETURN, notes, script_text
from monitor.attribution.inner_miners import inner_miner
from monitor.attribution.standing import Standing, Standings, standings
from monitor.model import Attribution, Candidate, Coinbase, Confidence, Method, Output, PoolSlug
from monitor.registry.registry import PoolRegistry

SUBSTANTIAL_PERCENT: Final = 5
"""A payout of at least this part of the reward is evidence. Fees and donations that pool software adds to other miners'
blocks take 0.5 to 2 %, side outputs of pools 546 sat; a forger has to give away more than twice the largest fee."""


class Rank(IntEnum):
    """How much a mark weighs: the lowest number the most."""

    MAJORITY_PAYOUT = 0
    """The pool's payouts together take at least half of the reward."""
    SIGNATURE = 1
    """A specific tag where the text of the script starts."""
    SPECIFIC_TAG = 2
    """One elsewhere, of a pool that may sign there."""
    SUBSTANTIAL_PAYOUT = 3
    """The payouts take at least `SUBSTANTIAL_PERCENT` of the reward."""
    GENERIC_TAG = 4
    """An everyday word, a part of another pool's tag, or one elsewhere of a pool that signs at the start."""
    WRITTEN_TAG = 5
    """Where a worker or customer can write: a remark."""
    MINOR_PAYOUT = 6
    """The payouts take less: a remark."""

    __hash__ = int.__hash__  # that of an enumeration is slow, and this one is hashed for every block

    @property
    def is_remark(self) -> bool:
        """Whether it decides nothing and contradicts nothing."""
        return self >= Rank.WRITTEN_TAG


_TAG_RANKS: Final = {
    Standing.SIGNATURE: Rank.SIGNATURE,
    Standing.FREE: Rank.SPECIFIC_TAG,
    Standing.DISPLACED: Rank.GENERIC_TAG,
    Standing.WRITTEN: Rank.WRITTEN_TAG,
}
"""Of specific tags."""
_SIGNS: Final = frozenset({Rank.SIGNATURE, Rank.SPECIFIC_TAG})


class _Payout(NamedTuple):
    """A script that pays a pool. Holds no amounts, so that verdicts can be remembered by it."""

    script: bytes
    rank: Rank
    place: int
    """0 for the pool that is paid the most, 1 for the next amount, and so on."""
    order: int
    """The same for the script."""


_Paid: TypeAlias = frozenset[_Payout]
_UNPAID: _Paid = frozenset()
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
    verdict = _judging_by(registry)(paid, tags)
    miner = inner_miner(coinbase.script, verdict.pool)
    return verdict if miner is None else replace(verdict, miner=miner)


def findings(coinbase: Coinbase, registry: PoolRegistry) -> Findings:
    """Everything that `attribute` weighs, in its order."""
    paid, tags, loose = _evidence(coinbase, registry)
    marks, covered = _ranked(paid, tags, registry)
    return Findings(marks, covered, loose)


def _evidence(coinbase: Coinbase, registry: PoolRegistry) -> tuple[_Paid, Standings, bool]:
    """Payouts, tags, and whether the tags were found only when capitals and small letters counted as equal."""
    paid = _paid(coinbase.outputs, registry)
    script = script_text(coinbase.script)
    noted = notes(coinbase)
    text = b"\0".join((script, noted)) if noted else script
    index = registry.index
    exact = standings(text, len(script), found=index.tags_in(text), tags=index.tags)
    if _may_decide(paid, exact):
        return paid, exact, False
    loose = standings(text, len(script), found=index.loose_tags_in(text), tags=index.tags)
    return (paid, exact, False) if loose <= exact else (paid, exact | loose, True)


def _may_decide(paid: _Paid, tags: Standings) -> bool:
    return any(standing < Standing.WRITTEN for _, standing in tags) or any(not each.rank.is_remark for each in paid)


def deciding(marks: Iterable[Mark]) -> Mark | None:
    """The mark that decides, of marks strongest first; None where the evidence is evenly divided between pools."""
    marks = [mark for mark in marks if not mark.rank.is_remark]
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
    known = [output for output in outputs if output.script in payees]
    if not known:
        return _UNPAID
    total = sum([output.value_sat for output in outputs])
    if not total:
        outputs = tuple([Output(1, output.script) for output in outputs if not output.script.startswith(OP_RETURN)])
        known = [output for output in outputs if output.script in payees]
        total = len(outputs)
    if len(known) == 1:  # as in most blocks
        [(value, script)] = known
        return frozenset([_Payout(script, _payout_rank(value, total), 0, order=0)]) if value else _UNPAID
    by_script: dict[bytes, int] = {}
    by_pool: dict[PoolSlug, int] = {}
    for value, script in known:
        if value:
            pool = payees[script].pool
            by_script[script] = by_script.get(script, 0) + value
            by_pool[pool] = by_pool.get(pool, 0) + value
    places, orders = _places(by_pool), _places(by_script)
    found = []
    for script, order in orders.items():
        pool = payees[script].pool
        found.append(_Payout(script, _payout_rank(by_pool[pool], total), places[pool], order=order))
    return frozenset(found)


def _places(amounts: dict[_Key, int]) -> dict[_Key, int]:
    """0 for the largest amount, 1 for the next, the same for equal ones."""
    if len(amounts) == 1:
        return dict.fromkeys(amounts, 0)
    place = {amount: at for at, amount in enumerate(sorted(set(amounts.values()), reverse=True))}
    return {key: place[amount] for key, amount in amounts.items()}


def _payout_rank(amount: int, total: int) -> Rank:
    if 2 * amount >= total:
        return Rank.MAJORITY_PAYOUT
    return Rank.SUBSTANTIAL_PAYOUT if 100 * amount >= SUBSTANTIAL_PERCENT * total else Rank.MINOR_PAYOUT


@lru_cache(maxsize=2)  # the present registry and the one before: each is kept in memory
def _judging_by(registry: PoolRegistry) -> Callable[[_Paid, Standings], Attribution]:
    """`_judge`, which remembers: blocks of one pool carry the same marks."""
    return lru_cache(maxsize=2_000)(partial(_judge, registry=registry))


def _judge(paid: _Paid, tags: Standings, registry: PoolRegistry) -> Attribution:
    marks, _ = _ranked(paid, tags, registry)
    first = deciding(marks)
    candidates = tuple(dict.fromkeys(mark.candidate for mark in ((first, *marks) if first else marks)))
    named = {mark.candidate.pool for mark in marks if not mark.rank.is_remark}
    conflict = len(named) > 1
    if first is None:
        return Attribution(None, None, "", conflict=conflict, candidates=candidates, registry=registry.hash)
    chosen = first.candidate
    return Attribution(
        chosen.pool, chosen.method, chosen.evidence, conflict=conflict, candidates=candidates, registry=registry.hash,
        confidence=_confidence(chosen.pool, marks),
    )  # fmt: skip


def _confidence(pool: PoolSlug, marks: Iterable[Mark]) -> Confidence:
    """By what it would have cost to forge."""
    own = {mark.rank for mark in marks if mark.candidate.pool == pool}
    others = {mark.rank for mark in marks if mark.candidate.pool != pool}
    if Rank.MAJORITY_PAYOUT in own:
        return Confidence.MEDIUM if others & {Rank.MAJORITY_PAYOUT, *_SIGNS} else Confidence.HIGH
    if Rank.SUBSTANTIAL_PAYOUT in own and own & _SIGNS and not others & {Rank.SUBSTANTIAL_PAYOUT, *_SIGNS}:
        return Confidence.MEDIUM
    return Confidence.LOW


def _ranked(paid: _Paid, tags: Standings, registry: PoolRegistry) -> tuple[tuple[Mark, ...], tuple[Candidate, ...]]:
    """The marks, the strongest first; and the tags that say nothing of their own."""
    index = registry.index
    marks: list[Mark] = []
    covered: list[Candidate] = []
    for payout in sorted(paid, key=lambda payout: (payout.order, payout.script)):
        payee = index.payees[payout.script]
        marks.append(Mark(Candidate(payee.pool, Method.ADDRESS, payee.address), payout.rank, -payout.place))
    for at, standing in sorted(tags):
        tag = index.tags[at]
        candidate = Candidate(tag.pool, Method.TAG, tag.evidence)
        if standing is Standing.COVERED:
            covered.append(candidate)
        else:
            marks.append(Mark(candidate, _tag_rank(standing, generic=tag.generic), len(tag.text)))
    marks.sort(key=lambda mark: (mark.strength, mark.candidate.pool))
    covered.sort(key=lambda candidate: (candidate.pool, candidate.evidence))
    return tuple(marks), tuple(covered)


def _tag_rank(standing: Standing, *, generic: bool) -> Rank:
    rank = _TAG_RANKS[standing]
    return max(rank, Rank.GENERIC_TAG) if generic else rank
