"""Tables as JSON: a list of objects, such a list inside an object, lines of objects, columns, or numbers by name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from monitor.errors import InputError
from monitor.processing.files import headings
from monitor.processing.files.text_sheet import binary, known_encoding

_MOST: Final = 256_000_000
"""Bytes of a document; all blocks with height, time and pool take a quarter of it."""
_A_BLOCK: Final = 2
"""Columns by which one object is known as a row: the only line of a file of lines."""
_DEPTH: Final = 3
"""How deep objects in a row are looked into: `extras.pool.slug`."""


class JsonSheet:
    """The table in a document of JSON.

    Raises:
        InputError: it is damaged, too large, or has no table or several.
    """

    separator: str | None = None

    def __init__(self, file: Path, encoding: str | None) -> None:
        with binary(file) as opened:
            data = opened.read(_MOST + 1)
        if len(data) > _MOST:
            raise InputError(f"{file} has more than {_MOST:,} bytes of JSON", remedy="convert it to CSV or Parquet")
        try:
            self._rows = [dict(_flat(row)) for row in _table(_parsed(data, encoding), file)]
        except (ValueError, RecursionError) as error:
            raise InputError(f"{file} is JSON that cannot be read: {error}") from None
        self.names: Sequence[str] = list(dict.fromkeys(name for row in self._rows for name in row))

    def rows(self, wanted: Sequence[str]) -> Iterator[tuple[object, ...]]:
        """The values of these columns, row by row."""
        return (tuple(row.get(name) for name in wanted) for row in self._rows)


def _parsed(data: bytes, encoding: str | None) -> Any:  # noqa: ANN401 -- whatever a document has
    text = data.decode(known_encoding(encoding) if encoding else json.detect_encoding(data))
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _table(document: Any, file: Path) -> list[Mapping[str, Any]]:  # noqa: ANN401
    if _is_rows(document):
        return document  # type: ignore[no-any-return]
    if isinstance(document, dict):
        tables = {name: value for name, value in document.items() if _is_rows(value)}
        if len(tables) == 1:
            return next(iter(tables.values()))
        if tables:
            raise InputError(f"{file} has several tables: {', '.join(tables)}", remedy="keep one of them")
        if headings.known(name for name, _ in _flat(document)) >= _A_BLOCK:
            return [document]
        if _is_columns(document):
            return [dict(zip(document, row, strict=True)) for row in zip(*document.values(), strict=True)]
        if document and all(_is_number(value) for value in document.values()):
            return [{"pool": name, "blocks": number} for name, number in document.items()]
        if document and all(isinstance(value, dict) for value in document.values()):
            return [{"pool": name} | value for name, value in document.items()]
    raise InputError(f"{file} has no table", remedy="it needs a list of objects, one for each block or pool")


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _is_columns(document: dict[str, Any]) -> bool:
    return bool(document) and all(isinstance(value, list) for value in document.values()) and (
        len({len(value) for value in document.values()}) == 1
    )  # fmt: skip


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flat(row: Mapping[str, Any], prefix: str = "", depth: int = _DEPTH) -> Iterator[tuple[str, object]]:
    """Names and values of a row; those of an object in it are named with dots."""
    for name, value in row.items():
        if isinstance(value, dict) and depth > 1:
            yield from _flat(value, f"{prefix}{name}.", depth - 1)
        elif not isinstance(value, dict | list):
            yield f"{prefix}{name}", value
