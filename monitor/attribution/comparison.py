"""Why another system attributes a block to another pool, in a sentence."""

from __future__ import annotations

from monitor.attribution.commitments import signed_text
from monitor.attribution.foreign_rules import CrateRules, ForeignRules, MempoolRules, Verdict
from monitor.model import Attribution, Coinbase, Method, PoolSlug
from monitor.registry.decisions import Decision, Decisions
from monitor.registry.registry import PoolRegistry


def slug_here(verdict: Verdict | None, decisions: Decisions) -> PoolSlug | None:
    """The pool of a verdict under our slug."""
    if verdict is None:
        return None
    return PoolSlug(decisions.aliases.get(verdict.pool.slug, verdict.pool.slug))


class Contrast:
    """Compares one other system with one registry of ours."""

    def __init__(self, rules: ForeignRules, registry: PoolRegistry, decisions: Decisions) -> None:
        self.rules = rules
        self._registry = registry
        self._decisions = decisions
        listed = [(kind, text) for pool in rules.known.pools
                  for kind, texts in (("address", pool.addresses), ("tag", pool.tags)) for text in texts]  # fmt: skip
        self._listed = set(listed)

    def why(self, coinbase: Coinbase, ours: Attribution, verdict: Verdict | None) -> str | None:
        """Why its verdict on a coinbase is not ours; None if it is."""
        theirs = slug_here(verdict, self._decisions)
        if theirs == ours.pool:
            return None
        if verdict is None:
            return self._why_they_find_nothing(coinbase, ours)
        return self._why_they_find_another(coinbase, ours, verdict, theirs=str(theirs))

    def _why_they_find_nothing(self, coinbase: Coinbase, ours: Attribution) -> str:
        mark = ours.evidence
        if ours.method is Method.ADDRESS:
            if ("address", mark) not in self._listed:
                return f"its list does not know the address {mark}"
            return "it does not count addresses there"
        tag = self._tag(ours)
        if ("tag", tag) not in self._listed:
            return f"its list does not know the tag {mark!r}"
        if tag.encode() not in coinbase.script:
            return f"it distinguishes upper and lower case, and the coinbase spells {mark!r} differently"
        if isinstance(self.rules, MempoolRules) and not tag.isascii():
            return "it reads one letter from each byte, so that a tag outside ASCII is never found"
        if isinstance(self.rules, MempoolRules):
            return f"it reads tags as regular expressions, and {mark!r} is another text as one"
        return "it reads the script as UTF-8 without line feeds, which breaks the tag"

    def _why_they_find_another(self, coinbase: Coinbase, ours: Attribution, verdict: Verdict, *, theirs: str) -> str:
        kind, mark = str(verdict.method), verdict.mark
        if (decision := self._decisions.on(kind, mark)) and not self._is_ours(kind, mark, theirs):
            return f"it takes {kind} {mark!r} for {theirs}'s; {_decided(decision)}"
        if verdict.method is Method.ADDRESS and not self._is_ours(kind, mark, theirs):
            return f"its list gives the address {mark} to {theirs}, ours does not"
        if any(candidate.pool == theirs for candidate in ours.candidates):
            return self._why_ours_outranks(ours, verdict)
        if verdict.method is Method.ADDRESS:
            return f"it counts an output without value to the address {mark}"
        if mark.encode() not in coinbase.script:
            return self._why_only_they_see(coinbase, verdict)
        if mark.encode() not in signed_text(coinbase):
            return f"{mark!r} stands inside a commitment to another chain, where it does not sign the block"
        longer = [text for pool in self._registry.by_slug.values() for text in pool.tags
                  if mark in text and mark != text and text.encode() in coinbase.script]  # fmt: skip
        if longer:
            return f"{mark!r} is only a part of the tag {max(longer, key=len)!r}"
        return f"its list gives the tag {mark!r} to {theirs}, ours does not"

    def _why_ours_outranks(self, ours: Attribution, verdict: Verdict) -> str:
        if ours.method is Method.ADDRESS and verdict.method is Method.TAG:
            reason = "its list does not know the address"
            if ("address", ours.evidence) in self._listed:
                reason = "its list has that pool first, and for each pool it asks for address and tag together"
            return f"{ours.evidence} is paid, the tag {verdict.mark!r} is only words; {reason}"
        if ours.method is Method.ADDRESS:
            order = "the smallest output first" if isinstance(self.rules, CrateRules) else "its list's order"
            return f"two pools are paid: it decides by {order}, ours by the largest amount"
        if verdict.method is Method.ADDRESS:
            return f"it takes any payout; {verdict.mark} gets too little of the reward to decide here"
        if ours.pool is None:
            return f"{verdict.mark!r} stands where a worker or customer can write, which decides nothing here"
        return (
            f"two tags are there: it takes {verdict.mark!r}, first in its list, "
            "ours the one at the start of the text, then the more specific, then longer"
        )

    def _why_only_they_see(self, coinbase: Coinbase, verdict: Verdict) -> str:
        if verdict.mark.lower().encode() in coinbase.script.lower():
            return (
                f"it takes capitals and small letters as equal in {verdict.mark!r}; ours does so only for long tags, "
                "and where nothing else is found"
            )
        if isinstance(self.rules, MempoolRules):
            return f"it reads tags as regular expressions, and {verdict.mark!r} matches other text"
        return f"it leaves line feeds out, and so finds {verdict.mark!r}"

    def _is_ours(self, kind: str, mark: str, slug: str) -> bool:
        pool = self._registry.by_slug.get(PoolSlug(slug))
        if pool is None:
            return False
        return mark in (pool.addresses if kind == "address" else (*pool.tags, *pool.plain_tags))

    def _tag(self, ours: Attribution) -> str:
        """The tag behind the evidence, which is written so that it is safe to show."""
        index = self._registry.index
        return next(tag.text.decode() for tag in index.tags if tag.evidence == ours.evidence and tag.pool == ours.pool)


def _decided(decision: Decision) -> str:
    match decision.word:
        case "custodian":
            where = f"here it is the custodian {decision.entry['name']}'s"
        case "give":
            where = f"here it is {decision.entry['pool']}'s"
        case "drop":
            where = "here no pool has it"
        case _:
            where = "decided otherwise here"
    return f"{where}: {decision.reason}"
