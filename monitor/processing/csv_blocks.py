"""Blocks as CSV."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from monitor.errors import InputError
from monitor.model import StoredBlock
from monitor.processing.columns import Column, demand

_MOST_CHARACTERS: Final = 1_000_000
"""In a line."""


def write(blocks: Iterator[StoredBlock], columns: Sequence[Column], sink: BinaryIO) -> int:
    """Write a header and a row for each block, in constant memory; the number of rows without the header."""
    writer = csv.writer(codecs.getwriter("utf-8")(sink), lineterminator="\n")
    writer.writerow([each.name for each in columns])
    rows = 0
    for rows, block in enumerate(blocks, start=1):  # noqa: B007 -- the last one is the number of rows
        writer.writerow([_cell(each.read(block)) for each in columns])
    return rows


def rows(file: Path, wanted: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """The values of these columns of a file, row by row, as text; "" where a row has none.

    Raises:
        InputError: the file is damaged, or does not have each of the columns once.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(_lines(opened, file), strict=True)
            names = next(reader, [])
            demand(wanted, names, file)
            places = [names.index(name) for name in wanted]
            for number, row in enumerate(filter(None, reader), start=1):
                if len(row) != len(names):
                    raise InputError(f"{file}, row {number}: there are {len(row)} values for {len(names)} columns")
                yield tuple(row[place] for place in places)
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"{file} is neither CSV nor Parquet that can be read: {error}") from None


def _lines(opened: TextIO, file: Path) -> Iterator[str]:
    """The lines of a file, none of them long."""
    while line := opened.readline(_MOST_CHARACTERS):
        if len(line) == _MOST_CHARACTERS:
            raise InputError(f"{file} has a line of more than {_MOST_CHARACTERS:,} characters")
        yield line


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
