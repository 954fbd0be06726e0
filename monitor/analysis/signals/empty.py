"""Empty blocks: those with no transaction but the coinbase, by how soon they came after their parent.

A pool that hears of a new block works on an empty one until it has checked the other's transactions, or asked its node
for new ones: a matter of seconds. An empty block that comes later has no such excuse. Header times are the miners' own
and may be off by minutes, so this holds of many blocks better than of one.
"""

from __future__ import annotations

from monitor.analysis.signals.signal_input import SignalInput
from monitor.model import EmptyBlocks

SOON = (10, 30, 60)
"""Seconds."""


def empty_blocks(past: SignalInput) -> tuple[EmptyBlocks, ...]:
    """The empty blocks of every pool over every window."""
    soon = {seconds: past.empty & (past.gap <= seconds) for seconds in SOON}
    counted = []
    for window, where in past.where.items():
        within = {seconds: past.count(where, chosen).tolist() for seconds, chosen in soon.items()}
        numbers = zip(past.pools, past.count(where).tolist(), past.count(where, past.empty).tolist(), strict=True)
        for index, (pool, blocks, empty) in enumerate(numbers):
            counted.append(
                EmptyBlocks(
                    pool, window, blocks, empty=empty, within={seconds: many[index] for seconds, many in within.items()}
                )
            )
    return tuple(counted)
