"""What happened since the process started, counted on with each plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from monitor.model import Judged, PoolSlug, Tally


def advance(tally: Tally, *, connected: Iterable[Judged], disconnected: Sequence[PoolSlug | None]) -> Tally:
    """Count the blocks that joined the best chain, and the pools of those that left it: one reorganisation."""
    judged = [one.attribution for one in connected]
    if disconnected:
        tally = replace(
            tally,
            stale=Counter(tally.stale) + Counter(disconnected),
            reorgs=tally.reorgs + 1,
            last_reorg_depth=len(disconnected),
        )
    return replace(
        tally,
        connected=Counter(tally.connected) + Counter((one.pool, one.method) for one in judged),
        conflicts=Counter(tally.conflicts) + Counter(one.pool for one in judged if one.conflict and one.pool),
    )
