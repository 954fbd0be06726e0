"""The alternatives of a level and window that may be the least and the most concentrated.

A few of all. To merge an entity with another one raises every sum of the largest and the sum of squares, and with it
the ends of their intervals, to within a small part of what the closed form is exact to. So of two answers, one by which
a pool stands apart and one by which all its blocks count for an entity that has others, each end needs one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.time_index import Integers
from monitor.analysis.uncertainty.alternatives import Alternatives, every_sum
from monitor.analysis.uncertainty.closed_form import Sizes


def extremes(known: Alternatives) -> tuple[Sizes, Sizes]:
    """Alternatives as little concentrated as they can be, and as much."""
    sure, named = known.certain[:, 0] - known.certain[:, 1], len(known.entities)
    choices = [each[..., 0] - each[..., 1] for each in known.choices]
    unclaimed = np.array(known.unclaimed, np.int64) - np.array(known.doubtful, np.int64)
    shared = np.sum([sure > 0, *(each.any(axis=0) for each in choices)], axis=0) > 1
    least = every_sum(sure, (_finest(each, shared) for each in choices))
    least = np.column_stack((least, np.tile(unclaimed, (len(least), 1))))
    if known.anyones:
        shared[named:] = True  # nothing says that what no row claims is not one entity's
        most = every_sum(sure, (_coarsest(each, shared) for each in choices))
        most = np.column_stack((most[:, :named], most[:, named:].sum(axis=1)))
        most[np.arange(len(most)), most.argmax(axis=1)] += known.free
    else:
        most = _with_one_unknown(known.certain[:, 0], known.certain[:, 1], known.unattributed)
    return (
        Sizes(least, known.found.blocks - least.sum(axis=1)),
        Sizes(most, np.full(len(most), known.found.alone)),
    )


def _finest(answers: Integers, shared: NDArray[np.bool_]) -> Integers:
    """A pool's answers without those that are more concentrated than another one, whatever other pools do."""
    apart = ~answers[:, shared].any(axis=1)
    return answers[apart | ~_whole(answers)] if apart.any() else answers


def _coarsest(answers: Integers, shared: NDArray[np.bool_]) -> Integers:
    """A pool's answers without those that are less concentrated than another one, whatever other pools do."""
    apart = ~answers[:, shared].any(axis=1)
    return answers[~apart] if (_whole(answers) & ~apart).any() else answers


def _whole(answers: Integers) -> NDArray[np.bool_]:
    """Whether all blocks of the pool count for one entity."""
    whole: NDArray[np.bool_] = (answers > 0).sum(axis=1) <= 1
    return whole


def _with_one_unknown(counts: Integers, doubtful: Integers, unknown: int) -> Integers:
    """The counts if one unknown miner had all unknown blocks, and the doubtful ones of some entities.

    A row for each choice of these entities that may be the most concentrated. The sum of squares grows with the square
    of the blocks that move, less (2 counts - doubtful) for each of them: those with the least to lose move first.
    """
    order = np.argsort(2 * counts - doubtful, kind="stable")
    moved = np.tril(np.tile(doubtful[order], (len(order) + 1, 1)), -1)
    return np.column_stack((counts[order] - moved, unknown + moved.sum(axis=1)))
