"""The intervals that are shown: the published ones, of everything that is uncertain together.

Before there are estimates, shares at the level `pool` have their interval already: it depends on the blocks alone.
Nothing else has one then, as sampling is only a part of what is uncertain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.model import Combined, Concentration, CurrentShare, Estimates, Interval, Likely, Share, Snapshot
from monitor.outputs.schemas.concentration import for_window

_POOL = "pool"
_MONOPOLY = 10_000
_CHINA = "CN"
_CLAIMED = "30d"


@dataclass(frozen=True)
class ShareRow:
    """One entity in the table of shares."""

    entity: str
    blocks: int
    """0 for an entity that may have blocks, by memberships that are not counted."""
    share: float
    interval: Interval | None
    """The published one."""
    sampling: Interval | None
    """The part of sampling alone; None where that is all, or nothing is counted."""
    now: CurrentShare | None
    """The share now, its interval widened by what memberships and unknown blocks allow."""
    hashrate: float | None


def share_rows(one: Concentration, known: Estimates | None) -> Sequence[ShareRow]:
    """Every entity with blocks, largest first; then those that may have some, the most first."""
    combined = _combined(one, known)
    now = {each.entity: each for each in (known.current if known else ()) if each.level == one.level}
    counted = [_row(one, share, combined=combined, now=now.get(share.entity)) for share in one.shares]
    possible = combined.shares.keys() - {row.entity for row in counted} if combined else ()
    others = [
        ShareRow(entity, 0, 0.0, interval=combined.shares[entity], sampling=None, now=None, hashrate=None)
        for entity in possible
        if combined
    ]
    return [*counted, *sorted(others, key=lambda row: (-(row.interval.upper if row.interval else 0), row.entity))]


def _row(one: Concentration, share: Share, *, combined: Combined | None, now: CurrentShare | None) -> ShareRow:
    sampling = Interval(share.lower, share.upper)
    published = combined.shares.get(share.entity) if combined else None
    if one.level == _POOL:
        published = published or sampling
    return ShareRow(
        share.entity,
        share.blocks,
        share.share,
        interval=published,
        sampling=sampling if published and published != sampling else None,
        now=_widened(now, sampling, published) if now and published else None,
        hashrate=share.hashrate.value if share.hashrate else None,
    )


def _widened(now: CurrentShare, sampling: Interval, published: Interval) -> CurrentShare:
    """The share now is that of the memberships that count: what others allow is added to its interval."""
    return now._replace(
        lower=max(now.lower - (sampling.lower - published.lower), 0.0),
        upper=min(now.upper + (published.upper - sampling.upper), 1.0),
    )


@dataclass(frozen=True)
class Ranges:
    """The published intervals of the indices of one level and window."""

    hhi: Interval
    nakamoto: Interval
    effective_entities: Interval
    sampling: Likely | None
    """The part of sampling alone; None at the level `pool`, where nothing but unknown blocks comes on top."""
    entropy_bits: Interval | None
    """At the level `pool` only, as the largest shares: elsewhere only the part of sampling is known."""
    top_share: Mapping[int, Interval]


def ranges(one: Concentration, known: Estimates | None) -> Ranges | None:
    """Those of one level and window; None where they are not known yet."""
    combined = _combined(one, known)
    if known is None or combined is None:
        return None
    found = for_window(one, known.indices)
    split, merged = (found.split, found.merged) if found else (None, None)
    both = [each for each in (split, merged) if each and one.level == _POOL]
    return Ranges(
        combined.hhi,
        combined.nakamoto,
        effective_entities=Interval(_MONOPOLY / combined.hhi.upper, _MONOPOLY / max(combined.hhi.lower, 1.0)),
        sampling=None if both else split,
        entropy_bits=_union([each.entropy_bits for each in both]),
        top_share={n: end for n in (1, 2, 3) if (end := _union([each.top_share[n] for each in both]))},
    )


@dataclass(frozen=True)
class Claim:
    """What is known of the claim that most of the hashrate is Chinese."""

    window: str
    origin: Interval
    """Share of the brands that were founded in China."""
    country: Interval
    """Share of the operators that are registered in China."""


def claim(snapshot: Snapshot) -> Claim | None:
    """Over 30 days, or the longest window; None where memberships or estimates are missing."""
    known = snapshot.estimates
    if known is None or not snapshot.concentration:
        return None
    windows = {each.window.name: each.blocks for each in snapshot.concentration}
    window = _CLAIMED if _CLAIMED in windows else max(windows, key=lambda name: windows[name])
    found = {each.level: each.shares.get(_CHINA) for each in known.combined if each.window == window}
    origin, country = found.get("origin"), found.get("country")
    return Claim(window, origin, country) if origin and country else None


def _combined(one: Concentration, known: Estimates | None) -> Combined | None:
    key = one.level, one.window.name
    return next((each for each in (known.combined if known else ()) if (each.level, each.window) == key), None)


def _union(intervals: Sequence[Interval]) -> Interval | None:
    if not intervals:
        return None
    return Interval(min(each.lower for each in intervals), max(each.upper for each in intervals))
