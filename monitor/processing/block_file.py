"""Blocks from a CSV or Parquet file with the columns height, time and pool."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

from monitor.errors import InputError
from monitor.model import BlockRow, PoolSlug

_TEXT = pa.string()
_NUMBERS = {"height": ("a block height", 2**31 - 1), "time": ("a header time in unix seconds", 2**32 - 1)}
"""Columns of whole numbers: what they are, and the largest there can be."""


def read(file: Path) -> list[BlockRow]:
    """The rows of a file, lowest block first.

    Raises:
        InputError: the file cannot be read as such.
    """
    table = _table(file)
    for name in (*_NUMBERS, "pool"):
        if table.column_names.count(name) != 1:
            found = ", ".join(table.column_names)
            raise InputError(f"{file} must have one column {name!r}; its columns are: {found}")
    heights, times = (_numbers(table, name, file) for name in _NUMBERS)
    pools = map(_pool, table["pool"].to_pylist())
    # A file says nothing of the work, and no index asks for it.
    blocks = [BlockRow(h, t, bits=0, pool=pool) for h, t, pool in zip(heights, times, pools, strict=True)]
    if not blocks:
        raise InputError(f"{file} has no blocks: it needs a row for each, under height, time and pool")
    blocks.sort(key=lambda block: block.height)
    for below, above in pairwise(blocks):
        if below.height == above.height:
            raise InputError(f"{file} has block {above.height} twice: keep the one that is on the best chain")
    return blocks


def _table(file: Path) -> pa.Table:
    try:
        with file.open("rb") as opened:
            head = opened.read(4)
        if not head:
            raise InputError(f"{file} is empty: it needs a row for each block, under height, time and pool")
        if head == b"PAR1":
            return _in_seconds(parquet.ParquetFile(file).read())
        # Taken as text, so that a number that is none can be named.
        as_text = csv.ConvertOptions(
            column_types=dict.fromkeys((*_NUMBERS, "pool"), _TEXT), null_values=[""], strings_can_be_null=True
        )
        return csv.read_csv(file, convert_options=as_text)
    except FileNotFoundError:
        raise InputError(f"there is no file {file}") from None
    except pa.ArrowException as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"{file} is neither CSV nor Parquet that can be read: {reason}") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None


def _in_seconds(table: pa.Table) -> pa.Table:
    """The same with a time that is a timestamp, as `export parquet` writes it, in unix seconds."""
    if "time" not in table.column_names or not pa.types.is_timestamp(table["time"].type):
        return table
    seconds = table["time"].cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.int64())
    return table.set_column(table.column_names.index("time"), "time", seconds)


def _numbers(table: pa.Table, name: str, file: Path) -> list[int]:
    meaning, largest = _NUMBERS[name]
    numbers = []
    for row, value in enumerate(table[name].to_pylist(), start=1):
        try:
            number = int(str(value))
        except ValueError:
            number = -1
        if not 0 <= number <= largest:
            given = "empty" if value is None else repr(value)
            raise InputError(f"{file}, row {row}: {name} is {given}, which is not {meaning}")
        numbers.append(number)
    return numbers


def _pool(value: object) -> PoolSlug | None:
    name = "" if value is None else str(value).strip()
    return PoolSlug(name) if name and name.casefold() != "unknown" else None
