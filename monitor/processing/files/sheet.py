"""A table in a file, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

MAX_NAME: Final = 200
"""Characters of a name that is read."""


class Sheet(Protocol):
    """Named columns and rows of values, which can be read several times."""

    names: Sequence[str]
    separator: str | None
    """What separates columns in a text file: it tells a decimal comma from thousands."""

    def rows(self, wanted: Sequence[str]) -> Iterator[tuple[object, ...]]:
        """The values of these columns, row by row: texts, numbers, dates; None or "" where a row has none.

        Raises:
            InputError: the file is damaged.
        """
