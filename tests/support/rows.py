"""Blocks written in one line, as analysis takes them: a letter for each pool, lowest block first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from monitor.analysis import POOL, BlockTable
from monitor.analysis.signals.signal_input import SignalInput
from monitor.model import BlockRow, PoolSlug, Window

EASY = 0x1D00FFFF
A, B = PoolSlug("a"), PoolSlug("b")


def rows(pools: str, *, height: int = 1000, gaps: Sequence[int] = (), **columns: Sequence[Any]) -> list[BlockRow]:
    """The blocks of these pools, `?` being unknown.

    Args:
        pools: a letter for each block.
        height: of the first.
        gaps: seconds from each block to the next; 600 without them.
        columns: other fields of `BlockRow`, with a value for each block.
    """
    made, time = [], 1_700_000_000
    for index, pool in enumerate(pools):
        more = {name: values[index] for name, values in columns.items()}
        made.append(BlockRow(height + index, time, EASY, None if pool == "?" else PoolSlug(pool), **more))
        time += gaps[index] if index < len(gaps) else 600
    return made


def past(blocks: Sequence[BlockRow], *windows: str) -> SignalInput:
    """Blocks as the signals read them; without a window, all of them in one named `all`."""
    parsed = [Window.parse(name) for name in windows] or [Window("all", blocks=len(blocks))]
    return SignalInput.of(BlockTable.of(blocks, (POOL,)), parsed)
