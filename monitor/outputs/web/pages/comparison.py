"""Two entities, or two dates, beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.model import Concentration, Indices, Snapshot
from monitor.outputs.web.pages.published import Ranges, ShareRow, ranges, share_rows

_ROWS = 15
"""Entities that are compared, those with the largest share at either date."""
_CHOICES = 40
"""Entities that another one can be compared with."""


@dataclass(frozen=True)
class Side:
    """One level and window at one date."""

    snapshot: Snapshot
    one: Concentration
    ranges: Ranges | None

    @property
    def indices(self) -> Indices | None:
        """With each unknown block as its own miner; None without blocks."""
        return self.one.split


@dataclass(frozen=True)
class Since:
    """What has changed since an earlier block: shares of entities, and indices, then and now."""

    then: Side
    now: Side
    rows: Sequence[tuple[str, ShareRow | None, ShareRow | None]]
    """Entity, its share then, and its share now; None where it neither had nor may have had a block."""

    @classmethod
    def of(cls, past: Snapshot, newest: Snapshot, level: str, *, window: str) -> Since:
        """One level and window, which both have."""
        then, now = (_side(each, level, window) for each in (past, newest))
        before, after = ({row.entity: row for row in share_rows(side.one, side.snapshot)} for side in (then, now))
        size = {name: max(_share(before.get(name)), _share(after.get(name))) for name in {**before, **after}}
        largest = sorted(size, key=lambda name: (-size[name], name))[:_ROWS]
        return cls(then, now, [(name, before.get(name), after.get(name)) for name in largest])


def choices(snapshot: Snapshot, level: str, entity: str) -> list[str]:
    """The entities of a level that one can be compared with, the largest first."""
    most = max((one for one in snapshot.concentration if one.level == level), key=lambda one: one.blocks)
    return [share.entity for share in most.shares[:_CHOICES] if share.entity != entity]


def shares_of(snapshot: Snapshot, level: str, entity: str) -> dict[str, ShareRow]:
    """The share of an entity over each window in which it has one, by name of the window."""
    windows = [one for one in snapshot.concentration if one.level == level]
    return {
        one.window.name: row for one in windows for row in share_rows(one, snapshot) if row.entity == entity
    }  # fmt: skip


def _side(snapshot: Snapshot, level: str, window: str) -> Side:
    one = next(each for each in snapshot.concentration if (each.level, each.window.name) == (level, window))
    return Side(snapshot, one, ranges(one, snapshot))


def _share(row: ShareRow | None) -> float:
    return row.share if row else 0.0
