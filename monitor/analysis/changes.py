"""When an entity's share of the hashrate changed: an online test that stays quiet where there is only luck.

The chain is cut into bins of `BIN` blocks by height. Within one, an entity's blocks are binomial in its share. After
each whole bin, and for each entity, two shares with a change between them are held against a single share ever since
the last change: the log likelihood ratio of the best moment for the change (a GLR test: D. Siegmund, E. S.
Venkatraman, Using the Generalized Likelihood Ratio Statistic for Sequential Detection of a Change-Point, Annals of
Statistics 23, 1995). Above `THRESHOLD` it is an event, and counting begins anew at that moment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from monitor.analysis.intervals import share_intervals
from monitor.analysis.ledger import FIRST, Ledger
from monitor.analysis.windows import covered
from monitor.model import Change, Share, Window

BIN: Final = 144
"""Blocks: a day's worth."""
THRESHOLD: Final = 11.0
"""Log likelihood ratio: docs/accuracy.md has the false alarms a year and the delays that it stands for."""
_LEAST_RATIO: Final = 1 / 5
"""A change by less of the share is no event: real shares drift all the time."""
_LEAST_SHARE: Final = 1 / 100
"""Nor is one between two shares below this."""
_BASELINE: Final = 14
"""Bins that a share must have been watched before it can be said to change."""
_LAGS: Final = np.unique(np.geomspace(1, 365, 24).astype(int))
"""How many bins ago the change may have been: each of the last few, then ever more coarsely."""

_Numbers = NDArray[np.floating]


class Found(NamedTuple):
    """One change, in bins."""

    column: int
    """Whose."""
    at: int
    """The first bin after it."""
    told: int
    """The bin with which the test told."""


def changes(ledger: Ledger, windows: Sequence[Window], *, level: int) -> tuple[Change, ...]:
    """The changes within the longest of `windows`, oldest first.

    Args:
        ledger: the blocks.
        windows: how far to look back. Where they begin, so does the watching.
        level: its number among the ledger's.
    """
    rows = ledger.rows
    if not len(rows) or not windows:
        return ()
    rows = rows[min(int(np.arange(len(rows))[covered(rows, window)][0]) for window in windows) :]
    bins = rows["height"] // BIN
    first, bins_seen = int(bins[0]) + int(rows["height"][0] % BIN > 0), int((rows["height"][-1] + 1) // BIN)
    entities, many = ledger.entities(level), bins_seen - first
    if many <= _BASELINE:
        return ()
    whole = (bins >= first) & (bins < bins_seen)
    size = len(entities) + FIRST
    cells = (bins[whole] - first) * size + rows["entity"][whole, level]
    counts = np.bincount(cells, minlength=many * size).reshape(many, size)[:, FIRST:]
    segments: defaultdict[int, list[int]] = defaultdict(lambda: [0])
    found = find(counts)
    for each in found:
        segments[each.column].append(each.at)
    told = []
    for each in found:
        column, spans = counts[:, each.column], [*segments[each.column], many]
        before, after = (
            _share(entities[each.column], column[begin:end])
            for begin, end in pairwise(spans)
            if each.at in (begin, end)
        )
        height = (first + each.at) * BIN
        time = int(rows["time"][np.searchsorted(rows["height"], height)])
        known = (first + each.told + 1) * BIN - 1
        told.append(Change(ledger.levels[level].name, entities[each.column], height, time, known, before, after))
    return tuple(sorted(told, key=lambda change: (change.height, change.entity)))


def find(counts: NDArray[np.int64]) -> tuple[Found, ...]:
    """The changes in `counts`, a row for each bin and a column for each entity, in the order in which they are told."""
    return _find(counts.tobytes(), counts.shape)


@lru_cache(maxsize=4)  # asked with each block, but another answer only with each bin
def _find(counts: bytes, shape: tuple[int, int]) -> tuple[Found, ...]:
    bins, entities = shape
    until = np.zeros((bins + 1, entities))
    np.cumsum(np.frombuffer(counts, np.int64).reshape(shape), axis=0, out=until[1:])
    start, columns = np.zeros(entities, int), np.arange(entities)
    found = []
    for now in range(_BASELINE + 1, bins + 1):
        moments = now - _LAGS[now - _LAGS >= _BASELINE, None]
        watched = moments - start >= _BASELINE
        n, m = np.where(watched, moments - start, 1) * BIN, (now - moments) * BIN
        x, y = until[moments[:, 0]] - until[start, columns], until[now] - until[moments[:, 0]]
        ratio = _best(x, n) + _best(y, m) - _best(x + y, n + m)
        large = np.abs(y / m - x / n) >= _LEAST_RATIO * x / n
        ratio[~(watched & large & (np.maximum(x / n, y / m) >= _LEAST_SHARE))] = 0
        for column in np.flatnonzero(ratio.max(axis=0) > THRESHOLD):
            start[column] = moments[ratio[:, column].argmax(), 0]
            found.append(Found(int(column), int(start[column]), now - 1))
    return tuple(found)


def _best(found: _Numbers, blocks: NDArray[np.int64]) -> _Numbers:
    """Log likelihood of some of the blocks with the share that makes it largest."""
    missed = np.maximum(blocks - found, 0)
    likelihood: _Numbers = xlogy(found, found / blocks) + xlogy(missed, missed / blocks)
    return likelihood


def _share(entity: str, counts: NDArray[np.int64]) -> Share:
    found, total = int(counts.sum()), BIN * len(counts)
    return Share(entity, found, found / total, *share_intervals([found], total)[0])
