"""The rules: all evidence in a coinbase, and which piece of it decides.

An address on the output that takes the most of the reward outranks an address on a smaller one, that outranks a tag,
and a specific tag outranks a generic one. Among equals the longest tag wins, then the alphabet. Money outranks words
because a tag costs its writer nothing. A contradiction is kept, not hidden.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TypeAlias

from monitor.attribution.commitments import signed_text
from monitor.attribution.miners import inner_miner
from monitor.attribution.registry import Registry
from monitor.model import Attribution, Candidate, Coinbase, Method, Output

_MAX_VERDICTS = 10_000

_Paid: TypeAlias = frozenset[tuple[bytes, bool]]
"""Scripts that pay a pool, each with whether it takes the most."""


class Rank(IntEnum):
    """How much a mark weighs: the least number the most."""

    MAIN_PAYOUT = 0
    SIDE_PAYOUT = 1
    SPECIFIC_TAG = 2
    GENERIC_TAG = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """A candidate with what decides its place among the others."""

    candidate: Candidate
    rank: Rank
    length: int
    """Bytes of a tag; 0 for an address."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a coinbase carries, before anything is decided."""

    marks: tuple[Mark, ...]
    """The one that decides first."""
    covered: tuple[Candidate, ...]
    """Tags that are part of a longer one that is there too: they say nothing of their own."""
    loose: bool
    """Whether tags were found only when capitals and small letters counted as equal."""


def attribute(coinbase: Coinbase, registry: Registry) -> Attribution:
    """Who mined the block with this coinbase, by this registry."""
    paid, tags, _ = _evidence(coinbase, registry)
    verdict = registry.verdicts.get((paid, tags))
    if verdict is None:
        if len(registry.verdicts) >= _MAX_VERDICTS:
            registry.verdicts.clear()
        verdict = registry.verdicts[paid, tags] = _judge(paid, tags, registry)
    miner = inner_miner(coinbase.script, verdict.pool)
    return verdict if miner is None else replace(verdict, miner=miner)


def findings(coinbase: Coinbase, registry: Registry) -> Findings:
    """Everything that `attribute` weighs, in its order."""
    paid, tags, loose = _evidence(coinbase, registry)
    marks, covered = _ranked(paid, tags, registry)
    return Findings(marks, covered, loose)


def _evidence(coinbase: Coinbase, registry: Registry) -> tuple[_Paid, frozenset[int], bool]:
    paid = _paid(coinbase.outputs, registry)
    text = signed_text(coinbase)
    tags = registry.index.tags_in(text)
    if paid or tags:
        return paid, tags, False
    return paid, registry.index.loose_tags_in(text), True


def _paid(outputs: tuple[Output, ...], registry: Registry) -> _Paid:
    """The payouts to pools. An output without value pays nobody, unless no output has any."""
    payees = registry.index.payees
    hits = [output for output in outputs if output.script in payees]
    if not hits:
        return frozenset()
    most = max([output.value_sat for output in outputs])
    return frozenset([(hit.script, hit.value_sat == most) for hit in hits if hit.value_sat or not most])


def _judge(paid: _Paid, tags: frozenset[int], registry: Registry) -> Attribution:
    marks, _ = _ranked(paid, tags, registry)
    candidates = tuple(dict.fromkeys(mark.candidate for mark in marks))
    if not candidates:
        return Attribution(None, None, "", conflict=False, candidates=(), registry=registry.hash)
    first = candidates[0]
    conflict = any(candidate.pool != first.pool for candidate in candidates)
    return Attribution(first.pool, first.method, first.evidence, conflict, candidates, registry.hash)


def _ranked(paid: _Paid, tags: frozenset[int], registry: Registry) -> tuple[tuple[Mark, ...], tuple[Candidate, ...]]:
    """The marks, the one that decides first; and the tags that say nothing of their own."""
    index = registry.index
    marks: list[Mark] = []
    covered: list[Candidate] = []
    for script, takes_most in paid:
        payee = index.payees[script]
        candidate = Candidate(payee.pool, Method.ADDRESS, payee.address)
        marks.append(Mark(candidate, Rank.MAIN_PAYOUT if takes_most else Rank.SIDE_PAYOUT, 0))
    found = [index.tags[at] for at in tags]
    for tag in found:
        candidate = Candidate(tag.pool, Method.TAG, tag.evidence)
        if any(tag.text in longer.text and tag is not longer for longer in found):
            covered.append(candidate)
        else:
            marks.append(Mark(candidate, Rank.GENERIC_TAG if tag.generic else Rank.SPECIFIC_TAG, len(tag.text)))
    marks.sort(key=lambda mark: (mark.rank, -mark.length, mark.candidate.pool, mark.candidate.evidence))
    covered.sort(key=lambda candidate: (candidate.pool, candidate.evidence))
    return tuple(marks), tuple(covered)
