"""Two upstream lists and our decisions to one registry, as text. Refuses to guess.

A list is an array of objects `id, name, addresses, tags, link`, as mempool/mining-pools and bitcoin-data/mining-pools
publish it. An address or tag that two pools claim must be decided; a decision that decides nothing is an error, so that
decisions do not outlive their reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.attribution.address import script_of
from monitor.attribution.pool import Kind, slug_of
from monitor.errors import RegistryError

OURS = "ours"
"""The source of what only the decisions say."""
_TEST_NETWORKS = ("testnet4", "signet")
"""Their addresses look the same, so an address of one is listed under both."""

_LINE = 100


@dataclass
class _Draft:
    """A pool while it is put together."""

    name: str
    link: str = ""
    kind: str = Kind.POOL
    marks: dict[str, set[str]] = field(default_factory=lambda: {"address": set(), "tag": set()})
    plain: set[str] = field(default_factory=set)
    sources: dict[str, None] = field(default_factory=dict)


def merge(lists: Mapping[str, list[dict[str, Any]]], decisions: dict[str, list[dict[str, Any]]]) -> str:
    """The registry's text, without the comment at its head.

    Args:
        lists: by source; where they differ in a name or link, the first wins.
        decisions: arrays `same`, `give`, `drop`, `custodian`, `add`, `plain`, `kind`, as decisions.toml explains.

    Raises:
        RegistryError: something is claimed twice and not decided, or decided and not claimed.
    """
    unknown = set(decisions) - {"same", "give", "drop", "custodian", "add", "plain", "kind"}
    if unknown:
        raise RegistryError(f"decisions: unknown kind {min(unknown)!r}: correct it")
    drafts = _gather(lists, {entry["other"]: entry["slug"] for entry in decisions.get("same", [])})
    for entry in decisions.get("give", []):
        _give(drafts, entry)
    for entry in decisions.get("drop", []):
        for kind, text in _marks(entry):
            _remove(drafts, entry["pool"], kind, text)
    for entry in decisions.get("custodian", []):
        for kind, text in _marks(entry):
            for slug in _claimants(drafts, kind, text) or [f"any pool for custodian {entry['name']}"]:
                _remove(drafts, slug, kind, text)
    for entry in decisions.get("add", []):
        _add(drafts, entry)
    for entry in decisions.get("plain", []):
        for text in entry["tags"]:
            owner = _one(drafts, "tag", text)
            owner.marks["tag"].remove(text)
            owner.plain.add(text)
    for entry in decisions.get("kind", []):
        for slug in entry["pools"]:
            _draft(drafts, slug).kind = Kind(entry["kind"])
    _require_single_claims(drafts)
    return _render(drafts, decisions.get("custodian", []))


def _gather(lists: Mapping[str, list[dict[str, Any]]], same: dict[str, str]) -> dict[str, _Draft]:
    drafts: dict[str, _Draft] = {}
    renamed = set()
    for source, pools in lists.items():
        for pool in pools:
            slug: str = slug_of(pool["name"])
            if slug in same:
                renamed.add(slug)
                slug = same[slug]
            draft = drafts.setdefault(slug, _Draft(pool["name"]))
            draft.link = draft.link or pool["link"]
            draft.marks["address"].update(pool["addresses"])
            draft.marks["tag"].update(pool["tags"])
            draft.sources[source] = None
    for other, slug in same.items():
        if other not in renamed or slug_of(_draft(drafts, slug).name) != slug:
            raise RegistryError(f"decisions.same: no list has both {other!r} and {slug!r}: remove the decision")
    return drafts


def _give(drafts: dict[str, _Draft], entry: dict[str, Any]) -> None:
    ((kind, text),) = _marks(entry)
    others = [slug for slug in _claimants(drafts, kind, text) if slug != entry["pool"]]
    if not others:
        raise RegistryError(f"decisions.give: nobody else claims {kind} {text!r}: remove the decision")
    for slug in others:
        drafts[slug].marks[kind].remove(text)
    _draft(drafts, entry["pool"]).marks[kind].add(text)


def _add(drafts: dict[str, _Draft], entry: dict[str, Any]) -> None:
    draft = drafts.get(entry["pool"])
    if draft is None:
        draft = drafts[entry["pool"]] = _Draft(entry["name"], entry["link"])
    for kind, text in _marks(entry):
        if text in draft.marks[kind]:
            raise RegistryError(f"decisions.add: {entry['pool']} has {kind} {text!r} by now: remove the decision")
        draft.marks[kind].add(text)
    draft.plain.update(entry.get("plain_tags", ()))
    draft.sources[OURS] = None


def _marks(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """The addresses and tags that a decision is about."""
    single = [(kind, entry[kind]) for kind in ("address", "tag") if kind in entry]
    return [
        *single,
        *(("address", text) for text in entry.get("addresses", ())),
        *(("tag", text) for text in entry.get("tags", ())),
    ]


def _draft(drafts: dict[str, _Draft], slug: str) -> _Draft:
    if slug not in drafts:
        raise RegistryError(f"decisions: no list knows pool {slug!r}: correct or remove the decision")
    return drafts[slug]


def _claimants(drafts: dict[str, _Draft], kind: str, text: str) -> list[str]:
    return [slug for slug, draft in drafts.items() if text in draft.marks[kind]]


def _one(drafts: dict[str, _Draft], kind: str, text: str) -> _Draft:
    claimants = _claimants(drafts, kind, text)
    if len(claimants) != 1:
        raise RegistryError(f"decisions: {kind} {text!r} has {len(claimants)} pools instead of one: correct it")
    return drafts[claimants[0]]


def _remove(drafts: dict[str, _Draft], slug: str, kind: str, text: str) -> None:
    if slug not in drafts or text not in drafts[slug].marks[kind]:
        raise RegistryError(f"decisions: {kind} {text!r} is not claimed by {slug}: remove the decision")
    drafts[slug].marks[kind].remove(text)


def _require_single_claims(drafts: dict[str, _Draft]) -> None:
    for kind in ("address", "tag"):
        for text in sorted({text for draft in drafts.values() for text in draft.marks[kind]}):
            claimants = _claimants(drafts, kind, text)
            if len(claimants) > 1:
                raise RegistryError(f"{kind} {text!r} is claimed by {' and '.join(claimants)}: decide it")


# -- writing -----------------------------------------------------------------------------------------------------------


def _render(drafts: dict[str, _Draft], custodians: Iterable[dict[str, Any]]) -> str:
    main: list[str] = []
    test: list[str] = []
    for slug, draft in sorted(drafts.items()):
        addresses = sorted(draft.marks["address"])
        elsewhere = [address for address in addresses if not _is_on(address, "main")]
        main += _table("main.pool", _entry(slug, draft, [a for a in addresses if a not in elsewhere]))
        if elsewhere:
            test += _table("{network}.pool", _entry(slug, draft, elsewhere))
    for entry in custodians:
        main += _table("main.custodian", {"name": entry["name"], "addresses": sorted(entry["addresses"])})
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
        "kind": str(draft.kind),
        "link": draft.link,
        "addresses": addresses,
        "tags": sorted(draft.marks["tag"]),
        "plain_tags": sorted(draft.plain),
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
