"""Posterior of one hashrate share, given n of N blocks, evaluated for many pairs at once.

A function of two integers, and the same pairs come again: with the next block, in other windows, at other levels. So
the results are kept, which makes a backtest of rules on intervals five times as fast (`benchmarks/backtest.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from monitor.analysis.uncertainty.intervals import probabilities_above, rate_factors, share_intervals
from monitor.model import Certainty

THRESHOLDS: Final = {"0.25": 1 / 4, "0.333": 1 / 3, "0.5": 1 / 2}
"""Shares of hashrate that matter, by their names: with a quarter, selfish mining pays for who is well connected; with
a third, for everybody; half of it is a majority. I. Eyal, E. G. Sirer, Majority Is Not Enough, FC 2014."""
_NEAR: Final = 0.05
"""Below this share the probability of exceeding a threshold is not published: it is practically zero."""
_REMEMBERED: Final = 50_000


_known: dict[tuple[int, int], Certainty] = {}


def certainties(pairs: Iterable[tuple[int, int]]) -> list[Certainty]:
    """One for each pair of blocks found and blocks in all, in the same order."""
    wanted = list(pairs)
    found = {pair: known for pair in wanted if (known := _known.get(pair))}
    if missing := set(wanted) - found.keys():
        new = dict(_evaluated(sorted(missing)))
        found |= new
        if len(_known) > _REMEMBERED:  # whoever asks on another thread has what it found
            _known.clear()
        _known.update(new)
    return [found[pair] for pair in wanted]


def _evaluated(pairs: list[tuple[int, int]]) -> Iterable[tuple[tuple[int, int], Certainty]]:
    found, totals = zip(*pairs, strict=True)
    large = [(x, n) for x, n in pairs if x > _NEAR * n]
    chances = dict.fromkeys(pairs, ()) | _above(large)
    shares, rates = share_intervals(found, totals), rate_factors(found)
    for pair, share, rate in zip(pairs, shares, rates, strict=True):
        yield pair, Certainty(*share, *rate, dict(zip(THRESHOLDS, chances[pair], strict=False)))


def _above(pairs: list[tuple[int, int]]) -> dict[tuple[int, int], tuple[float, ...]]:
    if not pairs:
        return {}
    found, totals = zip(*pairs, strict=True)
    chances = [probabilities_above(limit, found, totals) for limit in THRESHOLDS.values()]
    return dict(zip(pairs, zip(*chances, strict=True), strict=True))
