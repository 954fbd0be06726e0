"""The view of the page that compares both economies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from monitor.model import Claim, EconomyView, LayerMeasure, MiningSide, Slope, Snapshot, day_of
from monitor.outputs.web.pages.dates import ALL_DAYS, DayRange
from monitor.outputs.web.pages.filters import percent, span, window
from monitor.outputs.web.pages.published import interval
from monitor.outputs.web.pages.trend_chart import STALE_DAYS, Series, TrendChart, all_series

_WIDE, _NARROW = (1040, 380), (350, 300)
_ORIGIN, _CHINA = "origin", "CN"
_WINDOW = "30d"


@dataclass(frozen=True)
class ComparePage:
    """Both economies, and what is drawn of them."""

    view: EconomyView
    snapshot: Snapshot | None
    now: float
    days: DayRange = ALL_DAYS
    """Days that the chart has."""

    @cached_property
    def today(self) -> date:
        """The day, in UTC."""
        return day_of(self.now)

    @cached_property
    def series(self) -> list[Series]:
        """What the chart has."""
        return all_series(self.view, self.today)

    @property
    def charts(self) -> list[tuple[str, TrendChart]]:
        """The chart for wide and for narrow screens, by the class that shows it."""
        shown = [each for each in self.series if any(self.days.holds(point.period) for point in each.points)]
        sizes = {"wide": _WIDE, "narrow": _NARROW} if shown else {}
        return [(kind, TrendChart(shown, *size, days=self.days)) for kind, size in sizes.items()]

    @property
    def claims(self) -> list[Claim]:
        """Sentences about both economies, and about pools by country, with what the data say of them."""
        return [*self.view.claims, *self._bloc()]

    def _bloc(self) -> list[Claim]:
        snapshot = self.snapshot
        levels = [each for each in snapshot.concentration if each.level == _ORIGIN] if snapshot else []
        one = next((each for each in levels if each.window.name == _WINDOW), next(iter(levels), None))
        if snapshot is None or one is None:
            return []
        share = next((each for each in snapshot.shares(one) if each.entity == _CHINA), None)
        if share is None:
            return []
        ends = interval(share)
        known = f" (95 % interval {span(ends)})" if ends else ""
        return [
            Claim(
                "Chinese pools have about 55 % of the hashrate.",
                f"A count of September 2024. Of {window(one.window.name)}, pools that were founded in China have "
                f"{percent(share.share)}{known}. That is not where the machines are.",
            )
        ]

    def is_old(self, measure: LayerMeasure) -> bool:
        """Whether the newest period of a layer is so long ago that it says little of today."""
        return measure.age_days(self.now) > STALE_DAYS

    def arrow(self, side: LayerMeasure | MiningSide) -> str:
        """The direction of a side as a sign, for those who look; the sentence beside it has it in words."""
        slope: Slope | None = side.slope
        return "→" if slope is None else {"dispersing": "↗", "concentrating": "↘", "undecided": "→"}[slope.direction]
