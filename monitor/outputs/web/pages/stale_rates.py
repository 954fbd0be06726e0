"""Stale rates on the overview: which of them, and where they are in the scatter plot against share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.model import Concentration, PoolSlug, Snapshot, StaleRate
from monitor.outputs.web.pages.history_chart import round_step

WIDTH, HEIGHT = 480, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 10, 24, 40
_ROWS = 12
_TICKS = 5


@dataclass(frozen=True)
class Mark:
    """A pool in the plot, in the plot's units."""

    pool: PoolSlug
    x: float
    y: float
    top: float
    """Upper end of the interval; cut off at the edge."""
    bottom: float


@dataclass(frozen=True)
class StaleRates:
    """The rates of one window: of pools with known stale blocks, and of those large enough to expect one."""

    window: str
    rows: Sequence[StaleRate]
    """Largest pool first."""
    others: int
    """Pools of the window that are left out."""

    @classmethod
    def of(cls, snapshot: Snapshot, chosen: Concentration) -> StaleRates | None:
        """Those of the chosen window, or of the longest one if it has none; None if no pool is notable."""
        seen = snapshot.signals.stale_rates if snapshot.signals else ()
        sizes = {one.window.name: one.blocks for one in snapshot.concentration}
        windows = {each.window for each in seen if each.window in sizes}
        if not windows:
            return None
        name = chosen.window.name
        window = name if name in windows else max(windows, key=lambda each: sizes[each])
        inside = [each for each in seen if each.window == window]
        shown = [each for each in inside if each.is_notable][:_ROWS]
        return cls(window, shown, len(inside) - len(shown)) if shown else None

    @property
    def marks(self) -> Iterator[Mark]:
        """The pools of the plot."""
        for each in self.rows:
            bottom, y, top = (self._y(rate) for rate in (each.lower, each.rate, each.upper))
            yield Mark(each.pool, self._x(each.share), y, top=max(top, _TOP), bottom=bottom)

    @property
    def theory(self) -> tuple[float, float, float, float] | None:
        """The ends of the line that size explains: it is straight, in share. None for a single pool."""
        by_size = sorted(self.rows, key=lambda each: each.share)
        small, large = by_size[0], by_size[-1]
        if small.share == large.share:
            return None
        return self._x(small.share), self._y(small.expected), self._x(large.share), self._y(large.expected)

    @property
    def frame(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom edge of the plot."""
        return _LEFT, _TOP, WIDTH - _RIGHT, HEIGHT - _BOTTOM

    @property
    def share_ticks(self) -> Sequence[tuple[float, float]]:
        """Shares, and where they are."""
        return [(each, self._x(each)) for each in _ticks(self._most_share)]

    @property
    def rate_ticks(self) -> Sequence[tuple[float, float]]:
        """Rates, and where they are."""
        return [(each, self._y(each)) for each in _ticks(self._most_rate)]

    @property
    def _most_share(self) -> float:
        return max(each.share for each in self.rows)

    @property
    def _most_rate(self) -> float:
        """Room for all rates; the long intervals of small pools may be cut off."""
        return 1.5 * max(max(each.rate, each.expected) for each in self.rows)

    def _x(self, share: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * share / (1.05 * self._most_share)

    def _y(self, rate: float) -> float:
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * rate / self._most_rate


def _ticks(most: float) -> list[float]:
    """Round numbers from 0 to `most`, about five."""
    step = round_step(most / _TICKS)
    return [step * number for number in range(int(most / step + 1e-9) + 1)]
