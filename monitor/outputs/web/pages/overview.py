"""The view of the overview page: one level and window of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

from monitor.model import (
    Concentration,
    ConfirmationRisk,
    Envelope,
    PoolSlug,
    Snapshot,
    Trend,
    default_window,
    for_window,
)
from monitor.outputs.web.pages.published import Ranges, ShareRow, ranges, share_rows

CONFIRMATIONS = (1, 2, 3, 6, 12, 24)
"""Numbers of confirmations that the risk is shown of."""
_ROWS = 12
"""Shares that are visible at first; the others unfold."""
_TICK = 0.05
_ATTACKERS = {"pool": "largest pool", "template": "largest template builder"}


@dataclass(frozen=True)
class Overview:
    """One level and window of a snapshot."""

    snapshot: Snapshot
    chosen: Concentration
    windows: Sequence[Concentration]
    """All of the level."""

    @classmethod
    def of(cls, snapshot: Snapshot, level: str | None, window: str | None) -> Overview:
        """The requested level and window; the defaults in place of unknown ones."""
        default = snapshot.concentration[0].level
        windows = [each for each in snapshot.concentration if each.level == level] or [
            each for each in snapshot.concentration if each.level == default
        ]
        named = {each.window.name: each for each in windows}
        return cls(snapshot, named.get(window or "") or named[default_window(named) or ""], windows)

    @property
    def key(self) -> tuple[str, str]:
        """Level and window."""
        return self.chosen.level, self.chosen.window.name

    @property
    def levels(self) -> list[str]:
        """All levels."""
        return list(dict.fromkeys(each.level for each in self.snapshot.concentration))

    @cached_property
    def rows(self) -> Sequence[ShareRow]:
        """The table of shares."""
        return share_rows(self.chosen, self.snapshot)

    @property
    def first(self) -> Sequence[ShareRow]:
        """The rows that are visible at first: the largest, and those without a block that may be as large as them."""
        counted = [row for row in self.rows if row.blocks]
        last = counted[:_ROWS][-1].share if counted else 0.0
        possible = [row for row in self.rows if not row.blocks and row.interval and row.interval.upper > last]
        return [*counted[:_ROWS], *possible]

    @property
    def others(self) -> Sequence[ShareRow]:
        """The others."""
        first = {row.entity for row in self.first}
        return [row for row in self.rows if row.entity not in first]

    @property
    def larger(self) -> Sequence[ShareRow]:
        """Entities that may be larger than the one with the most blocks may be."""
        most = next((row.interval.upper for row in self.rows if row.interval), 1.0)
        return [row for row in self.rows[1:] if row.interval and row.interval.upper > most]

    @property
    def scale(self) -> float:
        """The share of a bar of full length."""
        widest = max((row.interval.upper if row.interval else row.share for row in self.rows), default=_TICK)
        return ceil(max(widest, self.chosen.unknown / (self.chosen.blocks or 1)) / _TICK) * _TICK

    @property
    def nameless(self) -> Sequence[tuple[PoolSlug, float]]:
        """Pools with an unknown entity and their shares of the window, largest first."""
        found = sorted(self.chosen.nameless.items(), key=lambda each: (-each[1], each[0]))
        return [(pool, blocks / self.chosen.blocks) for pool, blocks in found]

    @property
    def unattributed(self) -> int:
        """Blocks of no known pool."""
        return self.chosen.unknown - sum(self.chosen.nameless.values())

    @cached_property
    def ranges(self) -> dict[str, Ranges]:
        """The published intervals of the indices, by window."""
        return {each.window.name: found for each in self.windows if (found := ranges(each, self.snapshot))}

    @property
    def risks(self) -> Sequence[tuple[str, ConfirmationRisk]]:
        """The confirmation risk of the largest pool and the largest template builder, with what they are."""
        known = self.snapshot.estimates
        found = {each.level: each for each in (known.confirmation_risks if known else ()) if each.level in _ATTACKERS}
        if len({replace(each, level="") for each in found.values()}) < len(found):
            return [(" and ".join(_ATTACKERS[level] for level in found), next(iter(found.values())))]
        return [(_ATTACKERS[level], each) for level, each in found.items()]

    @property
    def trend(self) -> Trend | None:
        """The trend over the window; if it has none, that of the next longer one, or of the longest."""
        known = self.snapshot.estimates
        trends = {each.window: each for each in (known.trends if known else ()) if each.level == self.chosen.level}
        known_windows = sorted(
            (each for each in self.windows if each.window.name in trends), key=lambda each: each.blocks
        )
        long = [each for each in known_windows if each.blocks >= self.chosen.blocks] or known_windows[-1:]
        return trends[long[0].window.name] if long else None

    @property
    def envelope(self) -> Envelope | None:
        """The ranges that uncertain memberships allow."""
        known = self.snapshot.estimates
        return for_window(self.chosen, known.envelopes) if known else None
