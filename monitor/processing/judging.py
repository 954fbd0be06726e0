"""Which miner a block counts for: the pool that its coinbase names, or the pseudonym of an unknown miner."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from monitor.attribution.match import attribute
from monitor.attribution.unknown_miners import UnknownMiners
from monitor.model import Block, BlockRow, Judged
from monitor.registry.registry import PoolRegistry


def judge(blocks: Iterable[Block], registry: PoolRegistry) -> tuple[Judged, ...]:
    """Blocks with their attributions."""
    return tuple(Judged(block, attribute(block.coinbase, registry)) for block in blocks)


def counted_row(judged: Judged, unknown_miners: UnknownMiners) -> BlockRow:
    """A block of the best chain as it is counted."""
    block, attribution = judged.block, judged.attribution
    row = BlockRow(
        block.height,
        block.header.time,
        block.header.bits,
        pool=attribution.pool,
        miner=attribution.miner,
        version=block.header.version,
        tx_count=block.tx_count,
        value_sat=block.coinbase.value_sat,
        sequence=block.coinbase.sequence,
        locktime=block.coinbase.locktime,
        confidence=attribution.confidence,
    )
    return with_pseudonym(row, unknown_miners.name)


def with_pseudonym(row: BlockRow, pseudonym: Callable[[int], str | None]) -> BlockRow:
    """A stored block of the best chain as it is counted: an unattributed one with the pseudonym of its miner.

    Args:
        row: the block.
        pseudonym: of the miner of an unattributed block, by its height.
    """
    if row.pool is None and (name := pseudonym(row.height)):
        return replace(row, cluster=name)
    return row
