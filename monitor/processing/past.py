"""The numbers as of an earlier block: windows that end at it, by the present registry and pseudonyms."""

from __future__ import annotations

from dataclasses import replace

from monitor.analysis.counting.windows import reached_seconds
from monitor.model import BlockRef, Cluster, Moment, Plan, Reach, Snapshot, Tally
from monitor.processing.counted_blocks import CountedBlocks
from monitor.processing.counter import CountedState, EntityLookup, WindowCounter
from monitor.processing.judging import with_pseudonym
from monitor.store.reading import Reading

_SEEN_TWICE = 2
"""Blocks that make an unidentified miner a recurring one."""


def snapshot_at(reading: Reading, moment: Moment, counter: WindowCounter, *, entities: EntityLookup) -> Snapshot | None:
    """Every number as of the newest block at a moment; None if nothing is stored of that time.

    Memberships are those of each block's own time, as always. Stale blocks count if their height was reached, and
    intervals between sightings are not looked up.
    """
    tip, ends = reading.newest_at(moment), reading.ends()
    if tip is None or ends is None:
        return None
    windows = counter.windows
    reach = Reach.of(windows).with_margin
    rows = reading.recent(tip, seconds=reach.seconds, count=reach.blocks)
    named = (with_pseudonym(row, entities.pseudonym) for row in rows)
    table = CountedBlocks(entities.levels, windows, named).table
    since = tip.time - reached_seconds(table.rows, windows)
    state = CountedState(
        plan=Plan(BlockRef(tip.height, tip.hash), tip.hash),
        table=table,
        windows=windows,
        tally=Tally(),
        first_height=ends[0],
        rulebook=replace(counter.rulebook, questions=entities.questions),
        unknown_miners=tuple(_until(counter.unknown_miners, tip.height)),
        stale=[row for row in reading.stale(since=since) if row.height <= tip.height],
    )
    reading.go_on()
    return state.snapshot()


def _until(miners: tuple[Cluster, ...], height: int) -> list[Cluster]:
    """The miners with the blocks up to a height, most of them first."""
    known = [(each, tuple(own for own in each.heights if own <= height)) for each in miners]
    found = [replace(each, blocks=len(own), heights=own) for each, own in known if len(own) >= _SEEN_TWICE]
    return sorted(found, key=lambda each: (-each.blocks, each.name))
