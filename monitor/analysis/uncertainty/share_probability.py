"""Posterior of one hashrate share, given n of N blocks, evaluated for many pairs at once.

A function of two integers, and the same pairs come again: with the next block, in other windows, at other levels. So
the results are kept, which makes a backtest of rules on intervals five times as fast (`benchmarks/backtest.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import repeat
from math import nan
from typing import Final, TypeAlias

import numpy as np

from monitor.analysis.uncertainty.intervals import probabilities_above, rate_factors, share_intervals
from monitor.model import Certainty

THRESHOLDS: Final = {"0.25": 1 / 4, "0.333": 1 / 3, "0.5": 1 / 2}
"""Shares of hashrate that matter, by their names: with a quarter, selfish mining pays for who is well connected; with
a third, for everybody; half of it is a majority. I. Eyal, E. G. Sirer, Majority Is Not Enough, FC 2014."""
_NEAR: Final = 0.05
"""Below this share the probability of exceeding a threshold is not published: it is practically zero."""
_REMEMBERED: Final = 4_000


_Pair: TypeAlias = tuple[int, int]
_known: dict[_Pair, Certainty] = {}
_without_intervals: dict[_Pair, Certainty] = {}


def certainties(pairs: Iterable[_Pair], *, intervals: bool = True) -> list[Certainty]:
    """One for each pair of blocks found and blocks in all, in the same order.

    Without `intervals` these are NaN: they take most of the time.
    """
    wanted, memory = list(pairs), _known if intervals else _without_intervals
    found = {pair: known for pair in wanted if (known := memory.get(pair))}
    if missing := set(wanted) - found.keys():
        new = dict(_evaluated(sorted(missing), intervals=intervals))
        found |= new
        if len(memory) > _REMEMBERED:  # whoever asks on another thread has what it found
            memory.clear()
        memory.update(new)
    return [found[pair] for pair in wanted]


def _evaluated(pairs: list[_Pair], *, intervals: bool) -> Iterable[tuple[_Pair, Certainty]]:
    found, totals = zip(*pairs, strict=True)
    large = [(x, n) for x, n in pairs if x > _NEAR * n]
    chances = dict.fromkeys(pairs, ()) | _above(large)
    shares, rates = (share_intervals(found, totals), rate_factors(found)) if intervals else 2 * (repeat((nan, nan)),)
    for pair, share, rate in zip(pairs, shares, rates, strict=False):
        yield pair, Certainty(*share, *rate, dict(zip(THRESHOLDS, chances[pair], strict=False)))


def _above(pairs: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[float, ...]]:
    if not pairs:
        return {}
    found, totals = zip(*pairs, strict=True)
    each = len(THRESHOLDS)  # all at once: most of the time is that of a call
    limits = np.repeat(list(THRESHOLDS.values()), len(pairs))
    chances = np.reshape(probabilities_above(limits, each * found, each * totals), (each, -1)).T.tolist()
    return dict(zip(pairs, map(tuple, chances), strict=True))
