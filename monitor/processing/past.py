"""The numbers as of an earlier block: windows that end at it, by the present registry and pseudonyms."""

from __future__ import annotations

from dataclasses import replace

from monitor.analysis import estimated, snapshot
from monitor.analysis.counting.windows import reached_seconds
from monitor.analysis.signals.compute import signals
from monitor.model import BlockRow, Cluster, Moment, Reach, Snapshot, Tally
from monitor.processing.counted_blocks import CountedBlocks
from monitor.processing.counter import EntityLookup, WindowCounter
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
    rulebook, windows = counter.rulebook, counter.windows
    reach = Reach.of(windows).with_margin
    rows = (_named(row, entities) for row in reading.recent(tip, seconds=reach.seconds, count=reach.blocks))
    table = CountedBlocks(entities.levels, windows, rows).table
    taken = snapshot(
        table, windows, Tally(), tip_hash=tip.hash, first_height=ends[0], caught_up=True,
        registry=rulebook.registry.hash, pool_names=rulebook.registry.names,
    )  # fmt: skip
    reading.go_on()
    since = tip.time - reached_seconds(table.rows, windows)
    stale = [row for row in reading.stale(since=since) if row.height <= tip.height]
    return replace(
        estimated(taken, table, windows, questions=entities.questions),
        signals=signals(table, windows, stale=stale, intervals={}, rules=rulebook.rules),
        unknown_miners=tuple(_until(counter.unknown_miners, tip.height)),
    )


def _named(row: BlockRow, entities: EntityLookup) -> BlockRow:
    name = entities.pseudonym(row.height) if row.pool is None else None
    return replace(row, cluster=name) if name else row


def _until(miners: tuple[Cluster, ...], height: int) -> list[Cluster]:
    """The miners with the blocks up to a height, most of them first."""
    known = [(each, tuple(own for own in each.heights if own <= height)) for each in miners]
    found = [replace(each, blocks=len(own), heights=own) for each, own in known if len(own) >= _SEEN_TWICE]
    return sorted(found, key=lambda each: (-each.blocks, each.name))
