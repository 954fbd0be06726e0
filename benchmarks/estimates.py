"""What the estimates of a tip cost in processor time, beside a bare loop that only makes the same random draws.

    python benchmarks/estimates.py

A year of synthetic blocks by forty pools of the registry, of falling size; default windows, all levels, the memberships
that are open. "First" is once in a day's worth of blocks, when the test for changes runs anew; "next" is every other.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median
from time import thread_time

import numpy as np

from monitor.analysis import BlockTable, concentrate, network_hashrates, snapshot
from monitor.analysis.confirmation_risk import confirmation_risks
from monitor.analysis.template_difference import differences
from monitor.analysis.uncertainty import change_points
from monitor.analysis.uncertainty.alternatives import alternatives
from monitor.analysis.uncertainty.changes import changes
from monitor.analysis.uncertainty.combined import combined
from monitor.analysis.uncertainty.current_share import current_shares, posteriors
from monitor.analysis.uncertainty.estimates import estimated
from monitor.analysis.uncertainty.membership_range import envelopes
from monitor.analysis.uncertainty.posterior import estimate_all
from monitor.analysis.uncertainty.trend import trends
from monitor.model import BlockHash, BlockRow, Confidence, Snapshot, Tally, Window
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import load_registry

WINDOWS = [Window.parse(name) for name in ("24h", "3d", "7d", "30d", "90d", "1y", "2016b")]
YEAR = 53_000
MOST_MS = 250
MOST_MS_AT_ONCE = 25
MOST_TIMES_BARE = 8


def main() -> int:
    """Measure, print, and tell by the exit code whether it is quick enough."""
    registry = load_registry()
    open_ = questions(registry)
    table = BlockTable.of(history(sorted(registry.pools.by_slug)), levels(registry))
    rates = network_hashrates(table, WINDOWS)
    found = concentrate(table, WINDOWS, rates)

    def bare() -> None:
        chance = np.random.Generator(np.random.PCG64(1))
        for each in found:
            draws = 1000 if each.nameless else 2000
            for blocks in [*(share.blocks for share in each.shares), *each.nameless.values()]:
                chance.standard_gamma(blocks, draws, np.float32)

    def at_once() -> Snapshot:
        return snapshot(
            table, WINDOWS, Tally(), tip_hash=BlockHash("ab" * 32), first_height=0, caught_up=True, registry="",
            pool_names={},
        )  # fmt: skip

    def anew() -> object:
        change_points._find.cache_clear()  # noqa: SLF001 -- a new day's worth of blocks
        return changes(table, WINDOWS, level=0)

    taken = at_once()

    def first() -> object:
        change_points._find.cache_clear()  # noqa: SLF001
        return estimated(taken, table, WINDOWS, questions=open_)

    current = current_shares(posteriors(table, WINDOWS))
    seeds = [[1]] * len(found)
    known, sampled = list(alternatives(table, found, open_)), estimate_all(found, seeds=seeds)
    floor = milliseconds(bare)
    print(f"the same draws, bare numpy     {floor:8.2f} ms")
    parts: dict[str, Callable[[], object]] = {
        "intervals of the indices": lambda: estimate_all(found, seeds=seeds),
        "trends": lambda: trends(table, WINDOWS, posteriors(table, WINDOWS)),
        "shares now": lambda: current_shares(posteriors(table, WINDOWS)),
        "confirmation risks": lambda: confirmation_risks(current),
        "changes, first": anew,
        "changes, next": lambda: changes(table, WINDOWS, level=0),
        "differences": lambda: differences(table, found),
        "alternatives": lambda: list(alternatives(table, found, open_)),
        "envelopes": lambda: envelopes(known),
        "combined intervals": lambda: combined(known, sampled),
    }
    for name, part in parts.items():
        print(f"{name:<30} {milliseconds(part):8.2f} ms")
    whole, quick = milliseconds(first), milliseconds(at_once)
    after = milliseconds(lambda: estimated(taken, table, WINDOWS, questions=open_))
    print(f"all estimates, first           {whole:8.2f} ms   {whole / floor:5.1f} x bare")
    print(f"all estimates, next            {after:8.2f} ms   {after / floor:5.1f} x bare")
    print(f"what a block waits for         {quick:8.2f} ms")
    return 0 if whole < MOST_MS and whole / floor < MOST_TIMES_BARE and quick < MOST_MS_AT_ONCE else 1


def history(pools: list[str]) -> list[BlockRow]:
    """A chain of `YEAR` blocks, one in a hundred of them unknown, and one in eight of low confidence."""
    chance = np.random.default_rng(21)
    sizes = np.append(0.85 ** np.arange(40), 0.06)
    names = [*chance.choice(pools, 40, replace=False).tolist(), None]
    chosen = chance.choice(len(sizes), YEAR, p=sizes / sizes.sum()).tolist()
    times = (1_760_000_000 + chance.exponential(600, YEAR).cumsum()).astype(int).tolist()
    return [
        BlockRow(
            800_000 + n, time, 0x17034219, names[pool],
            confidence=None if names[pool] is None else Confidence.HIGH if n % 8 else Confidence.LOW,
        )
        for n, (time, pool) in enumerate(zip(times, chosen, strict=True))
    ]  # fmt: skip


def milliseconds(work: Callable[[], object]) -> float:
    """Median of some repetitions."""
    spent = []
    for _ in range(9):
        start = thread_time()
        work()
        spent.append(1000 * (thread_time() - start))
    return median(spent)


if __name__ == "__main__":
    sys.exit(main())
