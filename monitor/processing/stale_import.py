"""Import public lists of stale blocks into the store, beside a daemon that may be using it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from monitor.config import Config
from monitor.model import BlockHash
from monitor.processing.stale_lists import ListedBlock, OmittedRow, RefusedRow, read
from monitor.processing.stored_blocks import Progress
from monitor.registry.loading import load_registry, network_of
from monitor.registry.names import PoolNames
from monitor.store.branches import StaleHeader
from monitor.store.store import Store
from monitor.wire import encode_header, target

_BATCH: Final = 500
"""Blocks in a transaction: a daemon waits milliseconds for it."""
_EASIER: Final = 4
"""A retarget period may have a target so many times larger than the one before, so a short branch may, too."""
_MINIMUM_DIFFICULTY: Final = ("test", "testnet4")
"""Networks where any block may have the lowest difficulty, twenty minutes after its parent."""


@dataclass(slots=True)
class ImportedList:
    """What became of the rows of a list."""

    file: Path
    rows: int = 0
    with_header: int = 0
    """Rows that are used and have a header."""
    new: int = 0
    known: int = 0
    """Rows about blocks that were stored already, also by an earlier row."""
    named: int = 0
    """Stored blocks that got a pool."""
    outside: int = 0
    """Rows at heights where no counted block is stored."""
    refused: list[RefusedRow] = field(default_factory=list)
    omitted: Counter[str] = field(default_factory=Counter)
    """Rows about blocks that are not stale, by note."""
    unknown_pools: Counter[str] = field(default_factory=Counter)
    """Names that the registry does not have."""
    disputed: int = 0
    """Blocks with two pools in this list."""


async def import_lists(config: Config, files: Sequence[Path], progress: Progress | None = None) -> list[ImportedList]:
    """Check the rows of lists, and store those that are right. Doing it again changes nothing.

    Raises:
        InputError: a file is no list; nothing is stored.
        StoreRefused: there is no database, or it is from another version.
    """
    lists = [(file, read(file)) for file in files]
    async with await Store.open(config.store.url, beside=True) as store:
        network = await store.network() or network_of(config)
        names = PoolNames(load_registry(config.registry, network).pools)
        heights = network not in _MINIMUM_DIFFICULTY
        reports = []
        for file, rows in lists:
            report = ImportedList(file, len(rows))
            report.refused += [row for row in rows if isinstance(row, RefusedRow)]
            report.omitted.update(row.note for row in rows if isinstance(row, OmittedRow))
            listed = [row for row in rows if isinstance(row, ListedBlock)]
            listed = await _plausible(listed, store, report, check_targets=heights)
            await _store(_merged(listed, names, report), store, report, progress=progress)
            report.known = len(listed) - report.new
            report.with_header = sum(1 for row in listed if row.header)
            reports.append(report)
        await store.note_stale_list(time.time())
    return reports


async def _plausible(
    listed: Sequence[ListedBlock], store: Store, report: ImportedList, *, check_targets: bool
) -> list[ListedBlock]:
    """The blocks that are not far too easy for their height, as forged headers are. The others are refused."""
    bits = await store.branches.bits_at(row.ref.height for row in listed)
    kept = []
    for row in listed:
        there = bits.get(row.ref.height)
        report.outside += there is None
        if check_targets and there and row.header and target(row.header.bits) > _EASIER * target(there):
            report.refused.append(
                RefusedRow(row.where, f"the target of block {row.ref.hash} is not that of height {row.ref.height}")
            )
        else:
            kept.append(row)
    return kept


def _merged(listed: Sequence[ListedBlock], names: PoolNames, report: ImportedList) -> list[StaleHeader]:
    """One entry for each block, with the pools that the registry has.

    Of two pools that a list names for a block, the one by coinbase tag counts, as counted blocks are attributed by it;
    else the first.
    """
    found: dict[BlockHash, StaleHeader] = {}
    by_tag: set[BlockHash] = set()
    disputed: set[BlockHash] = set()
    for row in listed:
        own, pool = row.ref.hash, names.slug(row.pool) if row.pool else None
        if row.pool and pool is None:
            report.unknown_pools[row.pool] += 1
        header = encode_header(row.header) if row.header else None
        known = found.get(own) or StaleHeader(row.ref, header, pool, source=report.file.name)
        if pool and known.pool and pool != known.pool:
            disputed.add(own)
        replaced = pool and (known.pool is None or (row.by_tag and own not in by_tag))
        if pool and row.by_tag:
            by_tag.add(own)
        found[own] = known._replace(header=known.header or header, pool=pool if replaced else known.pool)
    report.disputed = len(disputed)
    return [*found.values()]


async def _store(
    headers: Sequence[StaleHeader], store: Store, report: ImportedList, *, progress: Progress | None
) -> None:
    before = {each.ref.hash: each.pool for each in await store.branches.headers()}
    for at in range(0, len(headers), _BATCH):
        some = headers[at : at + _BATCH]
        report.new += await store.branches.note_headers(some)
        if progress:
            progress(at + len(some), len(headers))
    after = await store.branches.headers()
    report.named = sum(1 for each in after if each.pool and not before.get(each.ref.hash))
