"""Explains an attribution: all marks in the coinbase, the deciding rule, and the results of other systems."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitor.attribution import attribute
from monitor.attribution.commitments import commitments, signed_text
from monitor.attribution.comparison import Contrast, slug_here
from monitor.attribution.foreign_rules import CrateRules, MempoolRules
from monitor.attribution.match import SUBSTANTIAL_PERCENT, Findings, Mark, Rank, deciding, findings
from monitor.cli.attribute.inputs import Input
from monitor.cli.attribute.rows import Judge
from monitor.errors import PoolMonitorError
from monitor.model import Coinbase, Confidence, Method
from monitor.registry import lists
from monitor.registry.address import script_of

_KINDS = {
    Rank.MAJORITY_PAYOUT: "payout of at least half of the reward",
    Rank.SIGNATURE: "signature at the start of the text",
    Rank.SPECIFIC_TAG: "specific tag",
    Rank.SUBSTANTIAL_PAYOUT: f"payout of at least {SUBSTANTIAL_PERCENT} % of the reward",
    Rank.GENERIC_TAG: "generic tag, or one that its pool writes at the start",
    Rank.WRITTEN_TAG: "tag where a worker or customer can write, which does not decide",
    Rank.MINOR_PAYOUT: f"payout below {SUBSTANTIAL_PERCENT} % of the reward, which does not decide",
}


_CONFIDENCE = {
    Confidence.HIGH: "high: to forge this takes half of the reward",
    Confidence.MEDIUM: (
        f"medium: to forge this takes {SUBSTANTIAL_PERCENT} % of the reward with the pool's tag, or half of it while "
        "another pool signs"
    ),
    Confidence.LOW: f"low: to forge this takes a tag, or {SUBSTANTIAL_PERCENT} % of the reward",
    None: "",
}


class Explainer:
    """Explains attributions by one registry, compared with two other systems."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._registry = judge.registry
        self._decisions = lists.decisions()
        copies = lists.current_copies()
        network = self._registry.network
        systems = (MempoolRules(copies["mempool"].list, network), CrateRules(copies["bitcoin-data"].list, network))
        self._contrasts = [Contrast(rules, self._registry, self._decisions) for rules in systems]
        self._tags = {(tag.pool, tag.evidence): tag.text for tag in self._registry.index.tags}
        self._custodians = [
            (script_of(address, network), custodian.name, address)
            for custodian in self._registry.custodians
            for address in custodian.addresses
        ]

    def explain(self, given: Input) -> dict[str, Any]:
        """The row of one block with an `explanation`. Its text is safe to display."""
        if isinstance(given, PoolMonitorError):
            return self._judge.row(given)
        coinbase = given.coinbase
        found = findings(coinbase, self._registry)
        return {
            "height": given.height,
            "hash": given.hash,
            **self._judge.row(given),
            "explanation": {
                "registry": self._registry.hash,
                "rule": _rule(found),
                "confidence": _CONFIDENCE[attribute(coinbase, self._registry).confidence],
                "marks": [self._mark(mark, coinbase) for mark in found.marks],
                "covered": [
                    {"pool_slug": candidate.pool, "evidence": candidate.evidence} for candidate in found.covered
                ],
                "custodians": [
                    {"name": name, "address": address, "where": _payout(coinbase, at)}
                    for at, output in enumerate(coinbase.outputs)
                    for script, name, address in self._custodians
                    if output.script == script
                ],
                "commitments": [
                    {"to": each.chain, "where": _place(each.output)} for each in commitments(coinbase)
                ],
                "text": visible(signed_text(coinbase)),
                "others": list(self._others(coinbase)),
            },
        }  # fmt: skip

    def _mark(self, mark: Mark, coinbase: Coinbase) -> dict[str, Any]:
        candidate = mark.candidate
        if candidate.method is Method.ADDRESS:
            places = [_payout(coinbase, at) for at, output in enumerate(coinbase.outputs)
                      if output.script == script_of(candidate.evidence, self._registry.network)]  # fmt: skip
        else:
            text = self._tags[candidate.pool, candidate.evidence].lower()
            inside = [at for at, output in enumerate(coinbase.outputs) if text in output.script.lower()]
            places = ([_place(None)] if text in coinbase.script.lower() else []) + [_place(at) for at in inside]
        return {
            "pool_slug": candidate.pool,
            "method": candidate.method,
            "evidence": candidate.evidence,
            "rank": int(mark.rank),
            "kind": _KINDS[mark.rank],
            "where": ", ".join(places),
        }

    def _others(self, coinbase: Coinbase) -> Iterator[dict[str, Any]]:
        ours = attribute(coinbase, self._registry)
        for contrast in self._contrasts:
            verdict = contrast.rules.judge(coinbase)
            why = contrast.why(coinbase, ours, verdict)
            yield {
                "system": contrast.rules.name,
                "pool_slug": slug_here(verdict, self._decisions),
                "pool_name": verdict.pool.name if verdict else None,
                "method": verdict.method if verdict else None,
                "evidence": verdict.mark if verdict else "",
                "agrees": why is None,
                "why": why,
            }


def visible(text: bytes) -> str:
    """Untrusted bytes as text: printable ASCII, everything else replaced by a dot."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "·" for byte in text)


def _rule(found: Findings) -> str:
    """The deciding rule, as a sentence."""
    if not found.marks:
        return "no mark of a pool in the registry was found"
    first = deciding(found.marks)
    if first is None:
        if all(mark.rank.is_remark for mark in found.marks):
            return f"only {_KINDS[found.marks[0].rank]}"
        return "the evidence is evenly divided between pools, so none is named"
    how = _KINDS[first.rank]
    if found.loose:
        how += ", found only without regard to upper and lower case"
    rivals = [mark for mark in found.marks if mark.candidate.pool != first.candidate.pool and not mark.rank.is_remark]
    if not rivals:
        return f"{how}: no evidence for another pool"
    rival = rivals[0]
    if rival.strength == first.strength:
        return f"{how}: equal for another pool, decided by further evidence"
    if rival.rank > first.rank:
        return f"{how}: outranks {_KINDS[rival.rank]}"
    return f"{how}: the {'longest' if first.candidate.method is Method.TAG else 'largest'} one"


def _payout(coinbase: Coinbase, at: int) -> str:
    value, total = coinbase.outputs[at].value_sat, coinbase.value_sat
    share = f", {value / total:.1%} of the reward" if total else ""
    return f"output {at}: {value / 100_000_000:.8f} BTC{share}"


def _place(output: int | None) -> str:
    return "script" if output is None else f"output {output}"
