"""All that is known about a pool: the registry's data, what it mined, and what its blocks say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from monitor import model
from monitor.model import BlockFilter, BlockRecord, PoolSlug, Signalling, Signals, Snapshot
from monitor.outputs.schemas.pools import Pool, PoolSummary
from monitor.outputs.web.protocols import PoolDirectory
from monitor.outputs.web.sources import Sources

_LEVEL = "pool"
NEWEST = 100
"""Newest blocks of a pool that evidence and payouts are taken from."""

_Found = TypeVar("_Found", model.Advantage, model.StaleRate, model.Trend)


def is_known(slug: str, sources: Sources) -> bool:
    """Whether the registry has the pool, or it is a pseudonym with blocks in a window."""
    return sources.directory.profile(slug) is not None or slug in _shares(sources.snapshot)


def heights_of(slug: str, snapshot: Snapshot) -> tuple[int, ...] | None:
    """Heights of the blocks of a pseudonym, highest first: they are stored without it. None for a pool."""
    return next((each.heights for each in snapshot.unknown_miners if each.name == slug), None)


async def newest_blocks(slug: str, sources: Sources) -> list[BlockRecord]:
    """The newest blocks of a pool or pseudonym, highest first."""
    heights = heights_of(slug, sources.snapshot)
    if heights is not None:
        return await sources.store.selected(BlockFilter(unknown=True, heights=heights[:NEWEST]), NEWEST)
    if sources.past:
        return await sources.store.selected(BlockFilter(PoolSlug(slug), below=sources.past.tip.height + 1), NEWEST)
    return await sources.store.blocks_of(PoolSlug(slug), NEWEST)


def summaries(snapshot: Snapshot, directory: PoolDirectory) -> list[PoolSummary]:
    """Every pool of the registry, in a list."""
    shares, time = _shares(snapshot), snapshot.tip.time
    found = [
        {
            **_named(each.slug, each),
            "belongs": directory.belongs(each.slug, time),
            "shares": shares.get(each.slug, []),
        }
        for each in directory.profiles()
    ]
    return [PoolSummary.of(each, snapshot.pool_names) for each in found]


def profile(slug: str, newest: Sequence[BlockRecord], sources: Sources) -> Pool:
    """A pool with everything; `slug` may be a pseudonym."""
    snapshot, directory = sources.snapshot, sources.directory
    known = directory.profile(slug)
    changes = snapshot.estimates.changes if snapshot.estimates else ()
    about = {
        **_named(slug, known),
        "belongs": directory.belongs(slug, snapshot.tip.time),
        "shares": _shares(snapshot).get(slug, []),
        "tip": snapshot,
        "memberships": known.memberships if known else (),
        "addresses": known.addresses if known else (),
        "tags": known.tags if known else (),
        "sources": known.sources if known else (),
        "changes": [each for each in reversed(changes) if (each.level, each.entity) == (_LEVEL, slug)],
        "signals": _signals(PoolSlug(slug), snapshot.signals or Signals()),
        "newest": _newest(newest, directory),
    }
    return Pool.of(about, snapshot.pool_names)


def by_window(pool: Pool) -> dict[str, dict[str, Any]]:
    """Share, luck, empty blocks and rewards by window: the rows of a table."""
    found: dict[str, dict[str, Any]] = {each.window: {"share": each} for each in pool.shares}
    for name in ("luck", "empty_blocks", "rewards"):
        for each in getattr(pool.signals, name):
            found.get(each.window, {})[name] = each
    return found


def advantage(slug: str, snapshot: Snapshot) -> model.Advantage | None:
    """Its reward for a unit of work over the longest window in which it has an interval."""
    seen = snapshot.signals.advantages if snapshot.signals else ()
    return over_longest_window((each for each in seen if each.pool == slug and each.lower is not None), snapshot)


def stale_rate(slug: str, snapshot: Snapshot) -> model.StaleRate | None:
    """Its stale rate over the longest window; None without a known stale block of any pool."""
    seen = snapshot.signals.stale_rates if snapshot.signals else ()
    return over_longest_window((each for each in seen if each.pool == slug), snapshot)


def over_longest_window(found: Iterable[_Found], snapshot: Snapshot) -> _Found | None:
    """The one of the window with the most blocks; None if none is of a window of the snapshot."""
    sizes = {one.window.name: one.blocks for one in snapshot.concentration}
    known = (each for each in found if each.window in sizes)
    return max(known, key=lambda each: sizes[each.window], default=None)


def current(slug: str, snapshot: Snapshot) -> model.CurrentShare | None:
    """Its share now; None before there are estimates, or without a block."""
    known = snapshot.estimates.current if snapshot.estimates else ()
    return next((each for each in known if (each.level, each.entity) == (_LEVEL, slug)), None)


def _named(slug: str, known: model.Profile | None) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": known.name if known else slug,
        "kind": known.kind if known else None,
        "link": (known.link or None) if known else None,
    }


def _shares(snapshot: Snapshot) -> Mapping[str, list[dict[str, Any]]]:
    """By pool or pseudonym, its share of each window in which it mined."""
    found: dict[str, list[dict[str, Any]]] = {}
    for one in snapshot.concentration:
        if one.level == _LEVEL:
            window = {"window": one.window.name, "of": one.blocks, "complete": one.complete}
            for share in snapshot.shares(one):
                found.setdefault(share.entity, []).append(window | share._asdict())
    return found


def _signals(slug: PoolSlug, seen: Signals) -> dict[str, Any]:
    def its(rows: Iterable[Any]) -> list[Any]:
        return [each for each in rows if each.pool == slug]

    def signalling(rows: Iterable[Signalling]) -> list[dict[str, Any]]:
        signals = [each for each in rows if slug in each.pools]
        return [{"window": each.window, "bit": each.bit, "blocks": each.pools[slug]} for each in signals]

    return {
        "streak": next(iter(its(seen.streaks)), None),
        "luck": its(seen.luck),
        "empty_blocks": its(seen.empty),
        "rewards": its(seen.rewards),
        "advantages": its(seen.advantages),
        "signalling": signalling(seen.signalling),
        "bip54": signalling(seen.bip54),
        "race_record": next(iter(its(seen.race_records)), None),
        "stale_rates": its(seen.stale_rates),
        "races": [each for each in seen.races if slug in (*each.losers, *each.winners)],
    }


def _newest(records: Sequence[BlockRecord], directory: PoolDirectory) -> dict[str, Any]:
    """What identified its newest blocks, and the destinations of their largest outputs."""
    marks: Counter[tuple[str | None, str]] = Counter()
    payouts: Counter[bytes] = Counter()
    for record in records:
        attribution, outputs = record.judged.attribution, record.judged.block.coinbase.outputs
        marks[attribution.method, attribution.evidence] += 1
        payouts[max(outputs, key=lambda each: each.value_sat).script if outputs else b""] += 1
    return {
        "blocks": len(records),
        "conflicts": sum(record.judged.attribution.conflict for record in records),
        "evidence": [
            {"method": method, "evidence": evidence, "blocks": blocks}
            for (method, evidence), blocks in marks.most_common()
        ],
        "payouts": [
            {"address": directory.address(script), "script_hex": script, "blocks": blocks}
            for script, blocks in payouts.most_common()
        ],
    }
