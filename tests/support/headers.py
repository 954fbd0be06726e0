"""Real headers and changes of difficulty; see tests/data/headers.md."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from monitor.model import BlockHash

_DATA = Path(__file__).parents[1] / "data"


class Known(NamedTuple):
    """A row of headers.csv."""

    network: str
    height: int
    hash: BlockHash
    raw: bytes


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table in tests/data."""
    with (_DATA / name).open() as table:
        return list(csv.DictReader(table))


KNOWN = [
    Known(each["network"], int(each["height"]), BlockHash(each["hash"]), bytes.fromhex(each["header"]))
    for each in rows("headers.csv")
]
