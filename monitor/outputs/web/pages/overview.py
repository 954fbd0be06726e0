"""The view of the overview page: one level and window of a snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from monitor.model import Concentration, Envelope, Likely, Share, Snapshot, Trend, for_window

_DEFAULT = "7d"
"""The default window, if configured: long enough for significance, short enough for news."""
_ROWS = 12
"""Shares that are visible at first; the others unfold."""
_TICK = 0.05


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
        return cls(snapshot, named.get(window or "") or named.get(_DEFAULT) or windows[0], windows)

    @property
    def key(self) -> tuple[str, str]:
        """Level and window."""
        return self.chosen.level, self.chosen.window.name

    @property
    def levels(self) -> list[str]:
        """All levels."""
        return list(dict.fromkeys(each.level for each in self.snapshot.concentration))

    @property
    def first(self) -> Sequence[Share]:
        """The shares that are visible at first."""
        return self.chosen.shares[:_ROWS]

    @property
    def others(self) -> Sequence[Share]:
        """The others."""
        return self.chosen.shares[_ROWS:]

    @property
    def scale(self) -> float:
        """The share of a bar of full length."""
        widest = max((each.upper for each in self.chosen.shares), default=_TICK)
        return ceil(max(widest, self.chosen.unknown / (self.chosen.blocks or 1)) / _TICK) * _TICK

    @property
    def likely(self) -> dict[str, Likely]:
        """The intervals of the indices by window, unknown blocks split."""
        known = self.snapshot.estimates
        return {
            each.window: each.split
            for each in (known.indices if known else ())
            if each.split and each.level == self.chosen.level
        }

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
