"""How many blocks a rule can be skipped for, because its number cannot reach the threshold sooner.

A block that enters or leaves a window changes shares by at most 1 / n, and the numbers made of them by at most a known
bound. A rule far from its threshold is skipped until that many blocks have entered and left. Nothing is rounded: the
alerts are those of evaluating the rule at every block.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.inputs import MetricSamples
from monitor.alerts.rules import Rule
from monitor.analysis.counting.rows import Rows
from monitor.model import Alert, AlertState, Window

Times: TypeAlias = NDArray[np.uint32]

_LEAST_BLOCKS: Final = 100
"""In smaller windows, a rule is evaluated at every block."""


def _share(_rule: Rule, blocks: float) -> float:
    return 1 / blocks


def _hhi(_rule: Rule, blocks: float) -> float:
    """The squares of the shares sum to H, at most 1: a block of a miner with the share s changes H by 2 (s - H) / n."""
    return 1.1 * 10_000 * 2 / blocks


def _above(rule: Rule, blocks: float) -> float:
    """One block changes the probability that a share exceeds t by a binomial probability's largest value, nearly."""
    limits = [float(limit) for limit in rule.where.get("threshold", ("0.25", "0.5")) if limit[0].isdigit()]
    worst = max((max((1 - t) / t, t / (1 - t)) for t in limits), default=3.0)
    return 1.2 * sqrt(worst) / sqrt(2 * pi * blocks)


SPEED: Final[Mapping[str, Callable[[Rule, float], float]]] = {
    "share_ratio": _share,
    "window_attributed_ratio": _share,
    "top_share_ratio": _share,
    "hhi": _hhi,
    "hhi_unbiased": _hhi,
    "share_above_probability": _above,
}
"""The most that one block changes a number, among so many."""


@dataclass(frozen=True, slots=True)
class Skip:
    """How long a rule is skipped: until any of these is reached."""

    height: int
    after: float
    """A header time at which too many blocks may have left."""
    before: float
    """A header time below this returns blocks to the window."""

    def is_over(self, height: int, time: int) -> bool:
        """Whether the rule is due at this block."""
        return height >= self.height or time >= self.after or time < self.before


NO_SKIP: Final = Skip(0, 0, 0)


class SkipPlanner:
    """Computes how long rules can be skipped after one block, from the blocks that their windows cover."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._height, self._time = int(rows["height"][-1]), int(rows["time"][-1])
        self._inside: dict[Window, Times] = {}

    def skip(
        self,
        rule: Rule,
        windows: Collection[Window],
        *,
        metrics: Mapping[str, MetricSamples],
        standing: Sequence[Alert],
    ) -> Skip:
        """How long a rule can be skipped.

        Args:
            rule: it has been evaluated at this block.
            windows: the windows that it needs.
            metrics: what it was evaluated with.
            standing: its alerts now.
        """
        if rule.value not in SPEED or not windows or any(alert.state is AlertState.PENDING for alert in standing):
            return NO_SKIP
        skips = [
            self._over(rule, window, _margin(rule, window.name, samples=metrics[rule.value], standing=standing))
            for window in windows
        ]
        return Skip(min(one.height for one in skips), min(one.after for one in skips), max(one.before for one in skips))

    def _over(self, rule: Rule, window: Window, margin: float) -> Skip:
        inside = self._times(window)
        blocks = len(inside)
        if blocks < _LEAST_BLOCKS:
            return NO_SKIP
        changes = min(margin / SPEED[rule.value](rule, 0.75 * blocks), blocks / 4)
        each_way = int(changes / 2)
        if each_way < 1:
            return NO_SKIP
        if window.seconds is None:  # for each block that enters, one leaves
            return Skip(self._height + each_way, float("inf"), 0)
        last = np.partition(inside, each_way - 1)[each_way - 1]
        return Skip(self._height + each_way, float(last) + window.seconds, self._time)

    def _times(self, window: Window) -> Times:
        """The times of the blocks in a window."""
        if window not in self._inside:
            times = self._rows["time"]
            if window.seconds is None:
                assert window.blocks
                self._inside[window] = times[-window.blocks :].copy()
            else:
                self._inside[window] = times[times > self._time - window.seconds]
        return self._inside[window]


def _margin(rule: Rule, window: str, *, samples: MetricSamples, standing: Sequence[Alert]) -> float:
    """The distance of the nearest number from a threshold that changes an alert."""
    names, numbers = samples
    at = names.index("window")
    firing = [dict(alert.labels) for alert in standing if alert.state is AlertState.FIRING]
    distances = [rule.enter] if rule.rising else []  # an absent entity has a share of zero
    for values, value in numbers:
        if values[at] == window and rule.matches(names, values):
            fires = firing and dict(zip(names, values, strict=True)) in firing
            distance = value - rule.leave if fires else rule.enter - value
            distances.append(distance if rule.rising else -distance)
    return max(0.0, min(distances, default=0.0))
