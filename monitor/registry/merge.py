"""Upstream lists and our decisions to one registry, as text. Refuses to guess.

An address or tag that two pools claim must be decided. A decision without effect is reported, so that decisions do
not outlive their reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.registry.address import script_of
from monitor.registry.decisions import Decision, Decisions
from monitor.registry.pool import Kind, Place, slug_of
from monitor.registry.upstream import PoolList

OURS = "ours"
"""The source of what only the decisions say."""
_TEST_NETWORKS = ("testnet4", "signet")
"""Their addresses look the same, so an address of one is listed under both."""

_LINE = 100


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of the lists."""

    text: str
    """The registry, without a comment at its head; of no use while something is `undecided`."""
    undecided: tuple[str, ...]
    """Contradictions between the lists without a decision."""
    idle: tuple[str, ...]
    """Decisions that decide nothing."""


@dataclass
class _Draft:
    """A pool while it is put together."""

    name: str
    link: str = ""
    kind: str = Kind.POOL
    place: str = Place.ANYWHERE
    marks: dict[str, set[str]] = field(default_factory=lambda: {"address": set(), "tag": set()})
    plain: set[str] = field(default_factory=set)
    sources: dict[str, None] = field(default_factory=dict)


def merge(lists: Sequence[PoolList], decisions: Decisions) -> Merged:
    """Put the lists together, then apply the decisions, in the order of their kinds.

    Where lists differ in a name or link, the first wins.
    """
    drafts, renamed = _gather(lists, decisions)
    idle: list[str] = []
    for decision in decisions.entries:
        if decision.word in _CARRY_OUT:
            found = _CARRY_OUT[decision.word](drafts, decision)
            idle += [f"decisions.{decision.word}: {why}: remove it" for why in found]
    idle += [
        f"decisions.same: no list has both {other!r} and {slug!r}: remove it"
        for other, slug in decisions.aliases.items()
        if other not in renamed or slug not in drafts or slug_of(drafts[slug].name) != slug
    ]
    return Merged(_render(drafts, decisions.of_word("custodian")), tuple(_contradictions(drafts)), tuple(idle))


def _gather(lists: Sequence[PoolList], decisions: Decisions) -> tuple[dict[str, _Draft], set[str]]:
    drafts: dict[str, _Draft] = {}
    aliases = decisions.aliases
    renamed: set[str] = set()
    for one in lists:
        for pool in one.pools:
            slug: str = pool.slug
            if slug in aliases:
                renamed.add(slug)
                slug = aliases[slug]
            draft = drafts.setdefault(slug, _Draft(pool.name))
            draft.link = draft.link or pool.link
            draft.marks["address"].update(pool.addresses)
            draft.marks["tag"].update(pool.tags)
            draft.sources[one.source] = None
    return drafts, renamed


# -- applying decisions: each yields what had no effect ----------------------------------------------------------------


def _give(drafts: dict[str, _Draft], decision: Decision) -> Iterator[str]:
    ((kind, text),) = decision.marks
    slug = decision.entry["pool"]
    others = [other for other in _claimants(drafts, kind, text) if other != slug]
    if slug not in drafts:
        yield f"no list knows pool {slug!r}"
    elif not others:
        yield f"no other pool claims {kind} {text!r}"
    else:
        for other in others:
            drafts[other].marks[kind].remove(text)
        drafts[slug].marks[kind].add(text)


def _drop(drafts: dict[str, _Draft], decision: Decision) -> Iterator[str]:
    slug = decision.entry["pool"]
    for kind, text in decision.marks:
        if slug in drafts and text in drafts[slug].marks[kind]:
            drafts[slug].marks[kind].remove(text)
        else:
            yield f"{slug} does not claim {kind} {text!r}"


def _custodian(drafts: dict[str, _Draft], decision: Decision) -> Iterator[str]:
    for kind, text in decision.marks:
        claimants = _claimants(drafts, kind, text)
        for slug in claimants:
            drafts[slug].marks[kind].remove(text)
        if not claimants:
            yield f"no pool claims {kind} {text!r} of {decision.entry['name']}"


