"""All that is known of one pool, as JSON: what it is, what it mined, and what its blocks tell of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from monitor.model import BlockRecord, PoolMembership, Profile, Race, Signals, Snapshot
from monitor.outputs.web import estimates, render
from monitor.outputs.web.ports import Directory
from monitor.outputs.web.signals import row

_LEVEL = "pool"


def known(slug: str, snapshot: Snapshot, directory: Directory) -> bool:
    """Whether there is anything to tell: the registry knows it, or it is a pseudonym that mined lately."""
    return directory.profile(slug) is not None or bool(shares(slug, snapshot))


def brief(profile: Profile, snapshot: Snapshot, directory: Directory) -> dict[str, Any]:
    """A pool in a list of them."""
    return {
        "slug": profile.slug,
        "name": profile.name,
        "kind": profile.kind,
        "link": profile.link or None,
        "belongs": dict(directory.belongs(profile.slug, snapshot.tip.time)),
        "shares": shares(profile.slug, snapshot),
    }


def whole(slug: str, snapshot: Snapshot, directory: Directory, newest: Sequence[BlockRecord]) -> dict[str, Any]:
    """A pool with everything.

    Args:
        slug: a pool's, or a pseudonym.
        snapshot: what is counted.
        directory: who is who.
        newest: its newest blocks, highest first, whose evidence and payouts are told.
    """
    profile = directory.profile(slug)
    return {
        "slug": slug,
        "name": profile.name if profile else slug,
        "kind": profile.kind if profile else None,
        "link": (profile.link or None) if profile else None,
        "belongs": dict(directory.belongs(slug, snapshot.tip.time)),
        "memberships": [_membership(each) for each in profile.memberships] if profile else [],
        "addresses": list(profile.addresses) if profile else [],
        "tags": list(profile.tags) if profile else [],
        "sources": list(profile.sources) if profile else [],
        "shares": shares(slug, snapshot),
        "changes": [
            each for each in estimates.changes(snapshot) or () if (each["level"], each["entity"]) == (_LEVEL, slug)
        ],
        "signals": _signals(slug, snapshot),
        "newest": _newest(newest, directory),
    }


def shares(slug: str, snapshot: Snapshot) -> list[dict[str, Any]]:
    """What it has of each window in which it mined anything."""
    return [
        {"window": one.window.name, "of": one.blocks, **render.share(share, snapshot)}
        for one in snapshot.concentration
        if one.level == _LEVEL
        for share in one.shares
        if share.entity == slug
    ]


def _membership(membership: PoolMembership) -> dict[str, Any]:
    return {
        **asdict(membership),
        "since": membership.since.isoformat() if membership.since else None,
        "until": membership.until.isoformat() if membership.until else None,
    }


def _signals(slug: str, snapshot: Snapshot) -> dict[str, Any]:
    seen = snapshot.signals or Signals()

    def its(rows: Iterable[Any]) -> list[dict[str, Any]]:
        return [row(each, snapshot) for each in rows if each.pool == slug]

    def yes(rows: Iterable[Any]) -> list[dict[str, Any]]:
        return [
            {"window": each.window, "bit": each.bit, "blocks": each.pools[slug]} for each in rows if slug in each.pools
        ]

    return {
        "streak": next(iter(its(seen.streaks)), None),
        "luck": its(seen.luck),
        "empty_blocks": its(seen.empty),
        "rewards": its(seen.rewards),
        "signalling": yes(seen.signalling),
        "bip54": yes(seen.bip54),
        "race_record": next(iter(its(seen.race_records)), None),
        "races": [row(each, snapshot) for each in seen.races if _took_part(slug, each)],
    }


def _took_part(slug: str, race: Race) -> bool:
    return slug in race.losers or slug in race.winners


def _newest(records: Sequence[BlockRecord], directory: Directory) -> dict[str, Any]:
    """What its newest blocks show: by which marks they were known, and whom they pay most."""
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
            {"address": directory.address(script), "script_hex": script.hex(), "blocks": blocks}
            for script, blocks in payouts.most_common()
        ],
    }  # fmt: skip


def by_window(told: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is told of a pool for each window, under the window's name: a table reads it by rows."""
    found: dict[str, dict[str, Any]] = {each["window"]: {"share": each} for each in told["shares"]}
    for name in ("luck", "empty_blocks", "rewards"):
        for each in told["signals"][name]:
            if each["window"] in found:
                found[each["window"]][name] = each
    return found
