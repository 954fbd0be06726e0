"""What the blocks of a branch are counted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from monitor.analysis.counting.levels import Level
from monitor.analysis.counting.rows import BITS, version_bits
from monitor.chain.branches import BranchCounts
from monitor.model import BlockRow, BranchBlock


def count_branch(blocks: Sequence[BranchBlock], levels: Sequence[Level]) -> BranchCounts:
    """The blocks of a branch by level and entity, and by the version bits that they signal with."""
    rows = [BlockRow(block.ref.height, block.time, block.bits, pool=block.pool) for block in blocks]
    entities = {
        level.name: Counter(entity for row in rows if isinstance(entity := level.entity_of(row), str))
        for level in levels
    }
    signals = Counter(
        bit for block in blocks for bit in range(BITS) if version_bits(block.version, block.time) >> bit & 1
    )
    return BranchCounts(
        {name: dict(counts.most_common()) for name, counts in entities.items()}, dict(signals.most_common())
    )
