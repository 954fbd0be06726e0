"""Shares by country as bars: by where brands were founded and where operators are registered, and what is unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from typing import Final, NamedTuple

from monitor.model import Interval, Snapshot
from monitor.outputs.web.pages.overview import Overview
from monitor.outputs.web.pages.published import ShareRow

MEANINGS: Final = {"origin": "founded there", "country": "operator registered there"}
"""Levels whose entities are countries, in words."""
_TONES: Final = {"origin": "s0", "country": "s5"}
_POSSIBLE: Final = 0.01
"""The least upper end of a country without a block that is shown."""
_TICK: Final = 0.1
_BAR, _GAP, _TITLE, _TOP, _BOTTOM = 16, 10, 18, 8, 24
"""Heights in pixels: a bar, the space between groups, the name of a group, and the margins."""


class Bar(NamedTuple):
    """A share by one meaning."""

    level: str
    share: float
    interval: Interval | None = None
    sampling: Interval | None = None
    """The part of sampling alone; None where no block is counted."""

    @property
    def tone(self) -> str:
        """Class of its colour."""
        return _TONES[self.level]


class Group(NamedTuple):
    """A country, or what belongs to none."""

    name: str
    entity: str | None
    """Code of the country; None for what is unknown."""
    bars: Sequence[Bar]

    @property
    def weight(self) -> float:
        """Its largest share, or what that may be."""
        return max(max(bar.share, bar.interval.upper if bar.interval else 0.0) for bar in self.bars)


@dataclass(frozen=True)
class CountryBars:
    """The groups over one window, the largest first and the unknown ones last."""

    chosen: Overview
    groups: Sequence[Group]

    @classmethod
    def of(cls, snapshot: Snapshot, window: str | None, names: Mapping[str, str]) -> CountryBars | None:
        """None where neither meaning is counted."""
        views = {level: Overview.of(snapshot, level, window) for level in MEANINGS}
        views = {level: view for level, view in views.items() if view.chosen.level == level and view.chosen.blocks}
        if not views:
            return None
        rows = {level: {row.entity: row for row in view.rows} for level, view in views.items()}
        entities = dict.fromkeys(row.entity for found in rows.values() for row in found.values() if _is_shown(row))
        countries = [Group(names.get(entity, entity), entity, list(_bars(rows, entity))) for entity in entities]
        countries.sort(key=lambda group: (-group.weight, group.name))
        return cls(next(iter(views.values())), [*countries, *_unknown(views)])

    @cached_property
    def scale(self) -> float:
        """The share of a bar of full length."""
        return min(1.0, ceil(max(group.weight for group in self.groups) / _TICK) * _TICK)

    def drawn(self, width: int) -> CountryChart:
        """The drawing for a width."""
        return CountryChart(self.groups, self.scale, width)


@dataclass(frozen=True)
class CountryChart:
    """Where everything is, in pixels."""

    groups: Sequence[Group]
    scale: float
    width: int

    @property
    def height(self) -> int:
        """Of the drawing."""
        return _TOP + sum(_TITLE + _BAR * len(group.bars) + _GAP for group in self.groups) + _BOTTOM

    @property
    def placed(self) -> Iterator[tuple[Group, int, list[tuple[Bar, int]]]]:
        """Each group with the baseline of its name, and its bars with their upper edges."""
        top = _TOP
        for group in self.groups:
            first = top + _TITLE
            yield group, first - 5, [(bar, first + _BAR * at) for at, bar in enumerate(group.bars)]
            top = first + _BAR * len(group.bars) + _GAP

    def x(self, share: float) -> float:
        """Where a share is."""
        return round(8 + (self.width - 24) * share / self.scale, 1)

    @property
    def ticks(self) -> list[tuple[str, float]]:
        """Round shares as text, and where they are."""
        return [(f"{at * 10}\u00a0%", self.x(at * _TICK)) for at in range(1, round(self.scale / _TICK) + 1)]


def _is_shown(row: ShareRow) -> bool:
    return row.blocks > 0 or (row.interval is not None and row.interval.upper >= _POSSIBLE)


def _bars(rows: Mapping[str, Mapping[str, ShareRow]], entity: str) -> Iterator[Bar]:
    for level, found in rows.items():
        row = found.get(entity)
        if row is None:
            yield Bar(level, 0.0)
        else:
            yield Bar(level, row.share, row.interval, sampling=row.sampling or (row.interval if row.blocks else None))


def _unknown(views: Mapping[str, Overview]) -> Iterator[Group]:
    """What may be of any country: pools without a counted one, solo miners, and blocks of unknown pools."""
    blocks: dict[str, Callable[[Overview], int]] = {
        "No country is counted: disputed, or not known": lambda view: sum(view.chosen.nameless.values()),
        "Solo miners": lambda view: view.chosen.alone,
        "Unknown pools": lambda view: view.unattributed,
    }
    for name, of in blocks.items():
        bars = [Bar(level, of(view) / view.chosen.blocks) for level, view in views.items()]
        if any(bar.share for bar in bars):
            yield Group(name, None, bars)
