"""For how many blocks a rule need not be looked at, because its number cannot get to its threshold any sooner.

A block that enters or leaves a window changes shares by no more than 1 / n, and so the numbers made of them by no more
than a limit that can be told. A rule whose number is far from its threshold sleeps until so many blocks have come and
gone; nothing is rounded, so what is found is what would be found by looking each time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.inputs import Samples
from monitor.alerts.rules import Rule
from monitor.analysis.counting.rows import Rows
from monitor.model import Alert, AlertState, Window

Times: TypeAlias = NDArray[np.uint32]

_LEAST_BLOCKS: Final = 100
"""In smaller windows, every block is looked at."""


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
class Nap:
    """Until when a rule sleeps: any of these wakes it."""

    height: int
    after: float
    """The time of a block after which too many have left."""
    before: float
    """Header times go back at times, and then blocks come back into a window."""

    def is_over(self, height: int, time: int) -> bool:
        """Whether it ends with this block."""
        return height >= self.height or time >= self.after or time < self.before


AWAKE: Final = Nap(0, 0, 0)


class Sleep:
    """How long rules may sleep after a look at one block."""

    def __init__(self, rows: Rows) -> None:
        """Take the blocks, as far as the longest of the rules' windows reaches."""
        self._rows = rows
        self._height, self._time = int(rows["height"][-1]), int(rows["time"][-1])
        self._inside: dict[Window, Times] = {}

    def nap(self, rule: Rule, windows: Collection[Window], facts: Samples, standing: Sequence[Alert]) -> Nap:
        """How long one rule may.

        Args:
            rule: it was judged just now.
            windows: those that it asks for.
            facts: what it was judged by.
            standing: how its alerts stand now.
        """
        if rule.value not in SPEED or not windows or any(alert.state is AlertState.PENDING for alert in standing):
            return AWAKE
        naps = [self._over(rule, window, _margin(rule, window.name, facts, standing)) for window in windows]
        return Nap(min(one.height for one in naps), min(one.after for one in naps), max(one.before for one in naps))

    def _over(self, rule: Rule, window: Window, margin: float) -> Nap:
        inside = self._times(window)
        blocks = len(inside)
        if blocks < _LEAST_BLOCKS:
            return AWAKE
        changes = min(margin / SPEED[rule.value](rule, 0.75 * blocks), blocks / 4)
        each_way = int(changes / 2)
        if each_way < 1:
            return AWAKE
        if window.seconds is None:  # for each block that enters, one leaves
            return Nap(self._height + each_way, float("inf"), 0)
        last = np.partition(inside, each_way - 1)[each_way - 1]
        return Nap(self._height + each_way, float(last) + window.seconds, self._time)

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


def _margin(rule: Rule, window: str, facts: Samples, standing: Sequence[Alert]) -> float:
    """How far the nearest number is from a threshold at which something happens."""
    names, samples = facts.metrics[rule.value]
    at = names.index("window")
    firing = [dict(alert.labels) for alert in standing if alert.state is AlertState.FIRING]
    distances = [rule.enter] if rule.rising else []  # an entity that is not there has nothing
    for values, value in samples:
        if values[at] == window and rule.matches(names, values):
            fires = firing and dict(zip(names, values, strict=True)) in firing
            distance = value - rule.leave if fires else rule.enter - value
            distances.append(distance if rule.rising else -distance)
    return max(0.0, min(distances, default=0.0))
