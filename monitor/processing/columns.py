"""The columns of a file of blocks, as CSV and Parquet share them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from monitor.errors import InputError
from monitor.model import StoredBlock


class Column(NamedTuple):
    """One value of each block."""

    name: str
    kind: Literal["text", "flag", "small", "large", "time"]
    """A text, a boolean, an integer of 32 or 64 bits, or unix seconds."""
    read: Callable[[StoredBlock], Any]
    null: bool = False


def demand(wanted: Sequence[str], names: Sequence[str], file: Path) -> None:
    """Check that a file has each of the wanted columns exactly once.

    Raises:
        InputError: it has not.
    """
    for name in wanted:
        if list(names).count(name) != 1:
            raise InputError(f"{file} must have one column {name!r}; its columns are: {', '.join(names)}")
