"""Blocks as CSV."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from monitor.model import StoredBlock
from monitor.processing.columns import Column


def write(blocks: Iterator[StoredBlock], columns: Sequence[Column], sink: BinaryIO) -> int:
    """Write a header and a row for each block, in constant memory; the number of rows without the header."""
    writer = csv.writer(codecs.getwriter("utf-8")(sink), lineterminator="\n")
    writer.writerow([each.name for each in columns])
    rows = 0
    for rows, block in enumerate(blocks, start=1):  # noqa: B007 -- the last one is the number of rows
        writer.writerow([_cell(each.read(block)) for each in columns])
    return rows


def _cell(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value
