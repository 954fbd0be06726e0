"""Everything the outputs show, counted at one tip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monitor.analysis.concentration import concentrate
from monitor.analysis.ledger import Ledger
from monitor.analysis.windows import network_hashrate
from monitor.model import BlockHash, PoolSlug, Snapshot, Tally, Window


def snapshot(  # noqa: PLR0913 -- it makes one value of many fields
    ledger: Ledger,
    windows: Sequence[Window],
    tally: Tally,
    *,
    tip_hash: BlockHash,
    first_height: int,
    caught_up: bool,
    registry: str,
    pool_names: Mapping[PoolSlug, str],
) -> Snapshot:
    """Compute what the ledger tells over `windows`, and put what is known besides next to it.

    Raises:
        ValueError: the ledger is empty, so there is no tip to speak of.
    """
    if ledger.tip is None:
        raise ValueError("there is no snapshot of no blocks")
    return Snapshot(
        tip=ledger.tip,
        tip_hash=tip_hash,
        first_height=first_height,
        caught_up=caught_up,
        registry=registry,
        concentration=concentrate(ledger, windows),
        network_hashrate={window.name: network_hashrate(ledger, window) for window in windows},
        tally=tally,
        pool_names=pool_names,
    )
