"""Blocks from a CSV or Parquet file with the columns height, time and pool."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from monitor.errors import InputError
from monitor.model import BlockRow, PoolSlug
from monitor.processing import csv_blocks

_NUMBERS = {"height": ("a block height", 2**31 - 1), "time": ("a header time in unix seconds", 2**32 - 1)}
"""Columns of whole numbers: what they are, and the largest there can be."""
MAX_ROWS = 3_000_000
"""Three times as many as there are blocks."""
MAX_POOLS = 10_000
"""A hundred times as many as there are pools; the time of the estimates grows with them."""
_MAX_NAME = 200
_COLUMNS = (*_NUMBERS, "pool")


def read(file: Path) -> list[BlockRow]:
    """The rows of a file, lowest block first.

    Raises:
        InputError: the file cannot be read as such.
        ExtraMissing: it is Parquet, and the extra `parquet` is not installed.
    """
    blocks: list[BlockRow] = []
    pools: set[PoolSlug | None] = set()
    for row, (height, time, pool) in enumerate(_rows(file), start=1):
        where = f"{file}, row {row}"
        if row > MAX_ROWS:
            raise InputError(f"{file} has more than {MAX_ROWS:,} rows, which is more than there are blocks")
        pools.add(_pool(pool, where))
        if len(pools) > MAX_POOLS:
            raise InputError(f"{file} has more than {MAX_POOLS:,} pools: leave miners that are not pools empty")
        # A file says nothing of the work, and no index asks for it.
        blocks.append(
            BlockRow(_number("height", height, where), _number("time", time, where), bits=0, pool=_pool(pool, where))
        )
    if not blocks:
        raise InputError(f"{file} has no blocks: it needs a row for each, under height, time and pool")
    blocks.sort(key=lambda block: block.height)
    for below, above in pairwise(blocks):
        if below.height == above.height:
            raise InputError(f"{file} has block {above.height} twice: keep the one that is on the best chain")
    return blocks


def _rows(file: Path) -> Iterator[tuple[object, ...]]:
    try:
        with file.open("rb") as opened:
            head = opened.read(4)
    except FileNotFoundError:
        raise InputError(f"there is no file {file}") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    if not head:
        raise InputError(f"{file} is empty: it needs a row for each block, under height, time and pool")
    if head != b"PAR1":
        return csv_blocks.rows(file, _COLUMNS)
    from monitor.processing import parquet_blocks  # noqa: PLC0415 -- an extra

    return parquet_blocks.rows(file, _COLUMNS)


def _number(name: str, value: object, where: str) -> int:
    meaning, largest = _NUMBERS[name]
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if not 0 <= number <= largest:
        given = "empty" if value in (None, "") else repr(value)
        raise InputError(f"{where}: {name} is {given}, which is not {meaning}")
    return number


def _pool(value: object, where: str) -> PoolSlug | None:
    name = "" if value is None else str(value).strip()
    if len(name) > _MAX_NAME or not name.isprintable():
        raise InputError(f"{where}: pool is {name[:_MAX_NAME]!r}, which is not a printable name")
    return PoolSlug(name) if name and name.casefold() != "unknown" else None
