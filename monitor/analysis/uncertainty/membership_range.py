"""The range of the counted numbers over all alternatives of uncertain memberships."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.levels import Nameless
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.indices import hhi, nakamoto
from monitor.analysis.uncertainty.alternatives import Alternatives
from monitor.model import Envelope, Interval


def envelopes(several: Iterable[Alternatives]) -> tuple[Envelope, ...]:
    """The range of each level and window that has blocks of an uncertain pool."""
    return tuple(_envelope(each) for each in several if each.open)


def _envelope(known: Alternatives) -> Envelope:
    found = known.found
    counts = known.counts + np.array([known.loose[entity] for entity in known.entities], np.int64)
    nameless = [*known.unclaimed, *(many for entity, many in known.loose.items() if isinstance(entity, Nameless))]
    pools = np.column_stack((known.disputed, np.tile(np.array(nameless, np.int64), (len(counts), 1))))
    unknown = pools.sum(axis=1) + known.unattributed
    shares = {entity: _range(counts[:, at] / found.blocks) for at, entity in enumerate(known.entities)}
    readings = {
        # whatever is in no column are miners of one block each
        name: Counts.ranked(columns, found.blocks - columns.sum(axis=1))
        for name, columns in (
            ("split", np.column_stack((counts, pools))),
            ("merged", np.column_stack((counts, unknown))),
        )
    }
    return Envelope(
        level=found.level,
        window=found.window.name,
        open=known.open,
        hhi={name: _range(hhi(reading)) for name, reading in readings.items()},
        nakamoto={name: _range(nakamoto(reading)) for name, reading in readings.items()},
        shares={entity: interval for entity, interval in shares.items() if interval.lower < interval.upper},
    )


def _range(numbers: NDArray[np.float64] | Integers) -> Interval:
    return Interval(numbers.min().item(), numbers.max().item())
