"""What takes longer than a block may wait for: how sure the indices are, where they are going, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zlib import crc32

from monitor.analysis.confirmation_risk import confirmation_risks
from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.levels import POOL
from monitor.analysis.template_difference import differences
from monitor.analysis.uncertainty.alternatives import UncertainMembership, alternatives
from monitor.analysis.uncertainty.changes import changes
from monitor.analysis.uncertainty.combined import combined, largest, widened
from monitor.analysis.uncertainty.current_share import current_shares, posteriors
from monitor.analysis.uncertainty.membership_range import envelopes
from monitor.analysis.uncertainty.posterior import estimate_all
from monitor.analysis.uncertainty.trend import trends
from monitor.model import BlockRef, Concentration, Estimates, Snapshot, Window


def estimated(
    taken: Snapshot, table: BlockTable, windows: Sequence[Window], *, questions: Sequence[UncertainMembership] = ()
) -> Snapshot:
    """`taken` with its estimates: a tenth of a second for a year of blocks.

    It was made of this table, unchanged since, for the same windows. The hash of its tip seeds the random draws, so
    that the same chain gives the same numbers.
    """
    found, tip = taken.concentration, BlockRef(taken.tip.height, taken.tip_hash)
    pools = [number for number, level in enumerate(table.levels) if level.name == POOL.name]
    known = posteriors(table, windows)
    current = current_shares(known)
    readings = list(alternatives(table, found, questions))
    indices = tuple(estimate_all(found, seeds=[_seed(tip, one) for one in found]))
    intervals = combined(readings, indices)
    published = tuple(widened(current, found, intervals))
    estimates = Estimates(
        tip=tip,
        indices=indices,
        trends=trends(table, windows, known),
        changes=tuple(
            change for number in pools for change in changes(table, windows, level=number, known=known.get(POOL.name))
        ),
        differences=differences(table, found),
        envelopes=envelopes(readings),
        combined=intervals,
        current=published,
        confirmation_risks=confirmation_risks(current, largest(published)),
    )
    return replace(taken, estimates=estimates)


def _seed(tip: BlockRef, one: Concentration) -> tuple[int, int]:
    """Of its own for each level and window: which others are configured makes no difference."""
    return int(tip.hash, 16), crc32(f"{one.level} {one.window.name}".encode())
