"""Blocks as Parquet. Everything that uses pyarrow is here, so importing this module needs the extra `parquet`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from monitor.errors import ExtraMissing, InputError
from monitor.model import StoredBlock
from monitor.processing.columns import Column

try:
    import pyarrow as pa
    from pyarrow import compute as pc
    from pyarrow import parquet
except ImportError:
    raise ExtraMissing("parquet", "Parquet") from None

_GROUP: Final = 50_000
"""Rows of a row group: few enough to hold in memory, enough to compress well."""
_BATCH: Final = 5_000
"""Rows held as Python objects at a time; in columns they take a tenth of the memory."""
_MOST_BYTES: Final = 1000
"""Of a text that is read."""
_DICTIONARY: Final = frozenset({
    "pool", "pool_name", "method", "evidence", "template", "operator", "origin", "country", "custodian", "miner",
    "bits", "version",
})  # fmt: skip
"""Columns with recurring values."""
_TYPES: Final = {
    "text": pa.string(), "flag": pa.bool_(), "small": pa.int32(), "large": pa.int64(),
    "time": pa.timestamp("ms", "UTC"),  # no engine reads seconds from Parquet
}  # fmt: skip


def write(blocks: Iterator[StoredBlock], columns: Sequence[Column], sink: BinaryIO) -> int:
    """Write a row for each block, in constant memory; the number of rows."""
    schema = pa.schema([pa.field(each.name, _TYPES[each.kind], nullable=each.null) for each in columns])
    dictionary = [each.name for each in columns if each.name in _DICTIONARY]
    batches = _batches(blocks, columns, schema)
    rows = 0
    with parquet.ParquetWriter(sink, schema, compression="zstd", use_dictionary=dictionary) as writer:  # type: ignore[arg-type]
        while group := list(islice(batches, _GROUP // _BATCH)):
            table = pa.Table.from_batches(group)
            writer.write_table(table)
            rows += table.num_rows
    return rows


class ParquetSheet:
    """The columns of a file; timestamps and dates as unix seconds.

    Raises:
        InputError: the file is damaged.
    """

    separator: str | None = None

    def __init__(self, file: Path) -> None:
        self._file = file
        with _errors(file), parquet.ParquetFile(file) as opened:
            self._schema = opened.schema_arrow
        self.names: Sequence[str] = self._schema.names

    def rows(self, wanted: Sequence[str]) -> Iterator[tuple[object, ...]]:
        """The values of these columns, row by row."""
        texts = [name for name in wanted if _is_text(self._schema.field(name).type)]
        # As dictionaries, texts that recur are held once: a file of a megabyte can have gigabytes of them.
        with _errors(self._file), parquet.ParquetFile(self._file, read_dictionary=texts) as opened:
            for batch in opened.iter_batches(_BATCH, columns=list(wanted)):
                columns = [_checked(batch.column(name), name, self._file) for name in wanted]
                yield from zip(*(column.to_pylist() for column in columns), strict=True)


@contextmanager
def _errors(file: Path) -> Iterator[None]:
    try:
        yield
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"{file} is Parquet that cannot be read: {reason}") from None


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return any(each(kind) for each in (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary))


def _checked(column: pa.Array[Any], name: str, file: Path) -> pa.Array[Any]:
    """A column of numbers or short texts; timestamps as unix seconds, bytes as texts."""
    kind = column.type
    if isinstance(column, pa.DictionaryArray):
        kind = column.dictionary.type
        lengths: Any = pc.binary_length(column.dictionary)  # type: ignore[call-overload]
        if (pc.max(lengths).as_py() or 0) > _MOST_BYTES:
            raise InputError(f"{file}: {name} has a text of more than {_MOST_BYTES} bytes")
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            return pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(pa.string()))
    if pa.types.is_nested(kind) or pa.types.is_fixed_size_binary(kind):
        raise InputError(f"{file}: {name} is of type {kind}: it must be a number, a time or a text")
    if not pa.types.is_timestamp(kind):
        return column
    return column.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64())


def _batches(blocks: Iterator[StoredBlock], columns: Sequence[Column], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while batch := list(islice(blocks, _BATCH)):
        yield pa.RecordBatch.from_arrays([_array(each, batch) for each in columns], schema=schema)


def _array(column: Column, blocks: Sequence[StoredBlock]) -> pa.Array[Any]:
    factor = 1000 if column.kind == "time" else None
    values = [column.read(block) * factor if factor else column.read(block) for block in blocks]
    return pa.array(values, _TYPES[column.kind])
