"""The columns of an exported file of blocks, as CSV and Parquet share them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from monitor.model import StoredBlock


class Column(NamedTuple):
    """One value of each block."""

    name: str
    kind: Literal["text", "flag", "small", "large", "time"]
    """A text, a boolean, an integer of 32 or 64 bits, or unix seconds."""
    read: Callable[[StoredBlock], Any]
    null: bool = False
