"""Change points of an entity's hashrate share: an online test with a bounded false alarm rate.

The chain is cut into bins of `BIN` blocks by height. Within one, an entity's blocks are binomial in its share. After
each whole bin, and for each entity, two shares with a change between them are held against a single share ever since
the last change: the log likelihood ratio of the best moment for the change (a GLR test: D. Siegmund, E. S.
Venkatraman, Using the Generalized Likelihood Ratio Statistic for Sequential Detection of a Change-Point, Annals of
Statistics 23, 1995). Above `THRESHOLD` it is an event, and the test restarts at that moment.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

BIN: Final = 144
"""Blocks: a day's worth."""
THRESHOLD: Final = 11.0
"""Log likelihood ratio: docs/accuracy.md has the false alarms a year and the delays that it stands for."""
_LEAST_RATIO: Final = 1 / 5
"""A change by less of the share is no event: real shares drift all the time."""
_LEAST_SHARE: Final = 1 / 100
"""Nor is one between two shares below this."""
BASELINE: Final = 14
"""Bins that a share must have been watched before it can be said to change."""
_LAGS: Final = np.unique(np.geomspace(1, 365, 24).astype(int))
"""How many bins ago the change may have been: each of the last few, then ever more coarsely."""
_AT_ONCE: Final = 12
"""Bins tested in one step. After a detected change the following bins are tested again, so not too many."""

_Numbers = NDArray[np.floating]


class Found(NamedTuple):
    """One change, in bins."""

    column: int
    """Column of the entity."""
    at: int
    """The first bin after it."""
    told: int
    """The bin in which the test detected it."""


def find(counts: NDArray[np.int64]) -> tuple[Found, ...]:
    """The changes in `counts` (rows: bins, columns: entities), in the order of detection."""
    return _find(counts.tobytes(), counts.shape)


@lru_cache(maxsize=4)  # asked with each block, but another answer only with each bin
def _find(counts: bytes, shape: tuple[int, int]) -> tuple[Found, ...]:
    seen = np.frombuffer(counts, np.int64).reshape(shape)
    some = np.flatnonzero(seen.max(axis=0) > _LEAST_SHARE * BIN)  # the others never have so much of any bins
    bins, entities = len(seen), len(some)
    until = np.zeros((bins + 1, entities))
    np.cumsum(seen[:, some], axis=0, out=until[1:])
    start, columns = np.zeros(entities, int), np.arange(entities)
    found = []
    now = BASELINE + 1
    while now <= bins:
        nows = np.arange(now, min(now + _AT_ONCE, bins + 1))
        moments = nows[:, None] - _LAGS
        ratio = _ratios(until, nows, moments, start=start)
        telling = np.flatnonzero(ratio.max(axis=(1, 2), initial=0) > THRESHOLD)
        if not len(telling):
            now += len(nows)
            continue
        first = telling[0]  # what follows is tested again from there
        for column in columns[ratio[first].max(axis=0) > THRESHOLD]:
            start[column] = moments[first, ratio[first, :, column].argmax()]
            found.append(Found(int(some[column]), int(start[column]), int(nows[first]) - 1))
        now = int(nows[first]) + 1
    return tuple(found)


def _ratios(
    until: _Numbers, nows: NDArray[np.int64], moments: NDArray[np.int64], *, start: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The log likelihood ratio, with each of `nows`, of a change at each of its `moments`, for each entity.

    0 where no change is looked for, or where the ratio cannot come to the threshold: it is no larger than the two
    shares' chi-squared distance from the one between them.
    """
    watched = moments[:, :, None] - start >= BASELINE
    n = np.where(watched, moments[:, :, None] - start, 1) * BIN
    m = np.broadcast_to((nows[:, None] - moments)[:, :, None] * BIN, n.shape)
    then = until[np.maximum(moments, 0)]
    x, y = then - until[start, np.arange(len(start))], until[nows][:, None] - then
    before, after, both = x / n, y / m, (x + y) / (n + m)
    asked = watched & (np.maximum(before, after) >= _LEAST_SHARE)
    asked &= np.abs(after - before) >= _LEAST_RATIO * before
    asked &= n * m / (n + m) * (after - before) ** 2 > THRESHOLD * both * (1 - both)
    x, y, n, m = x[asked], y[asked], n[asked], m[asked]
    ratio = np.zeros(asked.shape)
    ratio[asked] = likelihood(x, n) + likelihood(y, m) - likelihood(x + y, n + m)
    return ratio


def likelihood(found: _Numbers, blocks: NDArray[np.int64]) -> _Numbers:
    """Log likelihood of some of the blocks with the share that makes it largest."""
    missed = np.maximum(blocks - found, 0)
    largest: _Numbers = _times_log(found, blocks) + _times_log(missed, blocks)
    return largest


def _times_log(found: _Numbers, blocks: NDArray[np.int64]) -> _Numbers:
    """The number of blocks times the logarithm of its share; 0 of none."""
    return np.asarray(found * np.log(np.maximum(found, 1) / blocks))
