"""How fast are rules held against the past?

Prints blocks a second for the rules that come with the program, over mainnet's embedded history, drawn on to two years;
how many times as long that takes as a bare loop that only counts the same blocks into a table; and the same when no
rule ever sleeps (--awake). Each is the best of its runs, in seconds of the processor, since other work
on the machine only ever slows it down.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import islice
from time import process_time
from unittest.mock import patch

from monitor.alerts.loading import load_rules
from monitor.analysis import BlockTable
from monitor.backtest.backtest import judgeable
from monitor.backtest.replay import Replay, ReplayedBlock, Scope
from monitor.backtest.skipping import NO_SKIP, SkipPlanner
from monitor.config import Config
from monitor.embedded import mainnet, onward
from monitor.model import BlockRow
from monitor.processing.levels import levels
from monitor.registry.loading import load_registry

WARM, BLOCKS, RUNS = 52_560, 52_560, 3


def measured(work: Callable[[], object]) -> float:
    """Seconds of the best run."""
    best = []
    for _ in range(RUNS):
        start = process_time()
        work()
        best.append(process_time() - start)
    return min(best)


def main() -> None:
    """Measure."""
    config, registry = Config(), load_registry()
    rules, left = judgeable(load_rules(config), config, whole=False)
    blocks = [
        BlockRow(found.height, found.time, found.bits, None if found.pool == "unknown" else found.pool)
        for found in islice(onward(mainnet(), 0), WARM + BLOCKS)
    ]
    known = levels(registry)

    def replayed() -> float:
        replay = Replay(rules, Scope(known, config.windows, registry.pools.names))
        for row in blocks[:WARM]:
            replay.warm(row)
        start = process_time()
        for row in blocks[WARM:]:
            replay.take(ReplayedBlock(row))
        return process_time() - start

    bare = measured(lambda: BlockTable.of(blocks[WARM:], known))
    print(f"{len(rules)} rules; a file cannot tell of {len(left)} more")
    print(f"bare loop: {BLOCKS / bare:,.0f} blocks a second")
    took = min(replayed() for _ in range(RUNS))
    print(f"backtest: {BLOCKS / took:,.0f} blocks a second, {took / bare:.1f} x the bare loop")
    if "--awake" in sys.argv:
        with patch.object(SkipPlanner, "skip", lambda *_, **__: NO_SKIP):
            awake = replayed()
        print(f"looking at each block: {BLOCKS / awake:,.0f} blocks a second")


if __name__ == "__main__":
    main()
