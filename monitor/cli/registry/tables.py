"""Tables of the registry: its content, disagreements of its sources, changes by a newer copy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.attribution.frequent import Frequent
from monitor.cli.tables import facts, table
from monitor.errors import InputError
from monitor.model import PoolSlug
from monitor.registry import Pool
from monitor.registry.changes import Changes
from monitor.registry.decisions import Decision, Decisions
from monitor.registry.lists import Copy
from monitor.registry.loading import Registry
from monitor.registry.memberships import ASPECTS, Membership
from monitor.registry.update import Proposal
from monitor.text import printable

if TYPE_CHECKING:
    from monitor.processing.reattribution import ReattributionResult

_INDICES = ("hhi", "nakamoto", "effective_entities")
"""Those by which a re-attribution is reported."""


def as_object(known: Registry, slug: PoolSlug, now: int) -> dict[str, Any]:
    """One pool with details, as a JSON object.

    Args:
        known: the registry.
        slug: the pool.
        now: Unix time at which the memberships are evaluated.

    Raises:
        InputError: the pool is unknown.
    """
    pool = _pool(known, slug)
    return {
        "slug": pool.slug, "name": pool.name, "kind": pool.kind, "link": pool.link, "addresses": pool.addresses,
        "tags": pool.tags, "plain_tags": pool.plain_tags, "sources": pool.sources,
        **known.memberships.at(slug, now),
        "memberships": [
            {**{aspect: getattr(row, aspect) for aspect in ASPECTS}, "since": _day(row.since), "until": _day(row.until),
             "evidence": _day(row.evidence), "confidence": row.confidence.name.lower(),
             "counts": row.confidence >= known.memberships.min_confidence,
             "source": row.source, "note": row.note}
            for row in _rows(known, slug)
        ],
    }  # fmt: skip


def all_pools(known: Registry, now: int, copies: Mapping[str, Copy]) -> RenderableType:
    """A row for each pool, and the origin of the lists."""
    columns = ("pool", "name", "kind", "addresses", "tags", "lists", *ASPECTS)
    rows = table(*columns, right=("addresses", "tags"))
    for slug, pool in known.pools.by_slug.items():
        held = known.memberships.at(slug, now)
        tags = len(pool.tags) + len(pool.plain_tags)
        rows.add_row(
            slug, Text(pool.name), pool.kind, _count(len(pool.addresses)), _count(tags), ", ".join(pool.sources),
            *(Text(held[aspect] or "") for aspect in ASPECTS),
        )  # fmt: skip
    registry = known.pools
    head = Text(f"{len(registry.by_slug)} pools, {len(registry.custodians)} custodians, content {registry.hash}")
    return Group(rows, head, *(Text(_origin(copy), style="dim") for copy in copies.values()))


def one_pool(known: Registry, slug: PoolSlug, now: int) -> RenderableType:
    """One pool with details.

    Raises:
        InputError: the pool is unknown.
    """
    pool = _pool(known, slug)
    held = known.memberships.at(slug, now)
    details: dict[str, Iterable[str]] = {
        "Slug": [slug], "Kind": [pool.kind], "Link": [pool.link], "Lists": [", ".join(pool.sources)],
        "Addresses": pool.addresses, "Tags": map(printable, pool.tags),
        "Plain tags": map(printable, pool.plain_tags),
        **{aspect.capitalize(): [held[aspect] or ""] for aspect in ASPECTS},
    }  # fmt: skip
    grid = facts((name, "\n".join(values)) for name, values in details.items())
    parts: list[RenderableType] = [Text(pool.name, style="bold"), grid]
    if rows := _rows(known, slug):
        parts.append(_memberships(rows, known))
    return Group(*parts)


def disagreements(copies: Mapping[str, Copy], decided: Decisions) -> RenderableType:
    """Contradictions between the lists, and other decisions about them."""
    claims = {
        source: {
            mark: pool.slug
            for pool in copy.list.pools
            for mark in (*(("address", text) for text in pool.addresses), *(("tag", text) for text in pool.tags))
        }
        for source, copy in copies.items()
    }
    first, second = claims.values()
    claimed = table("mark", *copies, "here", "reason")
    for mark in sorted(first.keys() & second.keys()):
        if first[mark] != second[mark]:
            here, why = _resolved(mark, {first[mark], second[mark]}, decided)
            claimed.add_row(Text(printable(mark[1])), first[mark], second[mark], here, Text(why))
    others = table("decision", "about", "reason")
    for decision in decided.entries:
        if decision.word not in {"same", "give"}:
            others.add_row(decision.word, Text(_about(decision)), Text(decision.reason))
    return Group(
        Text("Claimed by two pools", style="bold"), claimed,
        Text("Other decisions", style="bold"), others, *_only_in(claims),
    )  # fmt: skip


def proposal(proposed: Proposal) -> RenderableType:
    """What newer copies would change, and doubts about them."""
    parts: list[RenderableType] = [Text(_origin(copy), style="dim") for copy in proposed.copies]
    if proposed.changes is not None:
        parts += list(_changes(proposed.changes)) or [Text("No changes.")]
    parts += [Text(f"note: {note}", style="dim") for note in proposed.notes]
    parts += [Text(f"doubt: {doubt}", style="bold red") for doubt in proposed.doubts]
    return Group(*parts)


def unknown(found: Frequent) -> RenderableType:
    """What blocks of unknown miners share, with entries for the user's registry file."""
    if not found.texts and not found.payouts:
        return Text("No two stored blocks of unknown miners share any evidence.")
    parts: list[RenderableType] = []
    for title, suggestions in (("Same text", found.texts), ("Same payout", found.payouts)):
        shared = table("mark", "blocks", "example")
        for each in suggestions:
            shared.add_row(Text(printable(each.mark)), f"{each.blocks:,}", Text(printable(each.example)))
        if suggestions:
            parts += [Text(title, style="bold"), shared]
    entries = [each.entry for each in (*found.texts, *found.payouts) if each.entry]
    text = "\n".join("\n".join(map(printable, entry.splitlines())) + "\n" for entry in dict.fromkeys(entries))
    return Group(*parts, Text("Entries for registry.user_file", style="bold"), Text(text))


