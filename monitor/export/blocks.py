"""Take the stored blocks away: a row for each, as CSV or as Parquet, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
from pyarrow import csv, parquet

from monitor.analysis.counting.levels import POOL, Alone, Level
from monitor.config import Config
from monitor.model import StoredBlock
from monitor.processing.levels import levels
from monitor.processing.stored_blocks import Progress, Span, StoredBlocks, written
from monitor.registry.loading import Knowledge, load_knowledge, network_of
from monitor.store.reading import Reading
from monitor.store.store import Store

_GROUP = 50_000
"""Rows of a Parquet row group: few enough to hold, enough to compress well."""
_BATCH = 5_000
"""Rows that are Python's objects at a time: a tenth of the size in columns."""
_FEW = ("pool", "pool_name", "method", "evidence", "template", "operator", "country", "miner", "bits", "version")
"""Columns in which values recur."""


class Column(NamedTuple):
    """One value of each block."""

    name: str
    kind: pa.DataType
    read: Callable[[StoredBlock], Any]
    null: bool = False


class Form(StrEnum):
    """How blocks are written."""

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
        config: says where the store is, and which memberships count.
        form: how.
        file: where; None is standard output.
        span: which heights.
        stale: whether blocks that left the best chain are among them, marked in a column.
        progress: told how far it has come.

    Returns:
        How many rows.

    Raises:
        StoreRefused: there is no store.
        InputError: it has none of these blocks, or the file cannot be written.
    """
    async with await Store.open(config.store.url, beside=True) as store:
        knowledge = load_knowledge(config.registry, await store.network() or network_of(config))

        def work(reading: Reading) -> int:
            first, last = span.within(reading)
            blocks = StoredBlocks(reading, knowledge, progress).blocks(first, last, stale=stale)
            with written(file, binary=form is Form.PARQUET) as sink:
                return _write(blocks, columns(knowledge, form, stale=stale), form, sink)

        return await store.reading(work)


def columns(knowledge: Knowledge, form: Form, *, stale: bool) -> Sequence[Column]:
    """What a row has, in order.

    Times are unix seconds in CSV, as `concentration` and the API have them, and timestamps in Parquet.
    """
    names = knowledge.registry.names
    is_csv = form is Form.CSV
    time = pa.int64() if is_csv else pa.timestamp("ms", "UTC")  # no engine reads seconds from Parquet
    at = (lambda block: block.row.time) if is_csv else (lambda block: block.row.time * 1000)
    text, small, large = pa.string(), pa.int32(), pa.int64()

    found = [
        Column("height", small, lambda block: block.row.height),
        Column("hash", text, lambda block: block.hash),
        Column("time", time, at),
        Column("pool", text, lambda block: block.row.pool, null=True),
        Column(
            "pool_name", text, lambda block: block.row.pool and names.get(block.row.pool, block.row.pool), null=True
        ),
        Column("method", text, lambda block: block.method, null=True),
        Column("evidence", text, lambda block: block.evidence or None, null=True),
        Column("conflict", pa.bool_(), lambda block: block.conflict),
        *(
            Column(level.name, text, partial(_entity, level), null=True)
            for level in levels(knowledge)
            if level.name != POOL.name
        ),
        Column("miner", text, lambda block: block.row.miner, null=True),
        Column("tx_count", small, lambda block: block.row.tx_count),
        Column("value_sat", large, lambda block: block.row.value_sat),
        Column("bits", large, lambda block: block.row.bits),
        Column("version", small, lambda block: block.row.version),
    ]
    return [*found, Column("stale", pa.bool_(), lambda block: block.stale)] if stale else found


def _entity(level: Level, block: StoredBlock) -> str | None:
    """Whom the block counts for; miners each for himself get a name each, so that whoever groups by it counts right."""
    entity = level.entity_of(block.row)
    return f"alone-{block.row.height}" if isinstance(entity, Alone) else entity


def _write(blocks: Iterator[StoredBlock], chosen: Sequence[Column], form: Form, sink: BinaryIO) -> int:
    schema = pa.schema([pa.field(each.name, each.kind, nullable=each.null) for each in chosen])
    writer: csv.CSVWriter | parquet.ParquetWriter
    if form is Form.CSV:
        writer = csv.CSVWriter(sink, schema)
    else:
        few = [name for name in schema.names if name in _FEW]
        writer = parquet.ParquetWriter(sink, schema, compression="zstd", use_dictionary=few)  # type: ignore[arg-type]
    rows = 0
    batches = _batches(blocks, chosen, schema)
    with writer:
        while group := list(islice(batches, _GROUP // _BATCH)):
            table = pa.Table.from_batches(group)
            writer.write_table(table)
            rows += table.num_rows
    return rows


def _batches(blocks: Iterator[StoredBlock], chosen: Sequence[Column], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The same in columns."""
    while batch := list(islice(blocks, _BATCH)):
        yield pa.RecordBatch.from_arrays(
            [pa.array(list(map(each.read, batch)), each.kind) for each in chosen], schema=schema
        )
