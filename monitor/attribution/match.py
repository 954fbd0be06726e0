"""The rules: all evidence in a coinbase, and which piece of it decides.

An address on the output that takes the most of the reward outranks an address on a smaller one, that outranks a tag,
and a specific tag outranks a generic one. Among equals the longest tag wins, then the alphabet. Money outranks words
because a tag costs its writer nothing. A contradiction is kept, not hidden.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from monitor.attribution.commitments import signed_text
from monitor.attribution.miners import inner_miner
from monitor.attribution.registry import Registry
from monitor.model import Attribution, Candidate, Coinbase, Method, Output

_MAX_VERDICTS = 10_000

_Paid: TypeAlias = frozenset[tuple[bytes, bool]]
"""Scripts that pay a pool, each with whether it takes the most."""


def attribute(coinbase: Coinbase, registry: Registry) -> Attribution:
    """Who mined the block with this coinbase, by this registry."""
    paid = _paid(coinbase.outputs, registry)
    text = signed_text(coinbase)
    tags = registry.index.tags_in(text)
    if not paid and not tags:
        tags = registry.index.loose_tags_in(text)
    verdict = registry.verdicts.get((paid, tags))
    if verdict is None:
        if len(registry.verdicts) >= _MAX_VERDICTS:
            registry.verdicts.clear()
        verdict = registry.verdicts[paid, tags] = _judge(paid, tags, registry)
    miner = inner_miner(coinbase.script, verdict.pool)
    return verdict if miner is None else replace(verdict, miner=miner)


def _paid(outputs: tuple[Output, ...], registry: Registry) -> _Paid:
    """The payouts to pools. An output without value pays nobody, unless no output has any."""
    payees = registry.index.payees
    hits = [output for output in outputs if output.script in payees]
    if not hits:
        return frozenset()
    most = max([output.value_sat for output in outputs])
    return frozenset([(hit.script, hit.value_sat == most) for hit in hits if hit.value_sat or not most])


def _judge(paid: _Paid, tags: frozenset[int], registry: Registry) -> Attribution:
    index = registry.index
    ranked: list[tuple[int, int, Candidate]] = []
    for script, takes_most in paid:
        payee = index.payees[script]
        ranked.append((0 if takes_most else 1, 0, Candidate(payee.pool, Method.ADDRESS, payee.address)))
    found = [index.tags[at] for at in tags]
    for tag in found:
        if any(tag.text in longer.text and tag is not longer for longer in found):
            continue  # part of a longer tag that is there too: it says nothing of its own
        ranked.append((3 if tag.generic else 2, -len(tag.text), Candidate(tag.pool, Method.TAG, tag.evidence)))
    ranked.sort(key=lambda entry: (entry[0], entry[1], entry[2].pool, entry[2].evidence))
    candidates = tuple(dict.fromkeys(candidate for _, _, candidate in ranked))
    if not candidates:
        return Attribution(None, None, "", conflict=False, candidates=(), registry=registry.hash)
    first = candidates[0]
    conflict = any(candidate.pool != first.pool for candidate in candidates)
    return Attribution(first.pool, first.method, first.evidence, conflict, candidates, registry.hash)
