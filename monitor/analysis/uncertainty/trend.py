"""Trend of concentration: a straight line through the history of a window, and whether drift alone explains it.

Shares drift without going anywhere, and a line through drift is rarely flat. So the slope is held against what both the
luck of the sample and the usual drift do to it (Yule's nonsense regressions: C. W. J. Granger, P. Newbold, Spurious
Regressions in Econometrics, Journal of Econometrics 2, 1974). With the drift of `current_share`, whose variance a block
is that of sampling over lifetime², either follows from the variance of one block.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.rows import FIRST
from monitor.analysis.distributions import Floats
from monitor.analysis.uncertainty.current_share import LevelPosterior
from monitor.analysis.uncertainty.intervals import TAILS
from monitor.model import Trend, Window


def _of_walk(slices: int) -> Floats:
    """Covariances of the means of a random walk over slices, with a variance of 1 gained in each of them.

    Between two slices: what the walk has gained by the middle of the earlier one. Within one: a sixth less.
    """
    number = np.arange(slices)
    return np.minimum.outer(number, number) + 1 / 2 - np.eye(slices) / 6


SHORTEST: Final = 30 * 86_400
"""Seconds. Over less than a month a line is a picture of luck."""
_SLICES: Final = 12
_YEAR: Final = 365 * 86_400
_STEPS: Final = np.arange(_SLICES) - (_SLICES - 1) / 2
_WEIGHTS: Final = _STEPS / (_STEPS**2).sum()
"""The slope per slice of the least-squares line through values is the sum of their products with these."""
_WALK: Final = float(_WEIGHTS @ _of_walk(_SLICES) @ _WEIGHTS)
"""Variance of the slope through a random walk that gains a variance of 1 a slice."""
_NORMAL: Final = NormalDist()


def trends(table: BlockTable, windows: Sequence[Window], posteriors: Mapping[str, LevelPosterior]) -> tuple[Trend, ...]:
    """The trend at every level, over each of the windows that is a month or longer and that the history covers.

    The posterior of a level says how much its entities drift; without one they do not.
    """
    long = [window for window in windows if (window.seconds or 0) >= SHORTEST]
    found = []
    for number, level in enumerate(table.levels):
        known, entities = posteriors.get(level.name), table.entities(number)
        drift = known.drift(entities) if known else np.zeros(len(entities))
        found += [_trend(table, number, window, drift=drift) for window in long]
    return tuple(trend for trend in found if trend is not None)


def _trend(table: BlockTable, number: int, window: Window, *, drift: Floats) -> Trend | None:
    assert window.seconds is not None
    rows, level = table.rows, table.levels[number].name
    age = rows["time"][-1].item() - rows["time"].astype(np.int64)
    if age[0] < window.seconds:
        return None
    within = age < window.seconds
    slices = np.clip(_SLICES - 1 - age[within] * _SLICES // window.seconds, 0, _SLICES - 1)
    size = len(table.entities(number)) + FIRST
    cells = slices * size + rows["entity"][within, number]
    fitted = line(np.bincount(cells, minlength=_SLICES * size).reshape(_SLICES, size), drift)
    if fitted is None:
        return None
    slope, error = (number * _SLICES * _YEAR / window.seconds for number in fitted)
    lower, upper = (slope + error * _NORMAL.inv_cdf(tail) for tail in TAILS)
    # With no scatter at all there is no doubt either.
    rising = _NORMAL.cdf(-slope / error) if error else float(slope < 0)
    return Trend(level, window.name, slope, lower=lower, upper=upper, rising=rising)


def line(counts: NDArray[np.int64], drift: Floats) -> tuple[float, float] | None:
    """Slope per slice of the line through the effective entities, and its standard error; None without pairs.

    Effective entities come from the unbiased HHI of each slice, unknown blocks split. With H = sum of p², a share that
    is wrong by e changes 1 / H by 2 p e / H². One block in a sample so has the variance 4 / H⁴ times the sum of
    p (p - H)² over all miners, and one block of drift that of p (p - H)² d.

    Args:
        counts: (slices, codes) blocks.
        drift: d of each entity, see `Posterior.drift`.
    """
    blocks, named = counts.sum(axis=1), counts[:, FIRST:]
    pairs = (named * (named - 1)).sum(axis=1)
    if not pairs.all():
        return None
    entities = blocks * (blocks - 1) / pairs
    shares = named.sum(axis=0) / blocks.sum()
    squares = float((shares**2).sum())
    each, rest = shares * (shares - squares) ** 2, (1 - shares.sum()) * squares**2
    sampling = (each.sum() + rest) * (_WEIGHTS**2 / blocks).sum()
    walk = (each @ drift + rest * drift.mean()) * blocks.mean() * _WALK
    return float(_WEIGHTS @ entities), float(2 * np.sqrt(sampling + walk) / squares**2)
