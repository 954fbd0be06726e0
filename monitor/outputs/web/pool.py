"""All that is known of one pool: what it is, what it mined, and what its blocks say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from monitor.model import BlockRecord, PoolSlug, Profile, Signalling, Signals, Snapshot
from monitor.outputs.schemas.concentration import Change
from monitor.outputs.schemas.pools import Pool, PoolShare, PoolSummary
from monitor.outputs.web.ports import Directory

_LEVEL = "pool"


def known(slug: str, snapshot: Snapshot, directory: Directory) -> bool:
    """Whether the registry has the pool, or it is a pseudonym with blocks in a window."""
    return directory.profile(slug) is not None or bool(shares(slug, snapshot))


def brief(profile: Profile, snapshot: Snapshot, directory: Directory) -> PoolSummary:
    """A pool in a list."""
    return PoolSummary.of(_summary(profile.slug, profile, snapshot, directory), snapshot.pool_names)


def whole(slug: str, snapshot: Snapshot, directory: Directory, newest: Sequence[BlockRecord]) -> Pool:
    """A pool with everything.

    Args:
        slug: of a pool, or a pseudonym.
        snapshot: what is counted.
        directory: the registry and the memberships.
        newest: its newest blocks, highest first.
    """
    profile = directory.profile(slug)
    changes = snapshot.estimates.changes if snapshot.estimates else ()
    return Pool.of(
        {
            "tip": snapshot,
            **_summary(slug, profile, snapshot, directory),
            "memberships": profile.ties if profile else (),
            "addresses": profile.addresses if profile else (),
            "tags": profile.tags if profile else (),
            "sources": profile.sources if profile else (),
            "changes": [Change.of(each) for each in reversed(changes) if (each.level, each.entity) == (_LEVEL, slug)],
            "signals": _signals(slug, snapshot.signals or Signals()),
            "newest": _newest(newest, directory),
        },
        snapshot.pool_names,
    )


def shares(slug: str, snapshot: Snapshot) -> list[PoolShare]:
    """Its share of each window in which it mined."""
    return [
        PoolShare.of({"window": one.window.name, "of": one.blocks, **share._asdict()}, snapshot.pool_names)
        for one in snapshot.concentration
        if one.level == _LEVEL
        for share in one.shares
        if share.entity == slug
    ]


def by_window(pool: Pool) -> dict[str, dict[str, Any]]:
    """Share, luck, empty blocks and rewards of each window, by its name: the rows of a table."""
    found: dict[str, dict[str, Any]] = {each.window: {"share": each.model_dump()} for each in pool.shares}
    for name in ("luck", "empty_blocks", "rewards"):
        for each in getattr(pool.signals, name):
            if each.window in found:
                found[each.window][name] = each
    return found


def _summary(slug: str, profile: Profile | None, snapshot: Snapshot, directory: Directory) -> dict[str, Any]:
    return {
        "slug": slug,
        "name": profile.name if profile else slug,
        "kind": profile.kind if profile else None,
        "link": (profile.link or None) if profile else None,
        "belongs": directory.belongs(slug, snapshot.tip.time),
        "shares": shares(slug, snapshot),
    }


def _signals(slug: str, seen: Signals) -> dict[str, Any]:
    def its(rows: Iterable[Any]) -> list[Any]:
        return [each for each in rows if each.pool == slug]

    def signalled(rows: Iterable[Signalling]) -> list[dict[str, Any]]:
        pool = PoolSlug(slug)
        return [
            {"window": each.window, "bit": each.bit, "blocks": each.pools[pool]} for each in rows if pool in each.pools
        ]

    return {
        "streak": next(iter(its(seen.streaks)), None),
        "luck": its(seen.luck),
        "empty_blocks": its(seen.empty),
        "rewards": its(seen.rewards),
        "signalling": signalled(seen.signalling),
        "bip54": signalled(seen.bip54),
        "race_record": next(iter(its(seen.race_records)), None),
        "races": [each for each in seen.races if slug in (*each.losers, *each.winners)],
    }


def _newest(records: Sequence[BlockRecord], directory: Directory) -> dict[str, Any]:
    """What identified its newest blocks, and where their largest outputs go."""
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
