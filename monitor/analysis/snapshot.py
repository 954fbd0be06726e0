"""The numbers of one tip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.concentration import concentrate
from monitor.analysis.counting.windows import confidences, network_hashrates
from monitor.model import BlockHash, PoolSlug, Snapshot, Tally, Window


def snapshot(  # noqa: PLR0913 -- it makes one value of many fields
    table: BlockTable,
    windows: Sequence[Window],
    tally: Tally,
    *,
    tip_hash: BlockHash,
    first_height: int,
    caught_up: bool,
    registry: str,
    pool_names: Mapping[PoolSlug, str],
) -> Snapshot:
    """Everything that is counted over `windows`; `estimated` and `signals` add the rest.

    Raises:
        ValueError: the table is empty.
    """
    if table.tip is None:
        raise ValueError("there is no snapshot of no blocks")
    rates = network_hashrates(table, windows)
    return Snapshot(
        tip=table.tip,
        tip_hash=tip_hash,
        first_height=first_height,
        caught_up=caught_up,
        registry=registry,
        concentration=concentrate(table, windows, rates),
        network_rate=rates,
        confidence=confidences(table, windows),
        tally=tally,
        pool_names=pool_names,
    )
