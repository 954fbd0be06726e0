"""Export the stored blocks: a row for each, as CSV or as Parquet, in constant memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TypeAlias

from monitor.app import csv_blocks
from monitor.app.columns import Column, columns
from monitor.app.passage import Passage, Progress, Span, written
from monitor.app.registry import load_knowledge, network_of
from monitor.config import Config
from monitor.model import StoredBlock
from monitor.store.reading import Reading
from monitor.store.store import Store

Write: TypeAlias = Callable[[Iterator[StoredBlock], Sequence[Column], BinaryIO], int]
"""Writes a row for each block, and returns how many."""


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
        ExtraMissing: Parquet is asked for, and the extra `parquet` is not installed.
    """
    write = _writer(form)
    async with await Store.open(config.store.url, beside=True) as store:
        knowledge = load_knowledge(config.registry, await store.network() or network_of(config))

        def work(reading: Reading) -> int:
            first, last = span.within(reading)
            blocks = Passage(reading, knowledge, progress).blocks(first, last, stale=stale)
            with written(file, binary=form is Form.PARQUET) as sink:
                return write(blocks, columns(knowledge, stale=stale), sink)

        return await store.reading(work)


def _writer(form: Form) -> Write:
    if form is Form.CSV:
        return csv_blocks.write
    from monitor.app import parquet_blocks  # noqa: PLC0415 -- an extra

    return parquet_blocks.write