def reattribution(found: ReattributionResult) -> RenderableType:
    """Blocks that moved from one pool to another, and the indices that differ."""
    if not found.moved:
        return Text(f"No block moved from one pool to another (registry {found.registry}).")
    moved = table("from", "to", "blocks", right=("blocks",))
    for each in found.moved:
        moved.add_row(each.before or "unknown", each.after or "unknown", f"{each.blocks:,}")
    indices = table("level", "window", "index", "before", "after", right=("before", "after"))
    for old, new in zip(found.before, found.after, strict=True):
        for name in _INDICES if old.split and new.split else ():
            was, becomes = (f"{getattr(each, name):,.4g}" for each in (old.split, new.split))
            if was != becomes:
                indices.add_row(new.level, new.window.name, name, was, becomes)
    return Group(moved, indices if indices.row_count else Text("No index moved."))


def _changes(found: Changes) -> Iterator[RenderableType]:
    for slug in found.added:
        yield Text(f"+ pool {slug}", style="green")
    for slug in found.removed:
        yield Text(f"- pool {slug}", style="red")
    for slug, before, after in found.renamed:
        yield Text(f"~ pool {slug}: name from {before} to {after}")
    for moved in found.moved:
        mark = f"{moved.kind} {printable(moved.text)}"
        if moved.before is None:
            yield Text(f"+ {mark}: {moved.after}", style="green")
        elif moved.after is None:
            yield Text(f"- {mark}: {moved.before}", style="red")
        else:
            yield Text(f"~ {mark}: from {moved.before} to {moved.after}", style="yellow")


def _resolved(mark: tuple[str, str], claimants: AbstractSet[str], decided: Decisions) -> tuple[str, str]:
    """The pool that this registry gives a mark to, and the reason."""
    if decision := decided.on(*mark):
        owner = decision.entry.get("pool") if decision.word in {"give", "add"} else decision.entry.get("name")
        return str(owner or "no pool"), decision.reason
    owners = {decided.aliases.get(slug, slug) for slug in claimants}
    if len(owners) == 1:
        alias = next(each for each in decided.of_word("same") if each.entry["other"] in claimants)
        return owners.pop(), alias.reason
    return "undecided", ""


def _only_in(claims: Mapping[str, Mapping[tuple[str, str], str]]) -> Iterator[Text]:
    (first, ours), (second, theirs) = claims.items()
    for source, mine, other in ((first, ours, theirs), (second, theirs, ours)):
        alone = [kind for kind, _ in mine.keys() - other.keys()]
        yield Text(f"Only in {source}: {alone.count('address')} addresses, {alone.count('tag')} tags.", style="dim")


def _about(decision: Decision) -> str:
    entry = decision.entry
    marks = [printable(text) for _, text in decision.marks] + list(entry.get("plain_tags", ()))
    few = ", ".join(marks[:3]) + (f" and {len(marks) - 3} more" if len(marks) > 3 else "")
    name = entry.get("pool") or entry.get("name") or ", ".join(entry.get("pools", ()))
    return ": ".join(filter(None, (name, few)))


def _memberships(rows: Iterable[Membership], known: Registry) -> Table:
    made = table("since", "until", *ASPECTS, "evidence", "confidence", "source")
    for row in rows:
        counts = row.confidence >= known.memberships.min_confidence
        sure = row.confidence.name.lower() + (", evidence is old" if row.aged else "")
        sure += "" if counts else ", does not count"
        made.add_row(
            _day(row.since), _day(row.until), *(Text(getattr(row, aspect) or "") for aspect in ASPECTS),
            _day(row.evidence), sure, Text(row.source), style="" if counts else "dim",
        )  # fmt: skip
    return made


def _rows(known: Registry, slug: PoolSlug) -> list[Membership]:
    return [row for row in known.memberships.rows if row.pool == slug]


def _pool(known: Registry, slug: PoolSlug) -> Pool:
    try:
        return known.pools.by_slug[slug]
    except KeyError:
        raise InputError(f"unknown pool {slug!r}", remedy="`pool-monitor registry show` lists all pools") from None


def _origin(copy: Copy) -> str:
    when = f"fetched {copy.taken} from {copy.origin}" if copy.taken else "as shipped"
    return f"list {copy.list.source}: {len(copy.list.pools)} pools, {when}"


def _day(day: object) -> str | None:
    return str(day) if day else None


def _count(number: int) -> str:
    return str(number) if number else ""
