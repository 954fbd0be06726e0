"""The section with a chart of the history: what it shows, as its address says, and where its files are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlencode

from monitor.model import Snapshot, Window, beginning
from monitor.outputs.web.pages.dates import DayRange
from monitor.outputs.web.pages.history_chart import SHARES

METRICS: Final = {
    SHARES: "Shares", "hhi_unbiased": "HHI", "nakamoto": "Nakamoto", "effective_entities": "Effective number",
    "top_share_1": "Largest", "top_share_3": "Top three", "gini": "Gini", "entropy_bits": "Entropy", "theil": "Theil",
}  # fmt: skip
SPANS: Final = {"30d": "30 days", "90d": "90 days", "1y": "1 year", "all": "all"}
_AREAS = 10
"""Entities with an area of their own: more are unreadable."""
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True)
class HistoryView:
    """What is drawn."""

    level: str
    window: str
    entities: tuple[str, ...]
    """Entities with a line for their share; empty for an index, or the shares of all."""
    metric: str
    span: str
    """One of `SPANS`; empty if the range is chosen."""
    days: DayRange
    until: int | None
    """The time that the page is as of; None for now."""
    newest: int
    """Header time of the block that the page is as of."""

    @classmethod
    def of(
        cls, state: Mapping[str, str], snapshot: Snapshot, *, level: str, window: str, entities: Sequence[str] = ()
    ) -> Self:
        """As the address of a page says; the defaults in place of what is not known."""
        metric, span = state.get("metric", ""), state.get("span", "")
        days = DayRange.of(state)
        return cls(
            level, window, tuple(entities),
            metric=SHARES if entities or metric not in METRICS else metric,
            span="" if days else span if span in SPANS else "all",
            days=days, until=snapshot.tip.time if state.get("at") else None, newest=snapshot.tip.time,
        )  # fmt: skip

    @property
    def query(self) -> str:
        """The parameters of /api/v1/history."""
        asked: dict[str, str | int] = {"level": self.level, "metric": self.metric, "window": _span(self.window)}
        if self.entities:
            asked["entity"] = ",".join(self.entities)
        elif self.metric == SHARES:
            asked["limit"] = _AREAS
        if self.days.first:
            asked["from"] = self.days.first.isoformat()
        elif self.span in {"", "all"}:
            asked["incomplete"] = "true"
        else:
            asked["from"] = self.newest - (Window.parse(self.span).seconds or 0)
        if self.days.last:
            asked["to"] = beginning(self.days.last) + _DAY_SECONDS - 1
        elif self.until:
            asked["to"] = self.until
        return urlencode(asked)

    @property
    def chart(self) -> str:
        """The address of the drawing."""
        return f"/chart/history.svg?{self.query}"

    @property
    def embed(self) -> str:
        """The address of the drawing in a page that other sites may frame."""
        return self.chart.replace("/chart/history.svg", "/embed/history", 1)

    @property
    def data(self) -> str:
        """The address of the numbers."""
        return f"/api/v1/history?{self.query}"


def _span(name: str) -> str:
    """A window of blocks as the time that they take: the past is asked for by time."""
    window = Window.parse(name)
    return f"{max(1, round(window.blocks / 6))}h" if window.blocks else name
