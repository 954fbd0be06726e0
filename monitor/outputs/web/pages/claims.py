"""What is said about the concentration of mining, and what the numbers say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.model import Concentration, Interval, Snapshot, Trend
from monitor.outputs.web.pages.published import Ranges, ranges
from monitor.outputs.web.profiles import over_longest_window

_WINDOW = "30d"
CLAIMED = 0.55
"""The share that headlines give to Chinese pools: "Chinese pools have 55 %"."""


class Verdict(StrEnum):
    """A published interval against a claimed share."""

    BELOW = "no: it is less"
    POSSIBLE = "possible: the interval includes it"
    ABOVE = "more than that"


@dataclass(frozen=True)
class Bloc:
    """The share of one country, by both meanings; None where memberships or estimates are missing."""

    origin: Interval | None
    """Of brands founded there."""
    registered: Interval | None
    """Of operators registered there."""


@dataclass(frozen=True)
class LevelClaim:
    """How few entities of a level have more than half, and where that is going."""

    level: str
    ranges: Ranges | None
    trend: Trend | None
    """Over the longest window that has one."""


@dataclass(frozen=True)
class ClaimsView:
    """The numbers behind each statement, over one window."""

    window: str
    blocs: Mapping[str, Bloc]
    levels: Mapping[str, LevelClaim]

    @classmethod
    def of(cls, snapshot: Snapshot) -> ClaimsView:
        """Over 30 days, or the window with the most blocks where that is not configured."""
        sizes = {one.window.name: one.blocks for one in snapshot.concentration}
        window = _WINDOW if _WINDOW in sizes else max(sizes, key=lambda name: sizes[name])
        known = snapshot.estimates
        shares = {each.level: each.shares for each in (known.combined if known else ()) if each.window == window}
        blocs = {
            country: Bloc(shares.get("origin", {}).get(country), shares.get("country", {}).get(country))
            for country in ("CN", "US")
        }
        chosen = {one.level: one for one in snapshot.concentration if one.window.name == window}
        levels = {level: _of_level(one, snapshot) for level, one in chosen.items() if level in {"pool", "template"}}
        return cls(window, blocs, levels)


def verdict(interval: Interval) -> Verdict:
    """Whether a share can be what is claimed."""
    if interval.upper < CLAIMED:
        return Verdict.BELOW
    return Verdict.ABOVE if interval.lower > CLAIMED else Verdict.POSSIBLE


def _of_level(one: Concentration, snapshot: Snapshot) -> LevelClaim:
    trends = snapshot.estimates.trends if snapshot.estimates else ()
    longest = over_longest_window((each for each in trends if each.level == one.level), snapshot)
    return LevelClaim(one.level, ranges(one, snapshot), longest)
