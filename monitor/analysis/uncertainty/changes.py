"""Changes of entities' shares: how large they are, and what else changed with them.

A change is found because it looks large, and so it looks larger than it is: in 2021 to 2025 the blocks since a change,
on the day of its detection, told of 1.4 times what the next fortnight kept. So they are averaged with the share now,
which knows how little a few days mean, each weighted by how sure it is; of what is then told, the fortnight kept 1.05
times as much (docs/accuracy.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.rows import FIRST, UNKNOWN
from monitor.analysis.counting.windows import reached
from monitor.analysis.uncertainty.change_points import BASELINE, BIN, Found, find
from monitor.analysis.uncertainty.current_share import FORTNIGHT, LevelPosterior, intervals
from monitor.analysis.uncertainty.intervals import PRIOR
from monitor.model import PSEUDONYM, Change, Interval, Share, Window

_AROUND: Final = 30
"""Bins before and after a change that say what the share was."""
_DRIFT: Final = 1 / (19 * BIN) ** 2
"""The usual drift of a share, as `Posterior.drift`: a mean over n blocks is off by n / 3 of it at either end."""
_SAME_TIME: Final = 7
"""Bins between two changes that may be one."""
_NORMAL: Final = 1.96


class _Mean(NamedTuple):
    """A share over some bins."""

    blocks: int
    share: float
    variance: float
    """Of luck and drift, as an estimate of the share at either end."""

    @classmethod
    def of(cls, counts: NDArray[np.int64]) -> _Mean:
        """Of an entity's blocks in each bin."""
        found, total = int(counts.sum()), BIN * len(counts)
        return cls(found, found / total, _of_a_block(found / total, total) * (1 / total + total * _DRIFT / 3))


def changes(
    table: BlockTable, windows: Sequence[Window], *, level: int, known: LevelPosterior | None = None
) -> tuple[Change, ...]:
    """The changes within the longest of `windows`, oldest first. Where the windows begin, so does the watching.

    `level` is a number among the table's. Without the shares now, what follows a new change is taken as it is.
    """
    rows = reached(table.rows, windows)
    if not len(rows):
        return ()
    bins = rows["height"] // BIN
    first, bins_seen = int(bins[0]) + int(rows["height"][0] % BIN > 0), int((rows["height"][-1] + 1) // BIN)
    entities, many = table.entities(level), bins_seen - first
    if many <= BASELINE:
        return ()
    whole = (bins >= first) & (bins < bins_seen)
    size = len(entities) + FIRST
    cells = (bins[whole] - first) * size + rows["entity"][whole, level]
    counts = np.bincount(cells, minlength=many * size).reshape(many, size)
    heights, told = rows["height"].copy(), []
    for each in sized(counts, entities, known):
        height = (first + each.found.at) * BIN
        told.append(
            Change(
                table.levels[level].name,
                each.entity,
                height,
                time=int(rows["time"][np.searchsorted(heights, height)]),
                found_height=(first + each.found.told + 1) * BIN - 1,
                before=_share(each.entity, each.before),
                after=_share(each.entity, each.after),
                size=Interval(each.size - _NORMAL * each.error, each.size + _NORMAL * each.error),
                labelling=each.labelling,
                counterpart=each.counterpart,
            )
        )
    return tuple(sorted(told, key=lambda change: (change.height, change.entity)))


@dataclass(frozen=True, slots=True)
class Sized:
    """A change with its size."""

    entity: str
    found: Found
    before: _Mean
    after: _Mean
    labelling: bool
    counterpart: str | None = None

    @property
    def size(self) -> float:
        """Positive for a gain."""
        return self.after.share - self.before.share

    @property
    def error(self) -> float:
        """Standard error of the size."""
        return sqrt(self.before.variance + self.after.variance)


def sized(counts: NDArray[np.int64], entities: Sequence[str], known: LevelPosterior | None) -> list[Sized]:
    """The changes in `counts`, blocks by (bin, code), in the order of detection.

    `entities` are those of the codes from `FIRST` on, `known` the shares now.
    """
    unattributed = [UNKNOWN, *(code for code, name in enumerate(entities, FIRST) if name.startswith(PSEUDONYM))]
    unknown = counts[:, unattributed].sum(axis=1)
    found = find(counts[:, FIRST:])
    borders: defaultdict[int, list[int]] = defaultdict(lambda: [0])
    for each in found:
        borders[each.column].append(each.at)
    told = []
    for each in found:
        own, edges = counts[:, FIRST + each.column], borders[each.column]
        number = edges.index(each.at, 1)
        start, end = edges[number - 1], edges[number + 1] if number + 1 < len(edges) else len(counts)
        spans = slice(max(start, each.at - _AROUND), each.at), slice(each.at, min(end, each.at + _AROUND))
        before, after = (_Mean.of(own[span]) for span in spans)
        labelling = _is_mirrored(after.share - before.share, *(_Mean.of(unknown[span]) for span in spans))
        entity = entities[each.column]
        if known and entity in known.entities and end == len(counts) < each.at + _AROUND:
            after = _lasting(after, *known.of(entity))
        told.append(Sized(entity, each, before=before, after=after, labelling=labelling))
    return _paired(told)


def _lasting(since: _Mean, share: float, evidence: float) -> _Mean:
    """The share that a new change will leave: that of the blocks since, and the share now, by how sure they are.

    The variance is their mean: both come from the same blocks.
    """
    variances = np.array([
        since.variance + _of_a_block(since.share, BIN) * FORTNIGHT * _DRIFT / 3, share * (1 - share) / evidence
    ])  # fmt: skip
    lasting = float(np.average([since.share, share], weights=1 / variances))
    return _Mean(since.blocks, lasting, float(variances.mean()))


def _is_mirrored(change: float, before: _Mean, after: _Mean) -> bool:
    """Whether the unknown lost at least half of what an entity won, or won half of what it lost."""
    moved = after.share - before.share
    by_luck = _NORMAL * sqrt(before.variance + after.variance)
    return change * moved < 0 and abs(moved) > max(abs(change) / 2, by_luck)


def _paired(told: list[Sized]) -> list[Sized]:
    """The same, with the counterpart of each loss that is about as large as one gain at about the same time.

    As large: either size is in the interval of the other. A wide interval alone does not make a pair of a large change
    and a small one.
    """
    pairs = [
        (abs(loss.found.at - gain.found.at), -gain.size, lost, won)
        for lost, loss in enumerate(told)
        for won, gain in enumerate(told)
        if loss.size < 0 < gain.size
        and abs(loss.found.at - gain.found.at) <= _SAME_TIME
        and abs(loss.size + gain.size) <= _NORMAL * min(loss.error, gain.error)
        and not (loss.labelling or gain.labelling)
    ]
    paired = dict(enumerate(told))
    for *_, lost, won in sorted(pairs):
        if paired[lost].counterpart is paired[won].counterpart is None:
            paired[lost] = replace(told[lost], counterpart=told[won].entity)
            paired[won] = replace(told[won], counterpart=told[lost].entity)
    return list(paired.values())


def _of_a_block(share: float, blocks: int) -> float:
    """Variance of a share that one block tells, with the prior's block added: none found is not none there."""
    share = (share * blocks + PRIOR) / (blocks + 2 * PRIOR)
    return share * (1 - share)


def _share(entity: str, mean: _Mean) -> Share:
    lower, upper = intervals(np.array(mean.share), _of_a_block(mean.share, BIN) / np.array(mean.variance))
    return Share(entity, mean.blocks, mean.share, lower=float(lower), upper=float(upper))
