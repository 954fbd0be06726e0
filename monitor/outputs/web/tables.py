"""Answers as CSV: a header, and a row for each entry of a list of the answer."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from monitor.model import BlockRecord, PoolSlug, Snapshot
from monitor.outputs.schemas.base import iso
from monitor.outputs.schemas.blocks import BlockLine


def as_csv(rows: Iterable[Mapping[str, Any]], source: str) -> str:
    """The rows with all columns that any of them has, after a line that says what they are."""
    several = list(rows)
    columns = list(dict.fromkeys(name for row in several for name in row))
    return f"# {source}\n{_written(columns, several)}"


def blocks_as_csv(records: Iterable[BlockRecord], names: Mapping[PoolSlug, str]) -> str:
    """A row for each block, without the coinbase."""
    rows = (BlockLine.of(each, names).model_dump(mode="json") for each in records)
    return _written(BlockLine.model_fields, rows)


def rows_of(answer: Mapping[str, Any], path: str) -> Iterator[dict[str, Any]]:
    """The entries of a list in an answer, as in `windows.shares`.

    Numbers of what the list is in come first, under the name of that where an entry has one of the same name. Objects
    have a column for each field, as `hashrate.value`.
    """
    name, _, rest = path.partition(".")
    for entry in answer[name]:
        if not rest:
            yield dict(_flat(entry))
            continue
        around = {key: value for key, value in entry.items() if not isinstance(value, (list, dict))}
        one = name.removesuffix("s")
        for row in rows_of(entry, rest):
            yield {f"{one}_{key}" if key in row else key: value for key, value in around.items()} | row


def source_line(snapshot: Snapshot, what: str) -> str:
    """What a file has, of which block, and what its intervals are."""
    return (
        f"pool-monitor {what}, as of block {snapshot.tip.height} ({iso(snapshot.tip.time)}), registry "
        f"{snapshot.registry}; shares are 0 to 1; lower and upper are the ends of 95 % intervals"
    )


def _written(columns: Collection[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A header, and the rows."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A value as a cell. What strangers wrote cannot begin a formula in a spreadsheet."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _flat(entry: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in entry.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        elif isinstance(value, list):
            yield f"{before}{name}", " ".join(map(str, value))
        else:
            yield f"{before}{name}", value
