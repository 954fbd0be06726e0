"""Two entities, or two dates, beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.model import Concentration, Interval, Snapshot
from monitor.outputs.web.pages.published import Ranges, ShareRow, ranges, share_rows

_ROWS = 15
"""Entities that are compared, those with the largest share at either date."""
_CHOICES = 40
"""Entities that another one can be compared with."""


class Row(NamedTuple):
    """An entity or a window, and its share at both dates; None where it neither had nor may have had a block."""

    name: str
    before: ShareRow | None
    after: ShareRow | None


class IndexRow(NamedTuple):
    """An index at both dates, with the published intervals where they are known."""

    name: str
    before: float
    after: float
    ranges: tuple[Interval | None, Interval | None]


@dataclass(frozen=True)
class Since:
    """What changed between two blocks, the earlier one first: of all entities of a level, or of one."""

    then: Snapshot
    now: Snapshot
    window: str | None
    """None where each row is a window."""
    rows: Sequence[Row]
    indices: Sequence[IndexRow] = ()

    @classmethod
    def of_level(cls, one: Snapshot, other: Snapshot, level: str, *, window: str) -> Since:
        """The largest entities of a level over a window, and its indices."""
        then, now = _in_order(one, other)
        sides = [_windows(each, level)[window] for each in (then, now)]
        before, after = (
            {row.entity: row for row in share_rows(side, each)} for side, each in zip(sides, (then, now), strict=True)
        )
        size = {name: max(_share(before.get(name)), _share(after.get(name))) for name in {**before, **after}}
        largest = sorted(size, key=lambda name: (-size[name], name))[:_ROWS]
        rows = [Row(name, before.get(name), after.get(name)) for name in largest]
        known = [ranges(side, each) for side, each in zip(sides, (then, now), strict=True)]
        return cls(then, now, window, rows, list(_indices(sides, known)))

    @classmethod
    def of_entity(cls, one: Snapshot, other: Snapshot, level: str, *, entity: str) -> Since:
        """One entity over each window."""
        then, now = _in_order(one, other)
        before, after = (shares_of(each, level, entity) for each in (then, now))
        rows = [Row(name, before.get(name), after.get(name)) for name in _windows(now, level)]
        return cls(then, now, None, rows)


def choices(snapshot: Snapshot, level: str, entity: str) -> list[str]:
    """The entities of a level that one can be compared with, the largest first."""
    most = max((one for one in snapshot.concentration if one.level == level), key=lambda one: one.blocks)
    return [share.entity for share in most.shares[:_CHOICES] if share.entity != entity]


def shares_of(snapshot: Snapshot, level: str, entity: str) -> dict[str, ShareRow]:
    """The share of an entity over each window in which it has one, by name of the window."""
    windows = _windows(snapshot, level).items()
    return {name: row for name, one in windows for row in share_rows(one, snapshot) if row.entity == entity}


def _in_order(one: Snapshot, other: Snapshot) -> tuple[Snapshot, Snapshot]:
    return (one, other) if one.tip.height <= other.tip.height else (other, one)


def _windows(snapshot: Snapshot, level: str) -> dict[str, Concentration]:
    return {each.window.name: each for each in snapshot.concentration if each.level == level}


def _indices(sides: Sequence[Concentration], known: Sequence[Ranges | None]) -> Iterator[IndexRow]:
    """With each unknown block as its own miner."""
    before, after = (side.split for side in sides)
    if before and after:
        then, now = ((each.nakamoto, each.hhi) if each else (None, None) for each in known)
        yield IndexRow("Nakamoto coefficient", before.nakamoto, after.nakamoto, ranges=(then[0], now[0]))
        yield IndexRow("HHI", before.headline_hhi, after.headline_hhi, ranges=(then[1], now[1]))


def _share(row: ShareRow | None) -> float:
    return row.share if row else 0.0
