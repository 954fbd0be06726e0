"""What happened while a chart's curves were measured: halvings, changes of shares, and changes of memberships."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Final, NamedTuple

from monitor.model import Profile, Snapshot, beginning
from monitor.outputs.web.pages import filters
from monitor.outputs.web.protocols import BlockStore

_HALVING_BLOCKS: Final = 210_000
_POOL: Final = "pool"
"""The level of which changes of shares are known, and memberships change nothing."""


class MarkKind(IntEnum):
    """What it is; the first ones are shown where there are too many."""

    HALVING = 1
    CHANGE = 2
    MEMBERSHIP = 3


class Mark(NamedTuple):
    """Something that happened."""

    time: int
    kind: MarkKind
    text: str


async def halvings(store: BlockStore, snapshot: Snapshot) -> list[Mark]:
    """Halvings of the subsidy in the stored chain, at the header time of their block."""
    first = max(1, -(-snapshot.first_height // _HALVING_BLOCKS)) * _HALVING_BLOCKS
    found = []
    for height in range(first, snapshot.tip.height + 1, _HALVING_BLOCKS):
        for record in await store.blocks(1, below=height + 1):
            block = record.judged.block
            if block.height == height:
                found.append(Mark(block.header.time, MarkKind.HALVING, f"halving, block {height:,}"))
    return found


def changes(snapshot: Snapshot, level: str, *, names: Mapping[str, str], wanted: Collection[str]) -> Iterator[Mark]:
    """Significant changes of shares, of all entities or those that are wanted."""
    for each in snapshot.estimates.changes if snapshot.estimates and level == _POOL else ():
        if not wanted or each.entity in wanted:
            before, after = filters.percent(each.before.share), filters.percent(each.after.share)
            name = names.get(each.entity, each.entity)
            yield Mark(each.time, MarkKind.CHANGE, f"{name} {before} → {after}")


def memberships(
    profiles: Iterable[Profile], snapshot: Snapshot, level: str, *, names: Mapping[str, str], wanted: Collection[str]
) -> Iterator[Mark]:
    """First and last days of memberships that count, of pools with blocks."""
    mined = {share.entity for one in snapshot.concentration if one.level == _POOL for share in one.shares}
    for pool in profiles if level != _POOL else ():
        for stated in pool.memberships if pool.slug in mined else ():
            entity = stated.belongs.get(level)
            if entity is None or not stated.counts or (wanted and entity not in wanted):
                continue
            name = names.get(entity, entity)
            if stated.since:
                yield Mark(beginning(stated.since), MarkKind.MEMBERSHIP, f"{pool.name} counts for {name}")
            if stated.until:
                yield Mark(beginning(stated.until), MarkKind.MEMBERSHIP, f"{pool.name} no longer counts for {name}")
