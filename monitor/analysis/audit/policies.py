"""Dates at which a pool began or ceased to mine transactions with a trait.

Of each pool, its blocks in order say yes or no: at least one such transaction. A change is where two shares, before and
after, explain them so much better than one that the log likelihood ratio of the best place exceeds the threshold of the
change points of hashrate; each part is then searched again. Blocks count only while other pools mine such transactions
near by, before and after: a kind of transaction that is no longer sent is not a policy.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.audit.rates import ratios
from monitor.analysis.uncertainty.change_points import THRESHOLD, likelihood
from monitor.model import AuditRow, PolicyChange, PoolSlug, Trait

_NEAR_BLOCKS: Final = 72
"""Half a day either way."""
_LEAST_BLOCKS: Final = 10
"""Blocks of the pool on either side of a change."""
_LEAST_DIFFERENCE: Final = 0.5
"""Of the shares of blocks: a policy begins or ends; what changes less may be what people send."""


def policy_changes(rows: Sequence[AuditRow]) -> list[PolicyChange]:
    """All changes in audits of a chain, lowest first, newest change first."""
    found = list[PolicyChange]()
    by_pool: dict[PoolSlug, list[AuditRow]] = {}
    for row in rows:
        if row.pool:
            by_pool.setdefault(row.pool, []).append(row)
    for trait in (each.value for each in Trait):
        with_trait = [row for row in rows if row.traits.get(trait)]
        for pool, own in by_pool.items():
            others = [row.height for row in with_trait if row.pool != pool]
            usable = [row for row in own if _is_near(row.height, others)]
            found += _changes(usable, pool, trait)
    return sorted(found, key=lambda each: (-each.height, each.pool, each.trait))


def _changes(rows: Sequence[AuditRow], pool: PoolSlug, trait: str) -> Iterator[PolicyChange]:
    seen = np.array([bool(row.traits.get(trait)) for row in rows], dtype=np.float64)
    places = [0, *split(seen), len(rows)]
    for start, at, end in zip(places, places[1:], places[2:], strict=False):
        found = seen.tolist()
        before, after = ratios([
            (found[start:at], [1.0] * (at - start)), (found[at:end], [1.0] * (end - at))
        ])  # fmt: skip
        if abs(after.value - before.value) >= _LEAST_DIFFERENCE:
            row = rows[at]
            yield PolicyChange(pool, trait, row.height, time=row.time, before=before, after=after)


def split(seen: NDArray[np.float64]) -> Iterator[int]:
    """Where the rate of ones among zeros and ones changes, in order."""
    n = len(seen)
    if n < 2 * _LEAST_BLOCKS:
        return
    at = np.arange(_LEAST_BLOCKS, n - _LEAST_BLOCKS + 1)
    until = np.concatenate(([0.0], np.cumsum(seen)))
    gain = likelihood(until[at], at) + likelihood(until[n] - until[at], n - at) - likelihood(until[n:], np.array([n]))
    best = int(gain.argmax())
    if gain[best] > THRESHOLD:
        place = int(at[best])
        yield from split(seen[:place])
        yield place
        yield from (place + later for later in split(seen[place:]))


def _is_near(height: int, others: Sequence[int]) -> bool:
    """Whether there is one below and one above, near by."""
    at = bisect_left(others, height)
    return 0 < at < len(others) and others[at - 1] >= height - _NEAR_BLOCKS and others[at] <= height + _NEAR_BLOCKS
