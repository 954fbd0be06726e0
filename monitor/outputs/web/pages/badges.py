"""Badges: one number with its interval, as a small drawing."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.model import Snapshot
from monitor.outputs.web.pages import filters
from monitor.outputs.web.pages.names import entity_names
from monitor.outputs.web.pages.overview import Overview
from monitor.outputs.web.pages.published import interval

_LETTER = 6.7
_MARGIN = 8


@dataclass(frozen=True)
class Badge:
    """What is said, and how wide that is."""

    label: str
    value: str
    source: str

    @property
    def widths(self) -> tuple[int, int]:
        """Pixels of the label and of the value."""
        return _width(self.label), _width(self.value)


def badge(what: str, snapshot: Snapshot, *, level: str | None, window: str | None, entity: str | None) -> Badge | None:
    """The badge of a number; None where there is none."""
    view = Overview.of(snapshot, level, window)
    counted, span = view.chosen.level, view.chosen.window.name
    source = f"block {snapshot.tip.height}, {filters.moment(snapshot.tip.time)}"
    if view.chosen.complete < 1:
        source += f", window {filters.percent(view.chosen.complete, 0)} complete"
    if what == "share":
        share = next((each for each in snapshot.shares(view.chosen) if each.entity == entity), None)
        if share is None:
            return None
        ends = interval(share)
        value = filters.percent(share.share) + (f" ({filters.span(ends)})" if ends else "")
        return Badge(f"{entity_names(snapshot).get(share.entity, share.entity)}, {span}", value, source)
    indices, ranges = view.chosen.split, view.ranges.get(span)
    if indices is None:
        return None
    hhi, nakamoto = (ranges.hhi, ranges.nakamoto) if ranges else (None, None)
    called, value, ends = {
        "hhi": ("HHI", filters.count(indices.headline_hhi), hhi),
        "nakamoto": ("Nakamoto coefficient", str(indices.nakamoto), nakamoto),
    }[what]
    label = f"{called} of {filters.noun(counted)}, {span}"
    return Badge(label, f"{value} ({filters.between(ends)})" if ends else value, source)


def _width(text: str) -> int:
    return round(_LETTER * len(text)) + 2 * _MARGIN