def _add(drafts: dict[str, _Draft], decision: Decision) -> Iterator[str]:
    entry = decision.entry
    draft = drafts.get(entry["pool"])
    if draft is None:
        if "name" not in entry:
            yield f"no list knows pool {entry['pool']!r}, and no name is given"
            return
        draft = drafts[entry["pool"]] = _Draft(entry["name"], entry.get("link", ""))
    for kind, text in decision.marks:
        if text in draft.marks[kind]:
            yield f"{entry['pool']} has {kind} {text!r} by now"
        draft.marks[kind].add(text)
    plain = set(entry.get("plain_tags", ()))
    draft.plain |= plain
    draft.marks["tag"] -= plain
    draft.sources[OURS] = None


def _plain(drafts: dict[str, _Draft], decision: Decision) -> Iterator[str]:
    for text in decision.entry["tags"]:
        claimants = _claimants(drafts, "tag", text)
        if not claimants:
            yield f"no pool has tag {text!r}"
        elif len(claimants) == 1:  # else it is a contradiction, and reported as one
            drafts[claimants[0]].marks["tag"].remove(text)
            drafts[claimants[0]].plain.add(text)


def _property(drafts: dict[str, _Draft], decision: Decision) -> Iterator[str]:
    """What a pool is, or where it signs."""
    for slug in decision.entry["pools"]:
        if slug in drafts:
            setattr(drafts[slug], decision.word, decision.entry[decision.word])
        else:
            yield f"no list knows pool {slug!r}"


_CARRY_OUT = {
    "give": _give, "drop": _drop, "custodian": _custodian, "add": _add, "plain": _plain,
    "kind": _property, "place": _property,
}  # fmt: skip
"""By kind of decision; those of the kind `same` are applied while gathering."""


def _claimants(drafts: dict[str, _Draft], kind: str, text: str) -> list[str]:
    return [slug for slug, draft in drafts.items() if text in draft.marks[kind]]


def _contradictions(drafts: dict[str, _Draft]) -> Iterator[str]:
    for kind in ("address", "tag"):
        owners: dict[str, list[str]] = {}
        for slug, draft in drafts.items():
            for text in draft.marks[kind] | (draft.plain if kind == "tag" else set()):
                owners.setdefault(text, []).append(slug)
        for text, claimants in sorted(owners.items()):
            if len(claimants) > 1:
                yield f"{kind} {text!r} is claimed by {' and '.join(claimants)}: decide it"


# -- writing -----------------------------------------------------------------------------------------------------------


def _render(drafts: dict[str, _Draft], custodians: Iterable[Decision]) -> str:
    main: list[str] = []
    test: list[str] = []
    for slug, draft in sorted(drafts.items()):
        addresses = sorted(draft.marks["address"])
        elsewhere = [address for address in addresses if not _is_on(address, "main")]
        main += _table("main.pool", _entry(slug, draft, [a for a in addresses if a not in elsewhere]))
        if elsewhere:
            test += _table("{network}.pool", _entry(slug, draft, elsewhere))
    for decision in custodians:
        addresses = sorted(text for _, text in decision.marks)
        main += _table("main.custodian", {"name": decision.entry["name"], "addresses": addresses})
    lines = main + [line.replace("{network}", network) for network in _TEST_NETWORKS for line in test]
    return "\n".join(lines).lstrip("\n") + "\n"


def _is_on(address: str, network: str) -> bool:
    try:
        script_of(address, network)
    except ValueError:
        return False
    return True


def _entry(slug: str, draft: _Draft, addresses: list[str]) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": draft.name,
        "kind": draft.kind,
        "link": draft.link,
        "addresses": addresses,
        "tags": sorted(draft.marks["tag"]),
        "plain_tags": sorted(draft.plain),
        "place": "" if draft.place == Place.ANYWHERE else draft.place,
        "sources": list(draft.sources),
    }


def _table(name: str, entry: dict[str, Any]) -> list[str]:
    lines = ["", f"[[{name}]]"]
    for key, value in entry.items():
        line = f"{key} = {_quoted(value)}"
        if isinstance(value, list) and len(line) > _LINE:
            lines += [f"{key} = [", *(f"  {_quoted(text)}," for text in value), "]"]
        elif value:
            lines.append(line)
    return lines


def _quoted(value: str | list[str]) -> str:
    """JSON's strings and arrays are TOML's too."""
    return json.dumps(value, ensure_ascii=False)
