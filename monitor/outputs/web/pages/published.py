"""The intervals that are shown: the published ones, of everything that is uncertain together.

Before there are estimates nothing has one, as sampling is only a part of what is uncertain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model import Concentration, CurrentShare, IndexIntervals, Interval, PublishedShare, Snapshot, for_window

_MONOPOLY = 10_000


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
    hashrate: float | None


def share_rows(one: Concentration, snapshot: Snapshot) -> Sequence[ShareRow]:
    """Every entity with blocks, largest first; then those that may have some, the most first."""
    known = snapshot.estimates
    now = {each.entity: each for each in (known.current if known else ()) if each.level == one.level}
    return [_row(share, now.get(share.entity)) for share in snapshot.shares(one)]


def _row(share: PublishedShare, now: CurrentShare | None) -> ShareRow:
    sampling = Interval(share.sampling_lower, share.sampling_upper)
    published = interval(share)
    return ShareRow(
        share.entity,
        share.blocks,
        share.share,
        interval=published,
        sampling=sampling if share.blocks and published not in {None, sampling} else None,
        now=now if published else None,
        hashrate=share.hashrate.value if share.hashrate else None,
    )


def interval(share: PublishedShare) -> Interval | None:
    """The published interval of a share; None as long as it is not estimated."""
    return None if share.lower is None or share.upper is None else Interval(share.lower, share.upper)


@dataclass(frozen=True)
class Ranges:
    """The published intervals of the indices of one level and window."""

    hhi: Interval
    nakamoto: Interval
    effective_entities: Interval
    sampling: IndexIntervals | None
    """The part of sampling alone; None where that is all."""


def ranges(one: Concentration, snapshot: Snapshot) -> Ranges | None:
    """Those of one level and window; None where they are not known yet."""
    combined = snapshot.combined(one)
    if snapshot.estimates is None or combined is None:
        return None
    found = for_window(one, snapshot.estimates.indices)
    split = found.split if found else None
    return Ranges(
        combined.hhi,
        combined.nakamoto,
        effective_entities=Interval(
            *(_MONOPOLY / max(end, _MONOPOLY / one.blocks) for end in (combined.hhi.upper, combined.hhi.lower))
        ),
        sampling=split if split and (split.hhi, split.nakamoto) != (combined.hhi, combined.nakamoto) else None,
    )
