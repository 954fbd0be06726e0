"""What the first page shows of a snapshot: one level, one window, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

from monitor.model import Concentration, Envelope, Estimate, Likely, Share, Snapshot, Trend

_USUAL = "7d"
"""The window to begin with, where there is one: long enough to be more than luck, short enough to be news."""
_ROWS = 12
"""So many shares are seen at once; the others are a click away."""
_TICK = 0.05

_Each = TypeVar("_Each", Estimate, Trend, Envelope)


@dataclass(frozen=True)
class Overview:
    """One level and window of a snapshot."""

    snapshot: Snapshot
    chosen: Concentration
    windows: Sequence[Concentration]
    """All of the level."""

    @classmethod
    def of(cls, snapshot: Snapshot, level: str | None, window: str | None) -> Overview:
        """What was asked for; in place of what there is not, what is usual."""
        usual = snapshot.concentration[0].level
        windows = [each for each in snapshot.concentration if each.level == level] or [
            each for each in snapshot.concentration if each.level == usual
        ]
        named = {each.window.name: each for each in windows}
        return cls(snapshot, named.get(window or "") or named.get(_USUAL) or windows[0], windows)

    @property
    def key(self) -> tuple[str, str]:
        """Level and window."""
        return self.chosen.level, self.chosen.window.name

    @property
    def levels(self) -> list[str]:
        """Every level there is."""
        return list(dict.fromkeys(each.level for each in self.snapshot.concentration))

    @property
    def first(self) -> Sequence[Share]:
        """The shares that are seen at once."""
        return self.chosen.shares[:_ROWS]

    @property
    def others(self) -> Sequence[Share]:
        """The others."""
        return self.chosen.shares[_ROWS:]

    @property
    def scale(self) -> float:
        """What is as long as a bar can be."""
        widest = max((each.upper for each in self.chosen.shares), default=_TICK)
        return ceil(max(widest, self.chosen.unknown / (self.chosen.blocks or 1)) / _TICK) * _TICK

    @property
    def likely(self) -> dict[str, Likely]:
        """How sure the indices of each window are, unknown blocks split."""
        known = self.snapshot.estimates
        return {
            each.window: each.split
            for each in (known.indices if known else ())
            if each.split and each.level == self.chosen.level
        }

    @property
    def trend(self) -> Trend | None:
        """The trend over the window; where it has none, that of the next longer one, or of the longest."""
        known = self.snapshot.estimates
        trends = {each.window: each for each in (known.trends if known else ()) if each.level == self.chosen.level}
        told = sorted((each for each in self.windows if each.window.name in trends), key=lambda each: each.blocks)
        long = [each for each in told if each.blocks >= self.chosen.blocks] or told[-1:]
        return trends[long[0].window.name] if long else None

    @property
    def envelope(self) -> Envelope | None:
        """How far it depends on memberships that nobody is sure of."""
        known = self.snapshot.estimates
        return _of(self.key, known.envelopes) if known else None


def _of(key: tuple[str, str], several: Iterable[_Each]) -> _Each | None:
    return next((each for each in several if (each.level, each.window) == key), None)
