"""Export of stored blocks: a row for each, as CSV or Parquet, in constant memory."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path

from monitor.analysis.counting.levels import POOL, Alone, Level
from monitor.config import Config
from monitor.model import StoredBlock
from monitor.processing import csv_blocks
from monitor.processing.columns import Column
from monitor.processing.levels import levels
from monitor.processing.measured import stored_registry
from monitor.processing.stored_blocks import Progress, Span, StoredBlocks, written
from monitor.registry.loading import Registry
from monitor.store.reading import Reading
from monitor.store.store import Store


class Form(StrEnum):
    """Format of the file."""

    CSV = "csv"
    PARQUET = "parquet"


async def export(
    config: Config,
    form: Form,
    file: Path | None,
    *,
    span: Span = Span(),  # noqa: B008 -- it is frozen
    stale: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write a row for each stored block of the best chain, lowest first; also beside a running daemon.

    Args:
        config: names the store and the memberships.
        form: format of the file.
        file: None is standard output.
        span: range of heights.
        stale: whether to include stale blocks, marked in a column.
        progress: called with the number of blocks done and their total.

    Returns:
        The number of rows.

    Raises:
        StoreRefused: there is no store.
        InputError: it has none of these blocks, or the file cannot be written.
        ExtraMissing: the format is Parquet, and the extra `parquet` is not installed.
    """
    write = csv_blocks.write
    if form is Form.PARQUET:
        from monitor.processing import parquet_blocks  # noqa: PLC0415 -- an extra

        write = parquet_blocks.write
    async with await Store.open(config.store.reading, beside=True) as store:
        registry = await stored_registry(store, config)

        def work(reading: Reading) -> int:
            first, last = span.within(reading)
            blocks = StoredBlocks(reading, registry, progress).blocks(first, last, stale=stale)
            with written(file, binary=form is Form.PARQUET) as sink:
                return write(blocks, columns(registry, stale=stale), sink)

        return await store.reading(work)


def columns(registry: Registry, *, stale: bool) -> Sequence[Column]:
    """The columns of an exported row, in order."""
    names = registry.pools.names
    found = [
        Column("height", "small", lambda block: block.row.height),
        Column("hash", "text", lambda block: block.hash),
        Column("time", "time", lambda block: block.row.time),
        Column("pool", "text", lambda block: block.row.pool, null=True),
        Column(
            "pool_name", "text", lambda block: block.row.pool and names.get(block.row.pool, block.row.pool), null=True
        ),
        Column("method", "text", lambda block: block.method, null=True),
        Column("evidence", "text", lambda block: block.evidence or None, null=True),
        Column("conflict", "flag", lambda block: block.conflict),
        Column("confidence", "text", lambda block: block.row.confidence, null=True),
        *(
            Column(level.name, "text", partial(_entity, level), null=True)
            for level in levels(registry)
            if level.name != POOL.name
        ),
        Column("miner", "text", lambda block: block.row.miner, null=True),
        Column("tx_count", "small", lambda block: block.row.tx_count),
        Column("value_sat", "large", lambda block: block.row.value_sat),
        Column("bits", "large", lambda block: block.row.bits),
        Column("version", "small", lambda block: block.row.version),
    ]
    return [*found, Column("stale", "flag", lambda block: block.stale)] if stale else found


def _entity(level: Level, block: StoredBlock) -> str | None:
    """The entity of a block. Each solo miner gets its own name, so that grouping by the column counts correctly."""
    entity = level.entity_of(block.row)
    if isinstance(entity, Alone):
        return f"alone-{block.row.height}"
    return entity if isinstance(entity, str) else None
